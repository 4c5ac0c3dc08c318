/**
 * The life of a row: every write that changes its state, in one table. Each transition is a function of
 * this folder whose statement holds its guards, so two replicas cannot both win.
 *
 * | transition | from | to | key | next check |
 * |---|---|---|---|---|
 * | insertSubmit, insertWithPlace | (none) | SUBMITTING | taken | at `submit_until` |
 * | markWaitingForTurn | SUBMITTING | SUBMITTING, `post_begun` 0, `waiting` NOW | | |
 * | scheduleSubmit | SUBMITTING | SCHEDULED, `waiting` LATER | | at `queue_until` |
 * | insertScheduled | (none) | SCHEDULED, `waiting` LATER | none | at `queue_until` |
 * | takeWaiting | SUBMITTING or SCHEDULED, `waiting` | SUBMITTING, `post_begun` 1 | | at `submit_until` |
 * | returnToQueue | SUBMITTING, UNCONFIRMED | SCHEDULED, `waiting` LATER | | at `queue_until` |
 * | withdrawSubmit, withdrawSome | SCHEDULED | WITHDRAWN | | none |
 * | confirmSubmit | SUBMITTING, SCHEDULED, UNCONFIRMED, REJECTED | WAITING | taken back if free | after `firstCheckMs` |
 * | confirmSubmit | FAILED without a task id | FAILED, with the id | | now |
 * | adoptTask with an id | SUBMITTING, SCHEDULED, UNCONFIRMED, REJECTED, WITHDRAWN | WAITING | taken back if free | now |
 * | adoptTask without one | SCHEDULED, UNCONFIRMED, REJECTED, WITHDRAWN | WAITING | taken back if free | at the deadline |
 * | rejectSubmit | SUBMITTING, UNCONFIRMED | REJECTED | freed | none |
 * | rejectSubmit | FAILED as NEVER_CONFIRMED | FAILED | freed | none |
 * | releaseTaken | SUBMITTING, UNCONFIRMED, as it was taken | REJECTED | freed | none |
 * | settleOverdue, recoverOrphans, refuseWaiting | SUBMITTING, POST not begun | REJECTED | freed | none |
 * | settleOverdue, recoverOrphans, markUnconfirmed | SUBMITTING | UNCONFIRMED | kept | at the deadline |
 * | noteOpen | an earlier open state | WAITING, QUEUED, GENERATING | | |
 * | endVideo, endConfirmedVideo | see `ENDS_FROM` | SUCCEEDED, FAILED | taken back if free | none |
 * | deleteEndedVideo | SUCCEEDED, FAILED, WITHDRAWN | DELETED | kept | none |
 *
 * To prevent deadlocks, every transaction locks the video's row before the owner's row, and the lane's row
 * last. A transaction that takes a waiting submit locks the owner first, and skips videos that are locked.
 *
 * A sequence and its shots are read and written under the lock on their owner's row, which every end
 * takes. `withdrawTries` skips videos that are locked as well.
 */

import { PREDECESSORS } from '../../video.ts';
import type { RowState } from '../schema.ts';

/**
 * The states from which a task may end. A report of the upstream proves that the task exists, so it also
 * ends rows without a confirmed task.
 */
export const ENDS_FROM: Readonly<Record<'SUCCEEDED' | 'FAILED', readonly RowState[]>> = {
  SUCCEEDED: ['SUBMITTING', 'REJECTED', ...PREDECESSORS.SUCCEEDED],
  FAILED: ['SUBMITTING', 'REJECTED', ...PREDECESSORS.FAILED],
};
