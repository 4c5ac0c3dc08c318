/** Runs a submit: commits its row, sends one POST, and stores the answer in the row. */

import type { Logger } from 'pino';
import { createToken, hashToken, toCallbackUrl } from '../callbacks/callback-url.ts';
import type { Config } from '../config.ts';
import type { Hub } from '../delivery/hub.ts';
import { GatewayError, GatewayUnavailableError, IdempotencyConflictError } from '../errors.ts';
import { toAllowance } from '../store/allowance.ts';
import type { VideoRow } from '../store/rows.ts';
import type { Database } from '../store/schema.ts';
import { findAnswerer, findKeyHolder } from '../store/submits.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Span, Tracing } from '../telemetry/tracing.ts';
import type { UpstreamClient } from '../upstream/client.ts';
import type { Video } from '../video.ts';
import { createVideoId } from '../video-id.ts';
import { waitForAnswer } from './answer.ts';
import { createBreaker, NO_BREAKER } from './breaker.ts';
import { createGate } from './gate.ts';
import { type TaskInput, toColumns, toFingerprint } from './input.ts';
import { type OpenedSubmit, openSubmit, type SpendConfig, toSpendLimits } from './opening.ts';
import { sendInTurn } from './sender.ts';
import { createSettling } from './settling.ts';
import { createTimeLimit } from './time-limit.ts';

/** Time for two commits on a busy database, in addition to the upstream's deadline. */
const COMMIT_ALLOWANCE_MS = 5_000;

export interface SubmitterParts {
  readonly db: Database;
  readonly hub: Hub;
  readonly upstream: UpstreamClient;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly log: Logger;
  readonly config: Pick<
    Config,
    | 'UPSTREAM_TIMEOUT_MS'
    | 'UPSTREAM_REQUESTS'
    | 'UPSTREAM_WINDOW_MS'
    | 'UPSTREAM_BREAKER'
    | 'SUBMIT_MAX_WAIT_MS'
    | 'UNCONFIRMED_DEADLINE_MS'
    | 'RECONCILE_AFTER_MS'
    | 'TASK_DEADLINE_MS'
  > &
    SpendConfig;
  /** Known once the server listens. */
  readonly publicUrl: () => string;
}

export interface Submitter {
  /**
   * Starts a task, or joins the submit that holds the owner's key. Resolves when the upstream has
   * confirmed the task. The submit goes on when the caller stops waiting.
   *
   * @param requestId for the log.
   * @throws the errors of the upstream's answer; OutcomeUnknownError when it was lost;
   * IdempotencyConflictError; RateLimitedError; GatewayUnavailableError when nothing was begun.
   */
  submit(
    owner: string,
    input: TaskInput,
    idempotencyKey: string | null,
    requestId?: string,
  ): Promise<Video>;
  /** Seconds for which the breaker stays open; 0 while it is closed. */
  readonly breakerSeconds: number;
  /**
   * Refuses new submits from now on, and those that wait for their turn; resolves when those in
   * flight have been settled.
   */
  drain(): Promise<void>;
  /** Stops retrying writes of answers while the database is unavailable. */
  close(): void;
}

interface Begun {
  readonly row: VideoRow;
  /** Resolves with the settled row; null when another submit settles it. */
  readonly settled: Promise<VideoRow | undefined> | null;
}

export function createSubmitter(parts: SubmitterParts): Submitter {
  const { db, hub, upstream, metrics, tracing, log, config } = parts;
  const spending = { limits: toSpendLimits(config), dailyCap: config.SUBMITS_PER_DAY };
  const allowance = toAllowance('submit', config);
  const gate = createGate({
    db,
    log,
    metrics,
    allowance,
    maxWaitMs: config.SUBMIT_MAX_WAIT_MS,
  });
  const breaker = config.UPSTREAM_BREAKER ? createBreaker({ onOpen }) : NO_BREAKER;
  function onOpen({ code, retryAfter }: GatewayError): void {
    log.warn({ code, seconds: retryAfter }, 'submits are refused: the breaker is open');
  }
  const sending = { db, upstream, gate, breaker, metrics };
  const settling = createSettling(parts);
  const inFlight = new Set<Promise<unknown>>();
  let isDraining = false;

  async function submit(
    owner: string,
    input: TaskInput,
    idempotencyKey: string | null,
    requestId?: string,
  ): Promise<Video> {
    if (isDraining) throw new GatewayUnavailableError();
    const fingerprint = toFingerprint(input);
    const holder =
      idempotencyKey === null ? undefined : await findKeyHolder(db, owner, idempotencyKey);
    const { row, settled } = holder
      ? { row: holder, settled: null }
      : await track(begin(owner, input, idempotencyKey, fingerprint, requestId));
    if (row.fingerprint !== fingerprint) throw new IdempotencyConflictError();
    const isReplay = holder !== undefined && holder.state !== 'SUBMITTING';
    return waitForAnswer(parts, row, settled, isReplay);
  }

  /** Commits a row and starts sending; or returns the row of the submit that took the key just before. */
  async function begin(
    owner: string,
    input: TaskInput,
    idempotencyKey: string | null,
    fingerprint: string,
    requestId: string | undefined,
  ): Promise<Begun> {
    const refusal = breaker.findRefusal() ?? gate.findRefusal(owner);
    if (refusal) {
      metrics.submit(refusal.code);
      throw refusal;
    }
    const id = createVideoId();
    // The span ends with the submit, which continues after its row is committed.
    const span = tracing.start({ name: 'submit', attributes: { 'longtake.video': id } });
    const token = createToken();
    const runtimeMs = config.SUBMIT_MAX_WAIT_MS + config.UPSTREAM_TIMEOUT_MS + COMMIT_ALLOWANCE_MS;
    // Started before the insert, so that it expires no later than the row's `submit_until`.
    const isTooLate = createTimeLimit(runtimeMs);
    const submit = {
      ...toColumns(input),
      id,
      owner,
      idempotencyKey,
      fingerprint,
      tokenHash: hashToken(token),
      traceparent: span.traceparent,
      runtimeMs,
    };
    const opened = await openSubmit(db, submit, spending, gate, () => {
      void settling.release(id, runtimeMs);
    }).catch((error: unknown) => {
      span.end(error);
      if (error instanceof GatewayError) metrics.submit(error.code);
      throw error;
    });
    if (opened) {
      const callBackUrl = toCallbackUrl(parts.publicUrl(), id, token);
      const settled = track(
        span.run(() => send(opened, { ...input, callBackUrl }, isTooLate, requestId, span)),
      );
      return { row: opened.row, settled };
    }
    span.end();
    // The other submit may already be a tombstone. Its answer applies to this caller too, who arrived
    // before it was settled.
    const winner = await findAnswerer(db, owner, idempotencyKey ?? '');
    if (!winner) throw new Error('A submit was not stored although nothing stood in its way.');
    return { row: winner, settled: null };
  }

  function track<T>(run: Promise<T>): Promise<T> {
    inFlight.add(run);
    const done = () => inFlight.delete(run);
    run.then(done, done);
    return run;
  }

  /** Never rejects: every outcome is written to the row. Resolves with the row. */
  async function send(
    { row, place }: OpenedSubmit,
    request: TaskInput & { callBackUrl: string },
    isTooLate: () => boolean,
    req: string | undefined,
    span: Span,
  ): Promise<VideoRow | undefined> {
    let settled: VideoRow | undefined;
    let fault: unknown;
    try {
      const taskId = await sendInTurn(sending, row, request, place, isTooLate);
      settled = await settling.confirm(row, taskId, req);
    } catch (error) {
      fault = error;
      settled = await settling.fail(row, error, req);
    }
    span.end(fault);
    hub.publish(row);
    return settled;
  }

  return {
    submit,
    get breakerSeconds() {
      return breaker.findRefusal()?.retryAfter ?? 0;
    },
    async drain() {
      isDraining = true;
      gate.drain();
      while (inFlight.size > 0) await Promise.allSettled(inFlight);
    },
    close: settling.close,
  };
}
