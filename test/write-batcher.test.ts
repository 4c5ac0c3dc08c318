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

describe('a write batcher', () => {
  it('starts the writes after the work of their tick', async () => {
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

  it('starts the writes of the next tick in the same way', async () => {
    const waitForBatch = createWriteBatcher(10);
    await work(2, waitForBatch);
    expect(await work(2, waitForBatch)).toEqual(['worked', 'worked', 'wrote', 'wrote']);
  });

  it('limits the number of writes per batch', async () => {
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
