/** The end of a task, and its entry in the log: written together or not at all. */

import { PREDECESSORS } from '../../video.ts';
import type { Completion } from '../completions.ts';
import { now } from '../rows.ts';
import type { Database, RowState } from '../schema.ts';
import { isUnclaimed, keepTaskId, reclaimedKey } from './claims.ts';
import { withOneRetry } from './conflict.ts';
import { ENDED, type EndState, toColumns, toEnded, toState, type VideoEnd } from './end-columns.ts';
import { logEnd } from './end-number.ts';

/** What a report proves to exist ends from those states too in which it was not a video yet. */
const YIELDING: Record<EndState, readonly RowState[]> = {
  SUCCEEDED: ['SUBMITTING', 'REJECTED', ...PREDECESSORS.SUCCEEDED],
  FAILED: ['SUBMITTING', 'REJECTED', ...PREDECESSORS.FAILED],
};

/**
 * Ends a task and numbers its completion in its owner's log, in one transaction.
 *
 * @returns the completion; null where a repeat, or an end that must not follow the present state, has
 * changed nothing.
 */
export async function endVideo(
  db: Database,
  id: string,
  end: VideoEnd,
): Promise<Completion | null> {
  const columns = toColumns(end);
  const state = toState(end);
  const taskId = end.taskId ?? null;

  // Every transaction locks rows in one order, video before owner, so that none waits in a circle.
  const run = async (trx: Database) => {
    const row = await trx
      .updateTable('video')
      .set({
        ...columns,
        ...ENDED,
        state,
        task_id: keepTaskId(taskId),
        rejection: null,
        key_held: reclaimedKey,
        ...(end.reported ? { checked_at: now } : {}),
      })
      .where('id', '=', id)
      .where('state', 'in', YIELDING[state])
      .where(isUnclaimed(id, taskId))
      // The task may have been confirmed since it was found overdue.
      .$if(columns.failure_reason === 'NEVER_CONFIRMED', (query) =>
        query.where('task_id', 'is', null).where('state', 'in', ['SUBMITTING', 'UNCONFIRMED']),
      )
      .returningAll()
      .executeTakeFirst();
    return row ? toEnded(row, await logEnd(trx, row)).completion : null;
  };
  return withOneRetry(() => db.transaction().execute(run));
}
