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

/**
 * Withdraws up to `limit` scheduled submits of an owner. Those that are being sent at this moment are left.
 *
 * @returns how many were found, and how many of them were withdrawn.
 */
export async function withdrawSome(
  db: Database,
  owner: string,
  limit: number,
): Promise<{ readonly found: number; readonly withdrawn: number }> {
  const scheduled = await db
    .selectFrom('video')
    .select('id')
    .where('owner', '=', owner)
    .where('waiting', '=', 'LATER')
    .limit(limit)
    .execute();
  let withdrawn = 0;
  for (const { id } of scheduled) {
    if (await withdrawSubmit(db, owner, id)) withdrawn += 1;
  }
  return { found: scheduled.length, withdrawn };
}
