// #region back-off
/** Exponential up to 10 s, with jitter, so that clients do not reconnect at the same moment. */
export function backOff(retries: number): Promise<void> {
  const maximum = Math.min(10_000, 500 * 2 ** retries);
  return new Promise((resolve) => setTimeout(resolve, maximum * (0.5 + Math.random() / 2)));
}
// #endregion
