/** Ends a task: its row and its entry in the completion log, in one transaction. */

import type { RawBuilder } from 'kysely';
import { now } from '../rows.ts';
import type { Database } from '../schema.ts';
import { ENDED, type Ended, toColumns, toState, type VideoEnd } from './end-columns.ts';
import { concludeEnd } from './follow-up.ts';
import { ENDS_FROM } from './table.ts';
import { withRetries } from './unique-key-retries.ts';
import { isUnclaimed, keepTaskId } from './unique-keys.ts';

/**
 * Ends a task, numbers its completion in its owner's log and schedules the next shot of its sequence, in
 * one transaction.
 *
 * @returns null when nothing changed: the end is a repeat, or the current state does not allow it.
 */
export async function endVideo(db: Database, id: string, end: VideoEnd): Promise<Ended | null> {
  const columns = toColumns(end);
  const state = toState(end);
  const taskId = end.taskId ?? null;

  // Every transaction locks the video before the owner, which prevents deadlocks.
  const run = async (trx: Database, key: RawBuilder<number>) => {
    const row = await trx
      .updateTable('video')
      .set({
        ...columns,
        ...ENDED,
        state,
        task_id: keepTaskId(taskId),
        rejection: null,
        key_held: key,
        ...(end.reported ? { checked_at: now } : {}),
      })
      .where('id', '=', id)
      .where('state', 'in', ENDS_FROM[state])
      .where(isUnclaimed(id, taskId))
      // The task may have been confirmed after the row was found overdue.
      .$if(columns.failure_reason === 'NEVER_CONFIRMED' || end.isRefusal === true, (query) =>
        query.where('task_id', 'is', null).where('state', 'in', ['SUBMITTING', 'UNCONFIRMED']),
      )
      .$if(columns.failure_reason === 'NEVER_SENT', (query) =>
        query.where('state', '=', 'SCHEDULED'),
      )
      .returningAll()
      .executeTakeFirst();
    return row ? concludeEnd(trx, row) : null;
  };
  return withRetries((key) => db.transaction().execute((trx) => run(trx, key)));
}
