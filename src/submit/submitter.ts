/** Accepts a submit: commits its row, then sends it, makes it wait, or schedules it. */

import type { Logger } from 'pino';
import { createToken, hashToken, toCallbackUrl } from '../callbacks/callback-url.ts';
import type { Config } from '../config.ts';
import type { Hub } from '../delivery/hub.ts';
import type { Reader } from '../delivery/reader.ts';
import { GatewayError, GatewayUnavailableError, OutcomeUnknownError } from '../errors.ts';
import { checkSameInput } from '../idempotency.ts';
import { toAllowance } from '../store/allowance.ts';
import { toVideo, type VideoRow } from '../store/rows.ts';
import type { Database } from '../store/schema.ts';
import { findAnswerer } from '../store/submits.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Span, Tracing } from '../telemetry/tracing.ts';
import type { UpstreamClient } from '../upstream/client.ts';
import type { Video } from '../video.ts';
import { createVideoId } from '../video-id.ts';
import { waitForAnswer } from './answer.ts';
import { createBreaker, NO_BREAKER } from './breaker.ts';
import { createDispatcher } from './dispatcher.ts';
import { createGate } from './gate.ts';
import { type NewTask, toColumns, toSubmitFingerprint } from './input.ts';
import { type OpenedSubmit, type Openings, openSubmit } from './opening.ts';
import { createSender } from './sender.ts';
import { createSettling } from './settling.ts';
import { type SpendConfig, toSpending } from './spending.ts';
import { createTimeLimit } from './time-limit.ts';
import { withdraw } from './withdraw.ts';

/** Time for two commits on a busy database, in addition to the upstream's deadline. */
const COMMIT_ALLOWANCE_MS = 5_000;

export interface SubmitterParts {
  readonly db: Database;
  readonly hub: Hub;
  readonly reader: Reader;
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
    | 'QUEUE_DEADLINE_MS'
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
   * Starts or schedules a task, or joins a concurrent submit that took the owner's key first. Resolves when
   * the upstream has confirmed the task, or when it is scheduled. The submit continues when the caller stops
   * waiting.
   *
   * @throws the errors of the upstream's answer; OutcomeUnknownError when it was lost;
   * IdempotencyConflictError; RateLimitedError; GatewayUnavailableError when nothing was started.
   */
  submit(task: NewTask): Promise<Video>;
  /**
   * Joins the submit whose row holds the key, as it was read just before. Its input must be the same.
   *
   * @throws the errors of the upstream's answer; OutcomeUnknownError; GatewayUnavailableError.
   */
  repeat(holder: VideoRow): Promise<Video>;
  /**
   * Withdraws a scheduled submit, unpaid. A repeated call succeeds again. Waits for the outcome if the
   * submit is being sent.
   *
   * @throws VideoNotFoundError; TooLateError when its task exists or may exist.
   */
  withdraw(owner: string, key: string): Promise<Video>;
  /** Seconds for which the breaker stays open; 0 while it is closed. */
  readonly breakerSeconds: number;
  /** Sends scheduled submits from now on. Call it once the server listens. */
  start(): void;
  /**
   * Refuses new submits, and submits whose callers wait for their turn. Resolves when all submits in flight
   * are settled. Scheduled submits stay in the database.
   */
  drain(): Promise<void>;
  /** Stops retrying writes of answers while the database is unavailable. */
  close(): void;
}

interface Begun {
  readonly row: VideoRow;
  /** Resolves with the settled row; null when another submit settles it, or when there is nothing to settle. */
  readonly settled: Promise<VideoRow | undefined> | null;
}

export function createSubmitter(parts: SubmitterParts): Submitter {
  const { db, hub, upstream, metrics, tracing, log, config } = parts;
  const spending = toSpending(config);
  const allowance = toAllowance('submit', config);
  const maxWaitMs = config.SUBMIT_MAX_WAIT_MS;
  const gate = createGate({ db, log, metrics, allowance, spending, maxWaitMs });
  const breaker = config.UPSTREAM_BREAKER ? createBreaker({ onOpen }) : NO_BREAKER;
  function onOpen({ code, retryAfter }: GatewayError): void {
    log.warn({ code, seconds: retryAfter }, 'submits are refused: the breaker is open');
  }
  const settling = createSettling(parts);
  const send = createSender({ upstream, gate, breaker, settling });
  const sendMs = config.UPSTREAM_TIMEOUT_MS + COMMIT_ALLOWANCE_MS;
  const dispatcher = createDispatcher({
    ...parts,
    ...{ allowance, spending, gate, breaker, send, maxWaitMs },
    takeBack: settling.takeBack,
    runtimeMs: sendMs,
  });
  const openings: Openings = new Map();
  hub.onScheduled(dispatcher.wake);
  const inFlight = new Set<Promise<unknown>>();
  let isDraining = false;

  async function submit(task: NewTask): Promise<Video> {
    if (isDraining) throw new GatewayUnavailableError();
    const fingerprint = toSubmitFingerprint(task.input, task.scheduling);
    const { row, settled } = await track(begin(task, fingerprint));
    checkSameInput(row.fingerprint, fingerprint);
    try {
      return await waitForAnswer(parts, row, settled, false);
    } finally {
      if (settled) dispatcher.forget(row.id);
    }
  }

  async function repeat(holder: VideoRow): Promise<Video> {
    if (isDraining) throw new GatewayUnavailableError();
    return waitForAnswer(parts, holder, null, holder.state !== 'SUBMITTING');
  }

  /** Commits a row and starts sending it, or returns the row of a concurrent submit that took the key first. */
  async function begin(task: NewTask, fingerprint: string): Promise<Begun> {
    const { owner, input, scheduling, idempotencyKey } = task;
    const { canQueue, notBefore } = scheduling;
    const mustQueue = canQueue || notBefore !== null;
    const refusal = breaker.findRefusal() ?? gate.findRefusal(owner);
    if (refusal && !mustQueue) {
      metrics.submit(refusal.code);
      throw refusal;
    }
    const id = createVideoId();
    // The span ends with the submit, which continues after its row is committed.
    const span = tracing.start({ name: 'submit', attributes: { 'longtake.video': id } });
    const token = createToken();
    const runtimeMs = maxWaitMs + sendMs;
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
      queue: mustQueue ? { notBefore, deadlineMs: config.QUEUE_DEADLINE_MS } : null,
    };
    const mustWait = refusal !== null || notBefore !== null;
    // Set when the commit was not acknowledged. A row with a place could be sent only by this process, which
    // does not send it. A waiting row may be sent by any process.
    let uncertain: { readonly waiting: VideoRow | null } | undefined;
    const opened = await openSubmit(
      { db, openings, spending, gate },
      submit,
      mustWait,
      (waiting) => {
        uncertain = { waiting };
      },
    ).catch((error: unknown) => {
      span.end(error);
      if (error instanceof GatewayError) metrics.submit(error.code);
      if (uncertain?.waiting) throw new OutcomeUnknownError(toVideo(uncertain.waiting));
      if (uncertain) void settling.release(id, runtimeMs);
      throw error;
    });
    if (opened) return proceed(opened, token, isTooLate, task.requestId, span);
    span.end();
    // The other submit may already be a tombstone. Its answer applies to this caller as well, because the
    // caller arrived before it was settled.
    const winner = await findAnswerer(db, owner, idempotencyKey ?? '');
    if (!winner) throw new Error('The submit was not inserted although no other has its key.');
    return { row: winner, settled: null };
  }

  function proceed(
    { row, place }: OpenedSubmit,
    token: string,
    isTooLate: () => boolean,
    requestId: string | undefined,
    span: Span,
  ): Begun {
    if (place) {
      metrics.gateWait(true, 0);
      const callBackUrl = toCallbackUrl(parts.publicUrl(), row.id, token);
      const sending = { row, place, callBackUrl, isTooLate, requestId };
      return { row, settled: track(span.run(() => sendNow(sending, span))) };
    }
    span.end();
    if (row.state === 'SCHEDULED') {
      metrics.submit('SCHEDULED');
      dispatcher.wake();
      return { row, settled: null };
    }
    return { row, settled: dispatcher.waitFor(row) };
  }

  function track<T>(run: Promise<T>): Promise<T> {
    inFlight.add(run);
    const done = () => inFlight.delete(run);
    run.then(done, done);
    return run;
  }

  async function sendNow(sending: Parameters<typeof send>[0], span: Span) {
    const outcome = await send(sending);
    span.end(outcome.fault);
    hub.publish(sending.row);
    if (outcome.row?.state === 'SCHEDULED') dispatcher.wake();
    return outcome.row;
  }

  return {
    submit,
    repeat,
    withdraw: (owner, key) => withdraw(parts, owner, key),
    get breakerSeconds() {
      return breaker.findRefusal()?.retryAfter ?? 0;
    },
    start: dispatcher.start,
    async drain() {
      isDraining = true;
      await dispatcher.drain();
      while (inFlight.size > 0) await Promise.allSettled(inFlight);
    },
    close: settling.close,
  };
}
