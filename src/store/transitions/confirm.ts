/** Stores the task of a row, which the answer to its submit or a callback has named. */

import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { type Param, prepare } from '../prepared-statements.ts';
import { now, startedAt, VIDEO_COLUMNS, type VideoRow } from '../rows.ts';
import type { Database } from '../schema.ts';
import { withRetries } from './unique-key-retries.ts';
import { isUnclaimed, keepTaskId, keptKey, reclaimedKey } from './unique-keys.ts';

export interface Confirmation {
  readonly id: string;
  /** Null when the upstream has confirmed the task without an id that can be read. */
  readonly taskId: string | null;
  /** Milliseconds until the first read of the task, if it is open. */
  readonly firstCheckMs: number;
}

/**
 * Stores that the task exists, and its id. A row without a confirmed task becomes WAITING; any other row
 * keeps its state. A row that had failed without an id is read at once, because the task may have
 * succeeded. A tombstone takes its key back if the key is free.
 *
 * @returns undefined when another row has this id; nothing is written then.
 */
export async function confirmSubmit(
  db: Database,
  confirmation: Confirmation,
): Promise<VideoRow | undefined> {
  const { rows } = await withRetries((key) =>
    (key === keptKey ? confirmWithoutKey : confirmRow)(db, confirmation),
  );
  return rows[0];
}

function buildConfirm(db: Database, param: Param<Confirmation>, key: RawBuilder<number>) {
  const isUnproven = sql<SqlBool>`state in ('SUBMITTING', 'UNCONFIRMED', 'REJECTED', 'SCHEDULED')`;
  return db
    .updateTable('video')
    .set({
      task_id: keepTaskId(param('taskId')),
      state: sql`case when ${isUnproven} then 'WAITING' else state end`,
      rejection: sql`case when state = 'REJECTED' then null else rejection end`,
      key_held: sql<number>`case when state = 'REJECTED' then ${key} else key_held end`,
      finished_at: sql`case when state = 'REJECTED' then null else finished_at end`,
      checked_at: sql`case when ${isUnproven} then now_ms() else checked_at end`,
      check_after: sql`case
        when ${isUnproven} then now_ms() + ${param('firstCheckMs')}
        when task_id is null and state != 'SUCCEEDED' and ${hasTaskId(param('taskId'))} then now_ms()
        else check_after end`,
      lease_until: sql`case when ${isUnproven} then 0 else lease_until end`,
      waiting: null,
    })
    .where('id', '=', param('id'))
    .where(isUnclaimed(param('id'), param('taskId')))
    .returning(VIDEO_COLUMNS);
}

const confirmRow = prepare<Confirmation, VideoRow>((db, param) =>
  buildConfirm(db, param, reclaimedKey),
);
const confirmWithoutKey = prepare<Confirmation, VideoRow>((db, param) =>
  buildConfirm(db, param, keptKey),
);

/** PostgreSQL cannot infer the type of a parameter that is not compared with a column. */
function hasTaskId(taskId: string | null) {
  return sql<SqlBool>`cast(${taskId} as text) is not null`;
}

/**
 * Stores what a callback has proved that does not end the task: that the task exists. If the callback names
 * an id, the row gets it and is due for a read in the same commit, unless the upstream has already reported
 * its end. Without an id nothing can be read, so the next callback or the deadline ends the task; a submit
 * in flight waits for its answer, which names the id.
 *
 * @param readNow whether an open task is read at once although the callback says nothing new.
 * @param deadlineMs when a task without an id is given up, in milliseconds after its submit.
 * @returns false when another row has this id; nothing is written then.
 */
export async function adoptTask(
  db: Database,
  id: string,
  taskId: string | null,
  readNow: boolean,
  deadlineMs: number,
): Promise<boolean> {
  return withRetries(async (key) => {
    const isNamed = sql<SqlBool>`coalesce(task_id, ${taskId}) is not null`;
    const isProven = sql<SqlBool>`(state in ('UNCONFIRMED', 'REJECTED', 'SCHEDULED', 'WITHDRAWN')
      or (state = 'SUBMITTING' and ${isNamed}))`;
    const isReadable = sql<SqlBool>`${isNamed} and state <> 'DELETED' and (
      state not in ('SUCCEEDED', 'FAILED')
      or (state = 'FAILED' and task_id is null)
      or failure_reason in ('NEVER_CONFIRMED', 'DEADLINE_PASSED'))`;
    const isNews = sql<SqlBool>`${isProven} or task_id is null or ${sql.lit(readNow ? 1 : 0)} = 1`;
    const result = await db
      .updateTable('video')
      .set({
        task_id: keepTaskId(taskId),
        state: sql`case when ${isProven} then 'WAITING' else state end`,
        key_held: key,
        finished_at: sql`case when ${isProven} then null else finished_at end`,
        check_after: sql`case
          when ${isReadable} and (${isNews}) then ${now}
          when ${isProven} then ${startedAt} + cast(${deadlineMs} as bigint)
          else check_after end`,
        waiting: null,
      })
      .where('id', '=', id)
      .where(isUnclaimed(id, taskId))
      .executeTakeFirst();
    return result.numUpdatedRows > 0n;
  });
}
