/**
 * Sends waiting submits as places of the allowance become free: scheduled ones, and those whose callers
 * wait for the answer.
 */

import type { Logger } from 'pino';
import { createToken, hashToken, toCallbackUrl } from '../callbacks/callback-url.ts';
import type { Hub } from '../delivery/hub.ts';
import { type GatewayError, GatewayUnavailableError } from '../errors.ts';
import { findNextPlace } from '../store/allowance.ts';
import { findNextLane, freeLane } from '../store/lanes.ts';
import type { VideoRow } from '../store/rows.ts';
import { findRow } from '../store/submits.ts';
import { refuseWaiting } from '../store/transitions/refuse.ts';
import type { Taken } from '../store/transitions/schedule.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import type { Breaker } from './breaker.ts';
import type { Gate } from './gate.ts';
import { serializeRejection } from './rejection.ts';
import type { Send } from './sender.ts';
import type { Settling } from './settling.ts';
import { type TakeNextParts, type TakeResult, takeNext } from './take-next.ts';
import { createTimeLimit } from './time-limit.ts';

/** The pause after a failed database query. */
const RETRY_MS = 200;
/** The pause while other transactions hold all lanes. */
const BUSY_MS = 5;
/** The longest sleep: other replicas accept submits, end pauses and free lanes without a notification. */
const MAX_SLEEP_MS = 1_000;

export interface DispatcherParts extends TakeNextParts {
  readonly hub: Hub;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly gate: Gate;
  readonly breaker: Breaker;
  readonly send: Send;
  readonly takeBack: Settling['takeBack'];
  readonly maxWaitMs: number;
  /** Known once the server listens. */
  readonly publicUrl: () => string;
}

export interface Dispatcher {
  /** Begins to send, also what other processes have accepted: it gets callback URLs of this process. */
  start(): void;
  /** Looks for waiting submits at once. */
  wake(): void;
  /**
   * Resolves with the row of a submit whose caller waits, once this process has sent or refused it;
   * undefined when the row could not be stored. The submit is refused after the longest wait.
   */
  waitFor(row: VideoRow): Promise<VideoRow | undefined>;
  /** Call it when the caller has its answer, which another process may have sent. */
  forget(id: string): void;
  /** Takes no more submits, refuses those whose callers wait here, and resolves when all have ended. */
  drain(): Promise<void>;
}

interface Caller {
  readonly resolve: (row: VideoRow | undefined) => void;
  readonly timer: NodeJS.Timeout;
}

export function createDispatcher(parts: DispatcherParts): Dispatcher {
  const { db, hub, log, metrics, tracing, allowance, gate, breaker, runtimeMs } = parts;
  const callers = new Map<string, Caller>();
  const running = new Set<Promise<void>>();
  const stopping = new AbortController();
  let wake = () => {};
  let isWoken = false;

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await sleep(await dispatch());
      } catch (error) {
        log.error({ err: error }, 'waiting submits could not be read');
        await sleep(RETRY_MS);
      }
    }
  }

  /** Sends all submits that can be sent now. Returns the milliseconds until there may be more. */
  async function dispatch(): Promise<number> {
    const refusal = breaker.findRefusal();
    if (refusal) {
      await refuseCallers(refusal);
      return MAX_SLEEP_MS;
    }
    for (;;) {
      const token = createToken();
      const isTooLate = createTimeLimit(runtimeMs);
      const result = await takeNext(parts, hashToken(token), (row) => {
        void parts.takeBack(row, runtimeMs);
      });
      if (result.found === 'submit') {
        track(sendTaken(result, token, isTooLate));
        if (stopping.signal.aborted || breaker.findRefusal()) return 0;
      } else if (result.found === 'no place') {
        return (await findNextPlace(db, allowance)) + 1;
      } else if (result.found === 'no submit') {
        return (await findNextLane(db)) ?? MAX_SLEEP_MS;
      } else if (result.found === 'busy') {
        return BUSY_MS;
      }
    }
  }

  async function sleep(ms: number): Promise<void> {
    if (!isWoken) {
      const woken = Promise.withResolvers<void>();
      wake = woken.resolve;
      const timer = setTimeout(woken.resolve, Math.min(MAX_SLEEP_MS, ms));
      await woken.promise;
      clearTimeout(timer);
      wake = () => {};
    }
    isWoken = false;
  }

  function track(run: Promise<void>): void {
    running.add(run);
    void run.finally(() => running.delete(run));
  }

  async function sendTaken(
    { row, place }: Extract<TakeResult, { found: 'submit' }>,
    token: string,
    isTooLate: () => boolean,
  ): Promise<void> {
    countWait(row);
    hub.publish(row);
    let mustFreeLane = row.sent_at !== null;
    const freeOnce = () => {
      if (!mustFreeLane) return;
      mustFreeLane = false;
      // If this fails, the lane becomes free when the submit's time is over.
      freeLane(db, { owner: row.owner, kind: 'LATER' }).then(wakeUp, logFault);
    };
    const span = tracing.start({
      name: 'dispatch',
      parent: row.traceparent,
      attributes: { 'longtake.video': row.id, 'longtake.waited_ms': row.waited_ms },
    });
    const outcome = await span.run(() =>
      parts.send({
        row,
        place,
        callBackUrl: toCallbackUrl(parts.publicUrl(), row.id, token),
        isTooLate,
        onLeft: freeOnce,
      }),
    );
    freeOnce();
    span.end(outcome.fault);
    finish(row.id, outcome.row);
    hub.publish(row);
    wakeUp();
  }

  function logFault(error: unknown): void {
    log.warn(
      { err: error },
      'the next submit of this owner waits until the previous one has timed out',
    );
  }

  function countWait(row: Taken): void {
    if (row.sent_at === null) metrics.gateWait(true, row.waited_ms / 1_000);
    else metrics.queueWait(row.waited_ms / 1_000);
  }

  function finish(id: string, row: VideoRow | undefined): void {
    const caller = callers.get(id);
    if (!caller) return;
    callers.delete(id);
    clearTimeout(caller.timer);
    caller.resolve(row);
  }

  /** Does nothing if the submit is being sent by now. */
  async function refuseCaller(id: string, error: GatewayError): Promise<void> {
    try {
      if (!(await refuseWaiting(db, id, serializeRejection(error)))) return;
      metrics.gateWait(false, parts.maxWaitMs / 1_000);
      metrics.submit(error.code);
      finish(id, await findRow(db, id));
    } catch (fault) {
      // The row ends by its own deadline in the database.
      log.error({ video: id, err: fault }, 'a waiting submit could not be refused yet');
    }
  }

  async function refuseCallers(error: GatewayError): Promise<void> {
    await Promise.all([...callers.keys()].map((id) => refuseCaller(id, error)));
  }

  function wakeUp(): void {
    isWoken = true;
    wake();
  }

  let ended = Promise.resolve();
  return {
    start() {
      ended = run();
    },
    wake: wakeUp,
    waitFor({ id, owner }) {
      const { promise, resolve } = Promise.withResolvers<VideoRow | undefined>();
      const timer = setTimeout(async () => {
        await refuseCaller(id, await gate.toRefusal(owner));
      }, parts.maxWaitMs);
      callers.set(id, { resolve, timer });
      if (stopping.signal.aborted) void refuseCaller(id, new GatewayUnavailableError());
      else wakeUp();
      return promise;
    },
    forget(id) {
      finish(id, undefined);
    },
    async drain() {
      stopping.abort();
      wakeUp();
      await ended;
      await refuseCallers(new GatewayUnavailableError());
      await Promise.all(running);
      for (const id of [...callers.keys()]) finish(id, undefined);
    },
  };
}
