/** Waits for the outcome of a submit's row and converts it to the caller's answer. */

import type { Config } from '../config.ts';
import type { Hub } from '../delivery/hub.ts';
import { GatewayUnavailableError, OutcomeUnknownError } from '../errors.ts';
import { toVideo, type VideoRow } from '../store/rows.ts';
import type { Database } from '../store/schema.ts';
import { findRow } from '../store/submits.ts';
import { settleOverdue } from '../store/transitions/unconfirmed.ts';
import type { Video } from '../video.ts';
import { within } from '../within.ts';
import { parseRejection } from './rejection.ts';

/**
 * When a row is settled, its waiters in every process are notified. The row is also polled: a notification
 * may be lost, and the process that should settle the row may be dead.
 */
const MAX_POLL_MS = 5_000;
const MIN_POLL_MS = 200;
/** How long to wait for this process's own submit after a notification, before the row is read. */
const OWN_OUTCOME_MS = 200;

export interface AnswerParts {
  readonly db: Database;
  readonly hub: Hub;
  readonly config: Pick<Config, 'UNCONFIRMED_DEADLINE_MS'>;
}

/**
 * Resolves with the video once its task is confirmed or its submit is scheduled. By then the task may
 * have ended.
 *
 * @param settled the outcome of the submit when this process has just started it; otherwise null.
 * @param isReplay whether the caller arrived after the submit was settled.
 * @throws the error that the row stores; OutcomeUnknownError when the row is unconfirmed or becomes so.
 */
export async function waitForAnswer(
  parts: AnswerParts,
  row: VideoRow,
  settled: Promise<VideoRow | undefined> | null,
  isReplay: boolean,
): Promise<Video> {
  const last = await waitUntilSettled(parts, row, settled);
  if (!last) throw new OutcomeUnknownError(toVideo(row));
  return toAnswer(last, isReplay);
}

/**
 * Resolves with the row once its state is no longer SUBMITTING. Undefined when the database is unavailable
 * for longer than the submit may take, or when the row is gone, for example because a standby without it has
 * taken over.
 *
 * @throws GatewayUnavailableError when this process closes.
 */
export async function waitUntilSettled(
  { db, hub, config }: AnswerParts,
  first: VideoRow,
  settled: Promise<VideoRow | undefined> | null,
): Promise<VideoRow | undefined> {
  let row = first;
  let answered: VideoRow | undefined;
  let own: Promise<boolean> | undefined = settled?.then((settledRow) => {
    answered = settledRow;
    own = undefined;
    return true;
  });
  // A row that was created in this event loop tick cannot have changed yet.
  let isNew = settled !== null;
  const watch = hub.watchVideo(row.id);
  try {
    for (;;) {
      if (row.state !== 'SUBMITTING') return row;
      if (!isNew) {
        try {
          const found = await findRow(db, row.id);
          if (!found) return undefined;
          row = found;
          if (row.state !== 'SUBMITTING') continue;
          // The database's clock decides; this check only avoids needless writes.
          if (Date.now() >= row.submit_until) {
            await settleOverdue(db, row.id, config.UNCONFIRMED_DEADLINE_MS);
          }
        } catch (error) {
          if (!(error instanceof GatewayUnavailableError)) throw error;
          // The row is committed and its request may have left, so a retry is not safe.
          if (Date.now() >= row.submit_until) return undefined;
        }
      }
      isNew = false;
      const pause = Promise.withResolvers<boolean>();
      const timer = setTimeout(pause.resolve, toPause(row), true);
      const isServing = await Promise.race([...(own ? [own] : []), watch.changed(), pause.promise]);
      clearTimeout(timer);
      // When this process closes, only submits of other processes are still open.
      if (!isServing) throw new GatewayUnavailableError();
      // The notification often arrives before the commit's own answer. Waiting for that saves a read. A
      // submit that waits for a place may be sent by another replica.
      if (own && first.waiting === null) await within(OWN_OUTCOME_MS, own, false);
      row = answered ?? row;
    }
  } finally {
    watch.cancel();
  }
}

function toPause({ submit_until }: VideoRow): number {
  return Math.max(MIN_POLL_MS, Math.min(MAX_POLL_MS, submit_until - Date.now()));
}

function toAnswer(row: VideoRow, isReplay: boolean): Video {
  if (row.state === 'REJECTED') throw parseRejection(row);
  if (row.state === 'UNCONFIRMED' && row.rejection !== null && !isReplay) throw parseRejection(row);
  // With a task id, a callback has confirmed the task.
  const wasNeverConfirmed = row.failure_reason === 'NEVER_CONFIRMED' && row.task_id === null;
  if (row.state === 'UNCONFIRMED' || wasNeverConfirmed) throw new OutcomeUnknownError(toVideo(row));
  return toVideo(row);
}
