/** Writes the outcome of a submit, an answer or an error, into its row. */

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { type EndTaskParts, endTask, notifyEnd } from '../delivery/end-task.ts';
import { GatewayError, GatewayUnavailableError, UpstreamError } from '../errors.ts';
import type { VideoRow } from '../store/rows.ts';
import { findRow } from '../store/submits.ts';
import { confirmSubmit } from '../store/transitions/confirm.ts';
import { rejectSubmit, releaseTaken } from '../store/transitions/refuse.ts';
import { returnToQueue } from '../store/transitions/return-to-queue.ts';
import { markUnconfirmed } from '../store/transitions/unconfirmed.ts';
import { AnswerInDoubtError } from '../upstream/answer-in-doubt.ts';
import { AnswerLostError } from '../upstream/answer-lost.ts';
import { toFailure, toRetryGap } from './queue-policy.ts';
import { serializeRejection, toFix } from './rejection.ts';

/** The longest pause between two attempts to write, in milliseconds. */
const MAX_PAUSE_MS = 2_000;

export interface SettlingParts extends EndTaskParts {
  readonly log: Logger;
  readonly config: Pick<
    Config,
    'UNCONFIRMED_DEADLINE_MS' | 'RECONCILE_AFTER_MS' | 'TASK_DEADLINE_MS' | 'SUBMITS_PER_DAY'
  >;
}

/** The methods never reject. They resolve with the row, or undefined when it could not be written. */
export interface Settling {
  /** The upstream has named the new task. `req` is the request's id, for the log. */
  confirm(row: VideoRow, taskId: string, req: string | undefined): Promise<VideoRow | undefined>;
  /**
   * The submit failed with this error, before or after its POST. A scheduled submit returns to the queue
   * if the refusal is temporary, and ends otherwise.
   */
  fail(row: VideoRow, error: unknown, req: string | undefined): Promise<VideoRow | undefined>;
  /**
   * Frees the key of a row whose commit was not acknowledged and whose POST will never be sent. The
   * commit may still reach the database, so this looks for the row until the submit's deadline. A drain
   * does not wait for it.
   */
  release(id: string, runtimeMs: number): Promise<void>;
  /** The same for a submit that was taken from the queue. A scheduled one returns to the queue. */
  takeBack(row: VideoRow, runtimeMs: number): Promise<void>;
  /** Stops retrying writes while the database is unavailable. */
  close(): void;
}

export function createSettling({ db, reader, hub, metrics, log, config }: SettlingParts): Settling {
  const closing = new AbortController();

  async function storeTaskId(
    { id, source_task_id: source }: VideoRow,
    taskId: string,
  ): Promise<VideoRow | undefined> {
    // A read of the source's id would report the source, so only the callback can end such a task.
    const isSource = taskId === source;
    if (isSource)
      log.warn({ video: id, taskId }, "the upstream answered with the source's task id");
    const confirmed = await confirmSubmit(
      db,
      isSource
        ? { id, taskId: null, firstCheckMs: config.TASK_DEADLINE_MS }
        : { id, taskId, firstCheckMs: config.RECONCILE_AFTER_MS },
    );
    if (confirmed) return confirmed;
    log.error({ video: id, taskId }, "the upstream answered with another video's task id");
    return leaveUnconfirmed(id, null);
  }

  async function leaveUnconfirmed(
    id: string,
    rejection: string | null,
  ): Promise<VideoRow | undefined> {
    await markUnconfirmed(db, id, config.UNCONFIRMED_DEADLINE_MS, rejection);
    return findRow(db, id);
  }

  function refuse(row: VideoRow, error: GatewayError, req: string | undefined) {
    const { id } = row;
    const { code, upstreamCode } = error;
    log.warn({ req, video: id, code, upstreamCode, fix: toFix(error) }, 'submit refused');
    metrics.submit(code);
    const gapMs = toRetryGap(row, error);
    if (gapMs !== null)
      return persist(id, async () => (await putBack(row, gapMs)) ?? findRow(db, id));
    // The caller already has the video, so the refusal ends it.
    if (row.sent_at !== null) {
      const end = { outcome: toFailure(error), reported: false, isRefusal: true };
      return persist(id, async () => {
        await endTask({ db, reader, hub, metrics, log }, row, end, 'submit');
        return findRow(db, id);
      });
    }
    return persist(id, async () => {
      // Either the upstream refused it, or the POST has not left.
      await rejectSubmit(db, id, serializeRejection(error), upstreamCode !== null);
      return findRow(db, id);
    });
  }

  /** Undefined when the row must not be sent again. */
  async function putBack(row: VideoRow, gapMs: number): Promise<VideoRow | undefined> {
    const returned = await returnToQueue(db, row, gapMs, config.SUBMITS_PER_DAY);
    if (returned?.ended) notifyEnd({ db, reader, hub, metrics, log }, returned.ended, 'withdrawal');
    return returned?.row;
  }

  function leaveInDoubt({ id }: VideoRow, error: unknown, req: string | undefined) {
    const isInDoubt = error instanceof AnswerInDoubtError;
    const isExpected = isInDoubt || error instanceof AnswerLostError;
    log[isExpected ? 'warn' : 'error']({ req, video: id, err: error }, 'submit unconfirmed');
    metrics.submit('OUTCOME_UNKNOWN');
    const rejection = isInDoubt ? serializeRejection(new UpstreamError(error.facts)) : null;
    return persist(id, () => leaveUnconfirmed(id, rejection));
  }

  /** The answer exists only in memory, so the write is retried until `close` while the database is down. */
  async function persist<T>(id: string, write: () => Promise<T>): Promise<T | undefined> {
    for (let pause = 50; ; pause = Math.min(pause * 2, MAX_PAUSE_MS)) {
      try {
        return await write();
      } catch (error) {
        log.error({ video: id, err: error }, 'an answer could not be stored yet');
        if (!(error instanceof GatewayUnavailableError) || closing.signal.aborted) return undefined;
      }
      await delay(pause, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  }

  /** Repeats a write until it finds its row. */
  async function undo(id: string, runtimeMs: number, write: () => Promise<boolean>): Promise<void> {
    const until = performance.now() + runtimeMs;
    for (let pause = 50; ; pause = Math.min(pause * 2, MAX_PAUSE_MS)) {
      const isUndone = await persist(id, write);
      if (isUndone !== false || closing.signal.aborted || performance.now() > until) return;
      await delay(pause, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  }

  return {
    confirm(row, taskId, req) {
      log.info({ req, video: row.id, taskId }, 'submit confirmed');
      metrics.submit('ok');
      return persist(row.id, () => storeTaskId(row, taskId));
    },
    // Only a GatewayError asserts that no task was started; after any other error one may have been.
    fail: (row, error, req) =>
      error instanceof GatewayError ? refuse(row, error, req) : leaveInDoubt(row, error, req),
    async release(id, runtimeMs) {
      const rejection = serializeRejection(new GatewayUnavailableError());
      await undo(id, runtimeMs, () => rejectSubmit(db, id, rejection, false));
    },
    async takeBack(row, runtimeMs) {
      const rejection = serializeRejection(new GatewayUnavailableError());
      await undo(row.id, runtimeMs, async () =>
        row.queue_until === null
          ? releaseTaken(db, row, rejection)
          : (await putBack(row, 0)) !== undefined,
      );
      hub.publish(row);
    },
    close: () => closing.abort(),
  };
}
