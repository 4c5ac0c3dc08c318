/** Stores the progress of an open task that the upstream reports. */

import { sql } from 'kysely';
import { type OpenState, PREDECESSORS } from '../../video.ts';
import { now } from '../rows.ts';
import type { Database } from '../schema.ts';

/**
 * Records that the task is open, and moves its state forward if the order of states allows it.
 *
 * @returns whether the state changed.
 */
export async function noteOpen(
  db: Database,
  id: string,
  state: OpenState | null,
): Promise<boolean> {
  const seen = { checked_at: now, unfinished_at: now };
  if (state !== null) {
    const moved = await db
      .updateTable('video')
      .set({ ...seen, state })
      .where('id', '=', id)
      .where('state', 'in', PREDECESSORS[state])
      .executeTakeFirst();
    if (moved.numUpdatedRows > 0n) return true;
  }
  await db
    .updateTable('video')
    .set(seen)
    .where('id', '=', id)
    .where('state', 'not in', ['SUCCEEDED', 'FAILED', 'WITHDRAWN'])
    .execute();
  return false;
}

/** Counts a read that reported success without a usable file. Returns the new count. */
export async function countFilelessRead(db: Database, id: string): Promise<number> {
  const row = await db
    .updateTable('video')
    .set({ fileless_reads: sql<number>`fileless_reads + 1`, checked_at: now })
    .where('id', '=', id)
    .where('state', 'not in', ['SUCCEEDED', 'FAILED', 'WITHDRAWN'])
    .returning('fileless_reads')
    .executeTakeFirst();
  return row?.fileless_reads ?? 0;
}
