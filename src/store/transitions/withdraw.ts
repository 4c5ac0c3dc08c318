/** Withdraws a scheduled submit. */

import type { Database } from '../schema.ts';
import { ENDED, type Ended } from './end-columns.ts';
import { concludeEnd } from './follow-up.ts';

/**
 * Ends a scheduled submit unpaid, and logs its completion. The lock on the video's row excludes
 * `takeWaiting`.
 *
 * @returns null when it is no longer scheduled.
 */
export async function withdrawSubmit(
  db: Database,
  owner: string,
  id: string,
): Promise<Ended | null> {
  return db.transaction().execute(async (trx) => {
    const row = await trx
      .updateTable('video')
      .set({ ...ENDED, state: 'WITHDRAWN' })
      .where('id', '=', id)
      .where('owner', '=', owner)
      .where('state', '=', 'SCHEDULED')
      .returningAll()
      .executeTakeFirst();
    return row ? concludeEnd(trx, row) : null;
  });
}
