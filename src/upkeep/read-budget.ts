/** Limits the upstream reads that clients cause, per owner and in total. */

import { MINUTE_MS } from '../durations.ts';

export interface ReadBudget {
  /**
   * Takes a place for one request.
   *
   * @returns null if it may be sent, otherwise the milliseconds until one may.
   */
  take(owner: string): number | null;
}

interface Window {
  /** Its start, by `performance.now`. Windows do not survive a restart. */
  readonly since: number;
  taken: number;
}

/** @param limits per minute; 0 is no limit. Windows begin with their first request. */
export function createReadBudget(limits: {
  readonly perOwner: number;
  readonly inTotal: number;
}): ReadBudget {
  const perOwner = limits.perOwner || Number.POSITIVE_INFINITY;
  const inTotal = limits.inTotal || Number.POSITIVE_INFINITY;
  let total: Window = { since: Number.NEGATIVE_INFINITY, taken: 0 };
  /** Windows of owners that have read recently. */
  const owners = new Map<string, Window>();

  function renew(window: Window | undefined, now: number): Window {
    return window && now - window.since < MINUTE_MS ? window : { since: now, taken: 0 };
  }

  function forget(now: number): void {
    for (const [owner, { since }] of owners) {
      // In the order in which they began.
      if (now - since < MINUTE_MS) return;
      owners.delete(owner);
    }
  }

  return {
    take(owner) {
      const now = performance.now();
      forget(now);
      total = renew(total, now);
      const own = renew(owners.get(owner), now);
      const full = own.taken >= perOwner ? own : total.taken >= inTotal ? total : null;
      if (full) return full.since + MINUTE_MS - now;
      total.taken += 1;
      own.taken += 1;
      owners.set(owner, own);
      return null;
    },
  };
}
