import { expect, it } from 'vitest';
import { createConcurrencyLimit } from '../src/concurrency-limit.ts';

it('runs at most the given number at a time, in order, whether they succeed or fail', async () => {
  const readLimit = createConcurrencyLimit(2);
  const begun: number[] = [];
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<number>());
  const results = gates.map(({ promise }, index) =>
    readLimit(() => {
      begun.push(index);
      return promise;
    }),
  );
  const settled = Promise.allSettled(results);

  expect(begun).toEqual([0, 1]);
  gates[1]?.reject(new Error('broken'));
  await expect(results[1]).rejects.toThrow('broken');
  await expect.poll(() => begun).toEqual([0, 1, 2]);
  gates[0]?.resolve(0);
  await expect.poll(() => begun).toEqual([0, 1, 2, 3]);
  for (const [index, { resolve }] of gates.entries()) resolve(index);

  expect((await settled).map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ]);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
});
