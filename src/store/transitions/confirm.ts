/** A row learns which task is its own: from the answer to its submit, or from a callback. */

import { type SqlBool, sql } from 'kysely';
import { prepare } from '../prepared.ts';
import type { VideoRow } from '../rows.ts';
import type { Database } from '../schema.ts';
import { isUnclaimed, keepTaskId, reclaimedKey } from './claims.ts';

/**
 * Writes what the upstream answered: the task exists and has this id. A row that has moved on (its
 * callback came first) keeps its state. Undefined when the id is another row's: nothing is written.
 */
export async function confirmSubmit(
  db: Database,
  id: string,
  taskId: string,
  firstCheckMs: number,
): Promise<VideoRow | undefined> {
  const { rows } = await confirmRow(db, { id, taskId, firstCheckMs });
  return rows[0];
}

interface Confirmation {
  readonly id: string;
  readonly taskId: string;
  readonly firstCheckMs: number;
}

const confirmRow = prepare<Confirmation, VideoRow>((db, param) => {
  const isOpenStill = sql<SqlBool>`state in ('SUBMITTING', 'UNCONFIRMED')`;
  return db
    .updateTable('video')
    .set({
      task_id: keepTaskId(param('taskId')),
      state: sql`case when ${isOpenStill} then 'WAITING' else state end`,
      checked_at: sql`case when ${isOpenStill} then now_ms() else checked_at end`,
      check_after: sql`case when ${isOpenStill} then now_ms() + ${param('firstCheckMs')} else check_after end`,
    })
    .where('id', '=', param('id'))
    .where(isUnclaimed(param('id'), param('taskId')))
    .returningAll();
});

/**
 * A callback has named the task without ending it: the row learns the id, and that the task exists.
 * False when the id is another row's.
 */
export async function adoptTask(db: Database, id: string, taskId: string | null): Promise<boolean> {
  const isUnproven = sql<SqlBool>`state in ('SUBMITTING', 'UNCONFIRMED', 'REJECTED')`;
  const isNamed = sql<SqlBool>`coalesce(task_id, ${taskId}) is not null`;
  const result = await db
    .updateTable('video')
    .set({
      task_id: keepTaskId(taskId),
      state: sql`case when ${isUnproven} and ${isNamed} then 'WAITING' else state end`,
      // A tombstone that stays one leaves its key free.
      key_held: sql<number>`case when ${isNamed} then ${reclaimedKey} else key_held end`,
      finished_at: sql`case when state = 'REJECTED' and ${isNamed} then null else finished_at end`,
    })
    .where('id', '=', id)
    .where(isUnclaimed(id, taskId))
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
