/** A submit that has certainly started nothing. */

import { now } from '../rows.ts';
import type { Database } from '../schema.ts';

/** Turns a submit that has certainly started nothing into a tombstone, which frees its key. */
export async function rejectSubmit(db: Database, id: string, rejection: string): Promise<boolean> {
  const result = await db
    .updateTable('video')
    .set({ state: 'REJECTED', rejection, key_held: 0, finished_at: now, check_after: null })
    .where('id', '=', id)
    .where('state', '=', 'SUBMITTING')
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
