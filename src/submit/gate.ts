/** Where submits wait for their share of what the upstream allows: fair among owners, for a time. */

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
  toPauseMs,
} from '../store/allowance.ts';
import type { Database } from '../store/schema.ts';

/** How long to leave a database alone that could not be asked. */
const RETRY_MS = 200;

export interface Gate {
  /** Whether somebody waits already: a newcomer must not pass by. */
  readonly isBusy: boolean;
  /**
   * Resolves with a place when the owner's turn has come.
   *
   * @throws RateLimitedError with an honest `retryAfter` after the longest wait;
   * GatewayUnavailableError when the gateway drains.
   */
  wait(owner: string): Promise<Place>;
  /** To be called when a call has left: its window begins then, and not when its turn came. */
  leave(place: Place): void;
  /** The upstream has refused a call for so many seconds, or for a window: everybody waits. */
  pause(seconds: number | null): Promise<void>;
  /** Sends those who wait away, and all who come. */
  drain(): void;
}

interface Waiter {
  readonly enter: (place: Place) => void;
  readonly refuse: (error: Error) => void;
  /** When it is refused, by this process's clock. */
  readonly deadline: number;
}

export function createGate(parts: {
  readonly db: Database;
  readonly log: Logger;
  readonly allowance: Allowance;
  readonly maxWaitMs: number;
}): Gate {
  const { db, log, allowance, maxWaitMs } = parts;
  /** Who waits, by owner; the owners in the order in which they are served next. */
  const queues = new Map<string, Waiter[]>();
  let count = 0;
  let isPumping = false;
  let isDraining = false;

  async function wait(owner: string): Promise<Place> {
    if (isDraining) throw new GatewayUnavailableError();
    const { promise, resolve, reject } = Promise.withResolvers<Place>();
    const waiter: Waiter = { enter: resolve, refuse: reject, deadline: Date.now() + maxWaitMs };
    const queue = queues.get(owner);
    if (queue) queue.push(waiter);
    else queues.set(owner, [waiter]);
    count += 1;
    if (!isPumping) void pump();

    const timer = setTimeout(async () => {
      if (withdraw(owner, waiter)) reject(new RateLimitedError({ retryAfter: await estimate() }));
    }, maxWaitMs);
    return promise.finally(() => clearTimeout(timer));
  }

  /** Seconds until a newcomer would be served, after those who go on waiting. */
  async function estimate(): Promise<number> {
    const next = await findNextPlace(db, allowance).catch(() => 0);
    const staying = [...queues.values()].flat().filter(({ deadline }) => deadline > Date.now());
    const windows = Math.floor(staying.length / allowance.calls);
    return Math.max(1, Math.ceil((next + windows * allowance.windowMs) / 1_000));
  }

  /** Gives out places as they become free, for as long as somebody waits. */
  async function pump(): Promise<void> {
    isPumping = true;
    while (count > 0) {
      try {
        const place = await takePlace(db, allowance);
        const waiter = place === null ? undefined : takeNext();
        if (place !== null) waiter?.enter(place);
        else await delay(Math.min(maxWaitMs, await findNextPlace(db, allowance)) + 1);
      } catch (error) {
        log.error({ err: error }, 'the allowance could not be asked for');
        await delay(RETRY_MS);
      }
    }
    isPumping = false;
  }

  /** One of each owner in turn: many submits of one do not keep another's only one waiting. */
  function takeNext(): Waiter | undefined {
    for (const [owner, queue] of queues) {
      const waiter = queue.shift();
      queues.delete(owner);
      if (queue.length > 0) queues.set(owner, queue);
      count -= 1;
      return waiter;
    }
    return undefined;
  }

  /** False when its turn had come in the same moment. */
  function withdraw(owner: string, waiter: Waiter): boolean {
    const queue = queues.get(owner) ?? [];
    const index = queue.indexOf(waiter);
    if (index === -1) return false;
    queue.splice(index, 1);
    if (queue.length === 0) queues.delete(owner);
    count -= 1;
    return true;
  }

  return {
    get isBusy() {
      return count > 0;
    },
    wait,
    leave(place) {
      restartPlace(db, allowance, place).catch((error: unknown) => {
        log.error({ err: error }, 'the allowance could not be told of a call');
      });
    },
    async pause(seconds) {
      await pauseAllowance(db, allowance.name, toPauseMs(allowance, seconds));
    },
    drain() {
      isDraining = true;
      for (let waiter = takeNext(); waiter; waiter = takeNext()) {
        waiter.refuse(new GatewayUnavailableError());
      }
    },
  };
}
