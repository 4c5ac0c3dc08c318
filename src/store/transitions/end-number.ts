/** The number of an end in its owner's log. */

import { type OnConflictBuilder, sql } from 'kysely';
import { prepare } from '../prepared.ts';
import { now, type VideoRow } from '../rows.ts';
import type { Database, Tables } from '../schema.ts';

/**
 * Takes the next number of the owner's log under the lock on the owner's row, so that numbers become
 * visible in order, and adds the entry.
 */
export async function logEnd(trx: Database, { owner, id }: VideoRow): Promise<number> {
  const { rows } = await takeNumber(trx, { owner });
  const number = rows[0]?.head;
  if (number === undefined) throw new Error('A completion was not given a number.');
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
