/** What a submit's row answers to everyone who waits for it: the caller who began it and any other. */

import type { Config } from '../config.ts';
import type { Hub } from '../delivery/hub.ts';
import { GatewayUnavailableError, OutcomeUnknownError } from '../errors.ts';
import { toVideo, type VideoRow } from '../store/rows.ts';
import type { Database } from '../store/schema.ts';
import { findRow } from '../store/submits.ts';
import { settleOverdue } from '../store/transitions/unconfirmed.ts';
import type { Video } from '../video.ts';
import { parseRejection } from './rejection.ts';

/**
 * A settled row wakes its waiters, in whatever process it was settled. That is made sure of now and
 * then, and when the submit's time is over: then nobody may be left to settle it.
 */
const MAX_POLL_MS = 5_000;
const SHORTEST_POLL_MS = 200;

export interface AnswerParts {
  readonly db: Database;
  readonly hub: Hub;
  readonly config: Pick<Config, 'UNCONFIRMED_DEADLINE_MS'>;
}

/**
 * Resolves with the video once its task is confirmed, however far it has come by then.
 *
 * @param settled the row's own submit, where this process has just begun it.
 * @param isReplay whether the caller came when the submit had been settled.
 * @throws the rejection that the row keeps; OutcomeUnknownError when the row is, or at the end of
 * the submit becomes, unconfirmed.
 */
export async function waitForAnswer(
  { db, hub, config }: AnswerParts,
  first: VideoRow,
  settled: Promise<VideoRow | undefined> | null,
  isReplay: boolean,
): Promise<Video> {
  let row = first;
  let answered: VideoRow | undefined;
  let own: Promise<boolean> | undefined = settled?.then((settledRow) => {
    answered = settledRow;
    own = undefined;
    return true;
  });
  // Nothing can have happened yet to a row that was made in this turn of the event loop.
  let isNew = settled !== null;
  const watch = hub.watchVideo(row.id);
  try {
    for (;;) {
      if (row.state !== 'SUBMITTING') return toAnswer(row, isReplay);
      if (!isNew) {
        try {
          row = (await findRow(db, row.id)) ?? row;
          if (row.state !== 'SUBMITTING') continue;
          // The database's clock decides; before its time by ours it is not worth a write.
          if (Date.now() >= row.submit_until) {
            await settleOverdue(db, row.id, config.UNCONFIRMED_DEADLINE_MS);
          }
        } catch (error) {
          if (!(error instanceof GatewayUnavailableError)) throw error;
          // The row is committed and its request may have left: "try again" would be a lie.
          if (Date.now() >= row.submit_until) throw new OutcomeUnknownError(toVideo(row));
        }
      }
      isNew = false;
      const pause = Promise.withResolvers<boolean>();
      const timer = setTimeout(pause.resolve, toPause(row), true);
      const isServing = await Promise.race([...(own ? [own] : []), watch.changed(), pause.promise]);
      clearTimeout(timer);
      // Only a submit of another process can be open still when this one closes.
      if (!isServing) throw new GatewayUnavailableError();
      row = answered ?? row;
    }
  } finally {
    watch.end();
  }
}

function toPause({ submit_until }: VideoRow): number {
  return Math.max(SHORTEST_POLL_MS, Math.min(MAX_POLL_MS, submit_until - Date.now()));
}

function toAnswer(row: VideoRow, isReplay: boolean): Video {
  if (row.state === 'REJECTED') throw parseRejection(row);
  if (row.state === 'UNCONFIRMED' && row.rejection !== null && !isReplay) throw parseRejection(row);
  // With a task id, a callback has confirmed it after all.
  const wasNeverConfirmed = row.failure_reason === 'NEVER_CONFIRMED' && row.task_id === null;
  if (row.state === 'UNCONFIRMED' || wasNeverConfirmed) throw new OutcomeUnknownError(toVideo(row));
  return toVideo(row);
}
