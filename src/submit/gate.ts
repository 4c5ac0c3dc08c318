/** The rate limit of submits: which of them may be sent at once, and how an answer of the upstream changes it. */

import type { Logger } from 'pino';
import { RateLimitedError } from '../errors.ts';
import {
  type Allowance,
  type Place,
  pauseAllowance,
  putPlaceBack,
  restartPlace,
  takePlaceForNewSubmit,
} from '../store/allowance.ts';
import type { SubmitLimits } from '../store/owner-limits.ts';
import { endPause } from '../store/pauses.ts';
import type { Database } from '../store/schema.ts';
import type { NewSubmit } from '../store/transitions/insert.ts';
import { createInsertWithPlace, type Inserted } from '../store/transitions/insert-with-place.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { countBefore, isFresh, type QueueReading, readQueue, toWaitMs } from './queue-reading.ts';

export interface Gate {
  /**
   * The error for a submit of the owner that would have to wait longer than SUBMIT_MAX_WAIT_MS; null when
   * it may get a place in time. Uses the last reading of the queue instead of a query. The metrics count
   * a refusal as a wait of 0 s.
   */
  findRefusal(owner: string): RateLimitedError | null;
  /**
   * Takes a place in the transaction of a new submit, if one is free and no other submit waits.
   *
   * @param isInOrder whether the owner's scheduled submits go first, too.
   */
  takeFree(trx: Database, owner: string, isInOrder: boolean): Promise<Place | null>;
  /**
   * Commits the row of a new submit together with a place, if one is free, no other submit waits, and no limit
   * is exceeded.
   */
  insertWithPlace(db: Database, submit: NewSubmit, isInOrder: boolean): Promise<Inserted>;
  /** Gives a place back in the transaction that took it. */
  putBack(trx: Database, place: Place): Promise<void>;
  /**
   * Reads the queue.
   *
   * @returns the error for a submit of the owner that cannot get a place in time; null when it may wait.
   */
  checkWait(db: Database, owner: string): Promise<RateLimitedError | null>;
  /** The error for a submit that has waited for SUBMIT_MAX_WAIT_MS. */
  toRefusal(owner: string): Promise<RateLimitedError>;
  /** Must be called when a request has left: its window starts then, not when it got its place. */
  leave(place: Place): void;
  /**
   * Must be called with the outcome of each call. A 429 pauses all submits for the time of its
   * Retry-After, or else for one window. Any other outcome of a trial call ends the pause. Never rejects.
   */
  conclude(place: Place, error?: unknown): Promise<void>;
}

export interface GateParts {
  readonly db: Database;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly allowance: Allowance;
  /** Checked when a submit is inserted together with its place. */
  readonly spending: SubmitLimits;
  readonly maxWaitMs: number;
}

export function createGate(parts: GateParts): Gate {
  const { db, log, metrics, allowance, maxWaitMs } = parts;
  const insertWithPlace = createInsertWithPlace(parts.spending);
  let reading: QueueReading | null = null;

  /** According to the last reading of the queue. */
  function findWaitMs(owner: string): number {
    return reading ? toWaitMs(reading, allowance, countBefore(reading, owner, 'NOW')) : 0;
  }

  function toError(waitMs: number): RateLimitedError {
    return new RateLimitedError({ retryAfter: Math.max(1, Math.ceil(waitMs / 1_000)) });
  }

  function findRefusal(owner: string): RateLimitedError | null {
    if (!reading || !isFresh(reading)) return null;
    const waitMs = findWaitMs(owner);
    if (waitMs <= maxWaitMs) return null;
    metrics.gateWait(false, 0);
    return toError(waitMs);
  }

  async function pause(seconds: number | null): Promise<void> {
    const pauseMs = await pauseAllowance(db, allowance, seconds);
    log.warn({ seconds: pauseMs / 1_000 }, 'submits are paused: the upstream has answered 429');
  }

  async function resume(): Promise<void> {
    await endPause(db, allowance.name);
    log.info('submits continue: the upstream accepts calls again');
  }

  return {
    findRefusal,
    takeFree: (trx, owner, isInOrder) =>
      takePlaceForNewSubmit(trx, allowance, isInOrder ? owner : null),
    insertWithPlace: (connection, submit, isInOrder) =>
      insertWithPlace(connection, submit, allowance, isInOrder ? submit.owner : null),
    putBack: (trx, place) => putPlaceBack(trx, allowance, place),
    async checkWait(trx, owner) {
      reading = await readQueue(trx, allowance);
      return findRefusal(owner);
    },
    async toRefusal(owner) {
      // While the database is unavailable, the last reading is the best estimate.
      reading = await readQueue(db, allowance).catch(() => reading);
      return toError(findWaitMs(owner));
    },
    leave(place) {
      restartPlace(db, allowance, place).catch((error: unknown) => {
        log.error({ err: error }, 'the start of a call could not be stored');
      });
    },
    async conclude(place, error) {
      try {
        if (error instanceof RateLimitedError) await pause(error.retryAfter);
        else if (place.isTrial) await resume();
      } catch (fault) {
        log.error({ err: fault }, 'the outcome of a call could not be stored');
      }
    },
  };
}
