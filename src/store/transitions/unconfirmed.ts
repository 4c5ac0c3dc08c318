/** Settles submits whose outcome is unknown, and submits of processes that died. */

import { sql } from 'kysely';
import { now, startedAt } from '../rows.ts';
import type { Database, RowState } from '../schema.ts';
import { releaseUnsent } from './refuse.ts';

/**
 * Stops waiting for a submit's answer, although the task may have been paid. The row keeps its key, and is
 * due again when the task itself is given up.
 *
 * @param rejection the error for callers that wait for the submit, if the upstream named one.
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
 * Settles a row whose deadline has passed, because its process has died. If the POST had not begun, the key
 * is free again; otherwise the outcome is unknown.
 *
 * @returns the row's new state; null when nothing changed.
 */
export async function settleOverdue(
  db: Database,
  id: string,
  giveUpAfterMs: number,
): Promise<RowState | null> {
  // The deadline may pass between the two statements.
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
 * Settles every submit in flight and ends every lease. Called at the start of a process that is the only one
 * on this database, so that the process that owned them is dead.
 */
export async function recoverOrphans(db: Database, giveUpAfterMs: number): Promise<void> {
  // The conditions on `check_after` and `task_id` select an index, so the cost does not grow with the
  // history. A submit in flight has no task id.
  for (const settle of [releaseUnsent(db), toUnconfirmed(db, giveUpAfterMs)]) {
    await settle.where('check_after', '>', 0).where('task_id', 'is', null).execute();
  }
  for (const isNull of ['is', 'is not'] as const) {
    await db
      .updateTable('video')
      .set({ lease_until: 0 })
      .where('lease_until', '>', 0)
      .where('check_after', '>', 0)
      .where('task_id', isNull, null)
      .execute();
  }
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
