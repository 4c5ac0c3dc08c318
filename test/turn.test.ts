import { describe, expect, it } from 'vitest';
import { createTurn } from '../src/fast/write-batcher.ts';

/** Pieces of work of one turn (its check phase runs all that was there when it began), each with something to write. */
async function work(pieces: number, endOfTurn: () => Promise<void>): Promise<string[]> {
  const told: string[] = [];
  await Promise.all(
    Array.from({ length: pieces }, async () => {
      await new Promise(setImmediate);
      told.push('worked');
      await endOfTurn();
      told.push('wrote');
    }),
  );
  return told;
}

describe('the end of a turn', () => {
  it('comes after all of its work', async () => {
    const endOfTurn = createTurn(10);
    expect(await work(3, endOfTurn)).toEqual([
      'worked',
      'worked',
      'worked',
      'wrote',
      'wrote',
      'wrote',
    ]);
  });

  it('comes for those of the next turn as well', async () => {
    const endOfTurn = createTurn(10);
    await work(2, endOfTurn);
    expect(await work(2, endOfTurn)).toEqual(['worked', 'worked', 'wrote', 'wrote']);
  });

  it('is not waited for by more than it was made for', async () => {
    const endOfTurn = createTurn(2);
    expect(await work(5, endOfTurn)).toEqual([
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
