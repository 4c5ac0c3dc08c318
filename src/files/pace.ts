/** Limits how fast copies are made, so that requests are not delayed by them. */

import { setTimeout as delay } from 'node:timers/promises';

/** Shorter waits are put off until they have added up: a timer costs more than they do. */
const SHORTEST_WAIT_MS = 20;

export interface Pace {
  /** Resolves when so many more bytes may be handled. */
  take(bytes: number): Promise<void> | undefined;
}

/** @param bytesPerSecond of all who share the pace. */
export function createPace(bytesPerSecond: number): Pace {
  /** By `performance.now()`: when everything that was taken is paid for. */
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
