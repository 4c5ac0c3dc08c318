/** Numbers the completions of an owner. */

import { type OnConflictBuilder, sql } from 'kysely';
import { prepare } from '../prepared.ts';
import { now, type VideoRow } from '../rows.ts';
import type { Database, Tables } from '../schema.ts';

/**
 * Adds an entry with the next number to the owner's log. Takes the number under the lock on the owner's
 * row, so that entries become visible in order.
 */
export async function logEnd(trx: Database, { owner, id }: VideoRow): Promise<number> {
  const { rows } = await takeNumber(trx, { owner });
  const number = rows[0]?.head;
  if (number === undefined) throw new Error('The completion got no number.');
  await addCompletion(trx, { owner, number, id });
  return number;
}

export function countOn(conflict: OnConflictBuilder<Tables, 'owner'>) {
  return conflict.column('owner').doUpdateSet({ head: sql<number>`owner.head + 1` });
}

const takeNumber = prepare<{ owner: string }, { head: number }>((db, param) =>
  db
    .insertInto('owner')
    .values({ owner: param('owner'), head: 1, pruned: 0 })
    .onConflict(countOn)
    .returning('head'),
);

const addCompletion = prepare<{ owner: string; number: number; id: string }, unknown>((db, param) =>
  db.insertInto('completion').values({
    owner: param('owner'),
    number: param('number'),
    video_row: param('id'),
    created_at: now,
  }),
);
