/** A row learns which task is its own: from the answer to its submit, or from a callback. */

import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { type Param, prepare } from '../prepared.ts';
import { now, startedAt, type VideoRow } from '../rows.ts';
import type { Database } from '../schema.ts';
import { withRetries } from './conflict.ts';
import { isUnclaimed, keepTaskId, keptKey, reclaimedKey } from './unique-keys.ts';

export interface Confirmation {
  readonly id: string;
  /** Null where the upstream has confirmed the task without an id that can be read back. */
  readonly taskId: string | null;
  /** Milliseconds until the first read of a task that is open from now on. */
  readonly firstCheckMs: number;
}

/**
 * Writes that the task exists, and its id. A row that was not yet, or no longer, known to have a task
 * becomes WAITING; any other keeps its state. A row that had ended without knowing its id is read at
 * once: what the gateway gave up may have ended well. A tombstone takes its key back if that is free.
 *
 * @returns undefined when the id is another row's: nothing is written.
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
    .returningAll();
}

const confirmRow = prepare<Confirmation, VideoRow>((db, param) =>
  buildConfirm(db, param, reclaimedKey),
);
const confirmWithoutKey = prepare<Confirmation, VideoRow>((db, param) =>
  buildConfirm(db, param, keptKey),
);

/** PostgreSQL cannot tell the type of a parameter that is compared with nothing else. */
function hasTaskId(taskId: string | null) {
  return sql<SqlBool>`cast(${taskId} as text) is not null`;
}

/**
 * A callback has proved that the task exists, without ending it. The row learns the id where one was
 * named, and is due for a read in the same commit, unless it has ended by the upstream's own report.
 * Without an id nothing can be read: the next callback, or the deadline, ends the task. A submit in
 * flight then waits for its answer, which names the id.
 *
 * @param readNow whether an open task is to be read at once although nothing new was learned.
 * @param deadlineMs when a task without an id is given up, in milliseconds after its submit.
 * @returns false when the id is another row's: nothing is written.
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
