/** The gap between two checks of an open task. */

const MAX_GAP_MS = 10 * 60_000;
/** The longest gap after a read of a success without a usable file: two more such reads end the task. */
export const FILELESS_GAP_MS = 2_000;
const GROWTH = 1.6;
/** Jitter, so that tasks that started together are not checked together. */
const SPREAD = 0.2;

/** The gap after a number of checks, in milliseconds. */
export function toGap(firstMs: number, checks: number): number {
  const grown = firstMs * GROWTH ** Math.min(checks, 30);
  const gap = Math.min(grown, Math.max(MAX_GAP_MS, firstMs));
  return gap * (1 - SPREAD + 2 * SPREAD * Math.random());
}

/** Whole milliseconds, for the database. */
export function toLongestGap(firstMs: number): number {
  return Math.ceil(Math.max(MAX_GAP_MS, firstMs) * (1 + SPREAD));
}
