/** Durations in milliseconds. */

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** What one `Retry-After` can do at most: a header, or a clock, may be wrong. */
export const MAX_PAUSE_MS = 5 * MINUTE_MS;

/** How far ahead `notBefore` can be. */
export const MAX_AHEAD_MS = 30 * DAY_MS;
