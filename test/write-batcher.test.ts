import { describe, expect, it } from 'vitest';
import { createWriteBatcher } from '../src/fast/write-batcher.ts';

/** Pieces of work of one turn (its check phase runs all that was there when it began), each with something to write. */
async function work(pieces: number, waitForBatch: () => Promise<void>): Promise<string[]> {
  const told: string[] = [];
  await Promise.all(
    Array.from({ length: pieces }, async () => {
      await new Promise(setImmediate);
      told.push('worked');
      await waitForBatch();
      told.push('wrote');
    }),
  );
  return told;
}

describe('a batch of writes', () => {
  it('follows all of its work', async () => {
    const waitForBatch = createWriteBatcher(10);
    expect(await work(3, waitForBatch)).toEqual([
      'worked',
      'worked',
      'worked',
      'wrote',
      'wrote',
      'wrote',
    ]);
  });

  it('also includes writes of the next tick', async () => {
    const waitForBatch = createWriteBatcher(10);
    await work(2, waitForBatch);
    expect(await work(2, waitForBatch)).toEqual(['worked', 'worked', 'wrote', 'wrote']);
  });

  it('does not delay later writes', async () => {
    const waitForBatch = createWriteBatcher(2);
    expect(await work(5, waitForBatch)).toEqual([
      'worked',
      'worked',
      'wrote',
      'wrote',
      'worked',
      'worked',
      'wrote',
      'wrote',
      'worked',
      'wrote',
    ]);
  });
});
