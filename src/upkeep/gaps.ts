/** From one look at an open task to the next. */

const MAX_GAP_MS = 10 * 60_000;
const GROWTH = 1.6;
/** Tasks that were begun together drift apart. */
const SPREAD = 0.2;

/** A gap after so many looks. */
export function toGap(firstMs: number, looks: number): number {
  const grown = firstMs * GROWTH ** Math.min(looks, 30);
  const gap = Math.min(grown, Math.max(MAX_GAP_MS, firstMs));
  return gap * (1 - SPREAD + 2 * SPREAD * Math.random());
}

export function toLongestGap(firstMs: number): number {
  return Math.max(MAX_GAP_MS, firstMs) * (1 + SPREAD);
}
