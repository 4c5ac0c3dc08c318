/** Queues submits for the upstream's allowance: fair among owners, up to SUBMIT_MAX_WAIT_MS. */

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { GatewayUnavailableError, RateLimitedError } from '../errors.ts';
import {
  type Allowance,
  findNextPlace,
  type Place,
  pauseAllowance,
  restartPlace,
  takePlace,
} from '../store/allowance.ts';
import { endPause } from '../store/pauses.ts';
import type { Database } from '../store/schema.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createLine } from './line.ts';

/** The pause after a failed database query. */
const RETRY_MS = 200;
/** A place may become free sooner than it seemed: another replica has found a pause to be over. */
const MAX_SLEEP_MS = 1_000;
/** How long what was found out about the next place is believed. */
const BELIEVED_MS = 2_000;

export interface Gate {
  /**
   * Why a submit of the owner is hopeless: the line, or a pause, is longer than it may wait. Null: it
   * may get a place. Asks no database. A refusal is counted as a wait of no time.
   */
  findRefusal(owner: string): RateLimitedError | null;
  /**
   * Takes a place in the transaction of a new submit, if one is free and nobody waits; null: it has
   * to wait for its turn.
   *
   * @throws RateLimitedError as `findRefusal`, so that the submit is not stored.
   */
  takeFree(trx: Database, owner: string): Promise<Place | null>;
  /**
   * Resolves with a place when it is the owner's turn.
   *
   * @throws RateLimitedError with the estimated `retryAfter` after the longest wait;
   * GatewayUnavailableError when the gateway drains.
   */
  wait(owner: string): Promise<Place>;
  /** Must be called when a request has left: its window starts then, not when it got its place. */
  leave(place: Place): void;
  /**
   * To be called with the outcome of a call: a 429 makes everybody wait, for as long as it says or for
   * a window, and anything else ends a pause whose end the call has tried. Never rejects.
   */
  conclude(place: Place, error?: unknown): Promise<void>;
  /** Refuses all waiting and all later submits. */
  drain(): void;
}

interface Waiter {
  readonly enter: (place: Place) => void;
  readonly refuse: (error: Error) => void;
}

export function createGate(parts: {
  readonly db: Database;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly allowance: Allowance;
  readonly maxWaitMs: number;
}): Gate {
  const { db, log, metrics, allowance, maxWaitMs } = parts;
  const line = createLine<Waiter>();
  /** When a place is free next, by `performance.now`, and when that was found out. */
  let next = { at: 0, foundAt: Number.NEGATIVE_INFINITY };
  let isPumping = false;
  let isDraining = false;

  async function findNext(database: Database): Promise<number> {
    const waitMs = await findNextPlace(database, allowance);
    const now = performance.now();
    next = { at: now + waitMs, foundAt: now };
    return waitMs;
  }

  /** Milliseconds until a new submit of the owner is served; a lower bound, because other replicas have queues too. */
  function toWaitMs(owner: string): number {
    const now = performance.now();
    const isKnown = now - next.foundAt < BELIEVED_MS;
    const windows = Math.floor(line.countBefore(owner) / allowance.calls);
    return (isKnown ? Math.max(0, next.at - now) : 0) + windows * allowance.windowMs;
  }

  function toRefusal(owner: string): RateLimitedError {
    const retryAfter = Math.max(1, Math.ceil(toWaitMs(owner) / 1_000));
    return new RateLimitedError({ retryAfter });
  }

  function findRefusal(owner: string): RateLimitedError | null {
    if (toWaitMs(owner) <= maxWaitMs) return null;
    metrics.gateWait(false, 0);
    return toRefusal(owner);
  }

  async function wait(owner: string): Promise<Place> {
    if (isDraining) throw new GatewayUnavailableError();
    const { promise, resolve, reject } = Promise.withResolvers<Place>();
    const waiter: Waiter = { enter: resolve, refuse: reject };
    line.join(owner, waiter);
    if (!isPumping) void pump();

    const timer = setTimeout(async () => {
      if (!line.leave(owner, waiter)) return;
      await findNext(db).catch(() => undefined);
      reject(toRefusal(owner));
    }, maxWaitMs);
    return promise.finally(() => clearTimeout(timer));
  }

  /** Hands out places as they become free, while submits wait. */
  async function pump(): Promise<void> {
    isPumping = true;
    while (line.length > 0) {
      try {
        const place = await takePlace(db, allowance);
        if (place) line.takeNext()?.enter(place);
        else await delay(Math.min(maxWaitMs, MAX_SLEEP_MS, await findNext(db)) + 1);
      } catch (error) {
        log.error({ err: error }, 'the allowance could not be asked for');
        await delay(RETRY_MS);
      }
    }
    isPumping = false;
  }

  async function pause(seconds: number | null): Promise<void> {
    const pauseMs = await pauseAllowance(db, allowance, seconds);
    log.warn({ seconds: pauseMs / 1_000 }, 'submits are paused: the upstream has answered 429');
  }

  async function resume(): Promise<void> {
    await endPause(db, allowance.name);
    log.info('submits go on: the upstream takes calls again');
  }

  return {
    findRefusal,
    async takeFree(trx, owner) {
      const place = line.length > 0 ? null : await takePlace(trx, allowance);
      if (place) return place;
      await findNext(trx);
      const refusal = findRefusal(owner);
      if (refusal) throw refusal;
      return null;
    },
    wait,
    leave(place) {
      restartPlace(db, allowance, place).catch((error: unknown) => {
        log.error({ err: error }, 'the allowance could not be told of a call');
      });
    },
    async conclude(place, error) {
      try {
        if (error instanceof RateLimitedError) await pause(error.retryAfter);
        else if (place.isTrial) await resume();
      } catch (fault) {
        log.error({ err: fault }, 'the allowance could not be told how a call ended');
      }
    },
    drain() {
      isDraining = true;
      for (let waiter = line.takeNext(); waiter; waiter = line.takeNext()) {
        waiter.refuse(new GatewayUnavailableError());
      }
    },
  };
}
