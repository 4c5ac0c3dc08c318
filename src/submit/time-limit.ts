/**
 * Whether so many milliseconds have passed since now. The monotonic clock cannot be set, but stands
 * still while the machine sleeps; the wall clock can, and does not. The one that is further on counts.
 */
export function createTimeLimit(ms: number): () => boolean {
  const begun = performance.now();
  const begunAt = Date.now();
  return () => Math.max(performance.now() - begun, Date.now() - begunAt) >= ms;
}
