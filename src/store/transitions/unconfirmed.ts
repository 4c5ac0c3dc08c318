/** Submits whose outcome is unknown, and orphans of processes that died. */

import { sql } from 'kysely';
import { now, startedAt } from '../rows.ts';
import type { Database, RowState } from '../schema.ts';
import { releaseUnsent } from './refuse.ts';

/**
 * Gives up waiting for a submit's answer: it may have been paid. The row keeps its key, and is
 * due again when the task itself is given up.
 *
 * @param rejection the error for those who wait for the submit, where the upstream named one.
 */
export async function markUnconfirmed(
  db: Database,
  id: string,
  giveUpAfterMs: number,
  rejection: string | null = null,
): Promise<boolean> {
  const result = await toUnconfirmed(db, giveUpAfterMs)
    .set({ rejection })
    .where('id', '=', id)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/**
 * Settles a row whose time has passed, because the process that was to settle it is gone. Without a
 * begun POST its key is free again; otherwise its outcome is unknown.
 *
 * @returns the row's new state; null when nothing was to be done.
 */
export async function settleOverdue(
  db: Database,
  id: string,
  giveUpAfterMs: number,
): Promise<RowState | null> {
  // Its time may end between the two statements.
  const sent = toUnconfirmed(db, giveUpAfterMs).where('post_begun', '=', 1);
  for (const settle of [releaseUnsent(db), sent]) {
    const row = await settle
      .where('id', '=', id)
      .where('submit_until', '<=', now)
      .returning('state')
      .executeTakeFirst();
    if (row) return row.state;
  }
  return null;
}

/**
 * Settles every submit in flight and ends every lease. Called at the start of the only process that uses
 * this database: the process that owned them is dead.
 */
export async function recoverOrphans(db: Database, giveUpAfterMs: number): Promise<void> {
  // `check_after` limits the statements to its index, whatever the size of the history.
  await releaseUnsent(db).where('check_after', '>', 0).execute();
  await toUnconfirmed(db, giveUpAfterMs).where('check_after', '>', 0).execute();
  await db
    .updateTable('video')
    .set({ lease_until: 0 })
    .where('lease_until', '>', 0)
    .where('check_after', '>', 0)
    .execute();
  await db.updateTable('lane').set({ busy_until: 0 }).where('busy_until', '>', 0).execute();
}

function toUnconfirmed(db: Database, giveUpAfterMs: number) {
  return db
    .updateTable('video')
    .set({
      state: 'UNCONFIRMED',
      check_after: sql<number>`${startedAt} + ${giveUpAfterMs}`,
      lease_until: 0,
    })
    .where('state', '=', 'SUBMITTING');
}
