/** What a read of an open task reports. */

import { sql } from 'kysely';
import { type OpenState, PREDECESSORS } from '../../video.ts';
import { now } from '../rows.ts';
import type { Database } from '../schema.ts';

/**
 * The upstream says that the task is open, and how far it is. Moves the state forward if it may;
 * says whether it did.
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
    .where('state', 'not in', ['SUCCEEDED', 'FAILED'])
    .execute();
  return false;
}

/** Counts a read that reported a success without a usable file; answers with the count. */
export async function countFilelessRead(db: Database, id: string): Promise<number> {
  const row = await db
    .updateTable('video')
    .set({ fileless_reads: sql<number>`fileless_reads + 1`, checked_at: now })
    .where('id', '=', id)
    .where('state', 'not in', ['SUCCEEDED', 'FAILED'])
    .returning('fileless_reads')
    .executeTakeFirst();
  return row?.fileless_reads ?? 0;
}
