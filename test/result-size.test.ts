import { describe, expect, it } from 'vitest';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { createResultSizeLimit } from '../src/server/graphql/result-size.ts';
import { startGateway } from './support/gateway.ts';
import { extend } from './support/operations.ts';
import { openWays, WAY_NAMES } from './support/ways.ts';

const PROMPT = 'x'.repeat(1_000);

describe.each(['on', 'off'])(
  'an answer larger than MAX_ANSWER_BYTES, with THIN_PATH=%s',
  (thin) => {
    it('is replaced by an error, on every transport', async () => {
      await using sandbox = await startSandbox({ autoplay: false });
      const env = { MAX_ANSWER_BYTES: '20000', THIN_PATH: thin };
      await using gateway = await startGateway(sandbox, env);
      for (let count = 0; count < 5; count += 1) await extend(gateway, { prompt: PROMPT });
      const ways = await openWays(gateway);
      const prompts = (aliases: number) => {
        const fields = Array.from({ length: aliases }, (_, index) => `p${index}: prompt`);
        return `{ videos { edges { node { ${fields.join(' ')} } } } }`;
      };

      for (const name of WAY_NAMES) {
        for (const round of ['first', 'by its plan']) {
          const small = await ways[name]({ document: prompts(3) });
          const large = await ways[name]({ document: prompts(4) });
          expect([name, round, small]).toEqual([name, round, expect.stringContaining(PROMPT)]);
          expect([name, round, large]).toEqual([
            name,
            round,
            expect.stringContaining(
              'The answer is larger than 20000 bytes: ask for less at a time.',
            ),
          ]);
          expect(large).not.toContain(PROMPT);
          expect(large).toContain('BAD_REQUEST');
        }
      }
    });
  },
);

it('an oversized event of a subscription becomes an error, and the next one is delivered', async () => {
  await using sandbox = await startSandbox({ autoplay: false });
  await using gateway = await startGateway(sandbox, { MAX_ANSWER_BYTES: '4500' });
  const [large, small] = [await extend(gateway, { prompt: PROMPT }), await extend(gateway)];
  const aliases = 'a: prompt b: prompt c: prompt d: prompt e: prompt';
  const document = `subscription { videoExtended(after: "${large.cursor}") { video { id ${aliases} } } }`;
  const socket = await gateway.socket();
  const events = socket.subscribe({ toString: () => document } as never, {});

  await sandbox.complete(large.taskId);
  await sandbox.complete(small.taskId);

  expect(await events.next()).toMatchObject({
    data: null,
    errors: [{ extensions: { code: 'BAD_REQUEST' } }],
  });
  expect(await events.next()).toMatchObject({
    data: { videoExtended: { video: { id: small.id } } },
  });
});

describe('the measured size of an answer', () => {
  const bytesOf = (data: Record<string, unknown>) => Buffer.byteLength(JSON.stringify(data));
  const fits = (data: Record<string, unknown>, bytes: number) =>
    createResultSizeLimit(bytes)({ data }).data !== null;

  it.each([
    ['letters of three bytes', '漢'.repeat(2_000)],
    ['characters that JSON escapes', '\u0001'.repeat(2_000)],
    ['quotes', '"'.repeat(2_000)],
    ['pairs of surrogates', '😀'.repeat(1_000)],
  ])('equals the length of its text, also for %s', (_, text) => {
    const data = { list: [text, text], one: { text } };
    expect(fits(data, bytesOf(data) + 50)).toBe(true);
    expect(fits(data, bytesOf(data) - 50)).toBe(false);
  });

  it('includes keys, numbers and nulls', () => {
    const data = { items: Array.from({ length: 1_000 }, (_, count) => ({ count, none: null })) };
    expect(fits(data, bytesOf(data) + 10_000)).toBe(true);
    expect(fits(data, bytesOf(data) / 2)).toBe(false);
  });
});
