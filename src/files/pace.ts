/** Limits how fast copies are made, so that requests are not delayed by them. */

import { setTimeout as delay } from 'node:timers/promises';

/** Shorter waits are added up until they reach this: a timer would cost more time than they do. */
const SHORTEST_WAIT_MS = 20;

export interface Pace {
  /** Resolves when this many more bytes may be handled. */
  take(bytes: number): Promise<void> | undefined;
}

/** @param bytesPerSecond for all copies that share the pace. */
export function createPace(bytesPerSecond: number): Pace {
  /** When everything taken so far fits the pace, by `performance.now()`. */
  let paidAt = 0;
  return {
    take(bytes) {
      const now = performance.now();
      paidAt = Math.max(paidAt, now) + (bytes / bytesPerSecond) * 1_000;
      const waitMs = paidAt - now;
      return waitMs < SHORTEST_WAIT_MS ? undefined : delay(waitMs);
    },
  };
}
