/** The upstream's allowance for submits: who may take a place at once, and what a call's answer means for it. */

import type { Logger } from 'pino';
import { RateLimitedError } from '../errors.ts';
import {
  type Allowance,
  type Place,
  pauseAllowance,
  putPlaceBack,
  restartPlace,
  takePlaceOutOfLine,
} from '../store/allowance.ts';
import { endPause } from '../store/pauses.ts';
import type { Database } from '../store/schema.ts';
import type { NewSubmit } from '../store/transitions/insert.ts';
import { type Inserted, insertWithPlace } from '../store/transitions/insert-with-place.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { countBefore, isBelieved, type Line, readLine, toWaitMs } from './line.ts';

export interface Gate {
  /**
   * Why a submit of the owner is hopeless: the line, or a pause, is longer than it may wait. Null: it
   * may get a place. Asks no database. A refusal is counted as a wait of no time.
   */
  findRefusal(owner: string): RateLimitedError | null;
  /**
   * Takes a place in the transaction of a new submit, if one is free and nobody waits.
   *
   * @param isInOrder whether the owner's scheduled submits go first, too.
   */
  takeFree(trx: Database, owner: string, isInOrder: boolean): Promise<Place | null>;
  /** Commits the row of a new submit together with a place, where one is free and nobody waits. */
  insertWithPlace(db: Database, submit: NewSubmit, isInOrder: boolean): Promise<Inserted>;
  /** Gives a place back in the transaction that took it. */
  putBack(trx: Database, place: Place): Promise<void>;
  /**
   * Reads how long the line is now.
   *
   * @returns the refusal of a submit of the owner that cannot get a place in time; null: it may wait.
   */
  checkWait(db: Database, owner: string): Promise<RateLimitedError | null>;
  /** The refusal of a submit that has waited as long as it may. */
  toRefusal(owner: string): Promise<RateLimitedError>;
  /** Must be called when a request has left: its window starts then, not when it got its place. */
  leave(place: Place): void;
  /**
   * To be called with the outcome of a call: a 429 makes everybody wait, for as long as it says or for
   * a window, and anything else ends a pause whose end the call has tried. Never rejects.
   */
  conclude(place: Place, error?: unknown): Promise<void>;
}

export interface GateParts {
  readonly db: Database;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly allowance: Allowance;
  readonly maxWaitMs: number;
}

export function createGate({ db, log, metrics, allowance, maxWaitMs }: GateParts): Gate {
  let line: Line | null = null;

  /** By the last reading of the line. */
  function findWaitMs(owner: string): number {
    return line ? toWaitMs(line, allowance, countBefore(line, owner, 'NOW')) : 0;
  }

  function toError(waitMs: number): RateLimitedError {
    return new RateLimitedError({ retryAfter: Math.max(1, Math.ceil(waitMs / 1_000)) });
  }

  function findRefusal(owner: string): RateLimitedError | null {
    if (!line || !isBelieved(line)) return null;
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
    log.info('submits go on: the upstream takes calls again');
  }

  return {
    findRefusal,
    takeFree: (trx, owner, isInOrder) =>
      takePlaceOutOfLine(trx, allowance, isInOrder ? owner : null),
    insertWithPlace: (connection, submit, isInOrder) =>
      insertWithPlace(connection, submit, allowance, isInOrder ? submit.owner : null),
    putBack: (trx, place) => putPlaceBack(trx, allowance, place),
    async checkWait(trx, owner) {
      line = await readLine(trx, allowance);
      return findRefusal(owner);
    },
    async toRefusal(owner) {
      // With the database away, the last reading is the best there is.
      line = await readLine(db, allowance).catch(() => line);
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
