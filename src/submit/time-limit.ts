/**
 * Checks whether a number of milliseconds has passed. The monotonic clock cannot be set but may stop while
 * the machine sleeps; the wall clock can be set but does not stop. Whichever has advanced more counts.
 */
export function createTimeLimit(ms: number): () => boolean {
  const begun = performance.now();
  const begunAt = Date.now();
  return () => Math.max(performance.now() - begun, Date.now() - begunAt) >= ms;
}
