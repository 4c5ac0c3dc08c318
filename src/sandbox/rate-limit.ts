export interface RateLimit {
  readonly requests: number;
  readonly windowMs: number;
}

/**
 * Counts requests over a sliding window. The function returns null if the request is allowed, otherwise
 * the seconds until one is. A refused request is not counted.
 */
export function createRateLimiter(limit: RateLimit | null): (now: number) => number | null {
  const accepted: number[] = [];
  return (now) => {
    if (!limit) return null;
    while (accepted[0] !== undefined && accepted[0] <= now - limit.windowMs) accepted.shift();
    const oldest = accepted[0];
    if (oldest !== undefined && accepted.length >= limit.requests) {
      return Math.ceil((oldest + limit.windowMs - now) / 1000);
    }
    accepted.push(now);
    return null;
  };
}
