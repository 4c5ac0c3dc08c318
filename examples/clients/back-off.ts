// #region back-off
/** Longer each time up to 10 s, and at random: not all clients of a lost gateway come back at once. */
export function backOff(retries: number): Promise<void> {
  const longest = Math.min(10_000, 500 * 2 ** retries);
  return new Promise((resolve) => setTimeout(resolve, longest * (0.5 + Math.random() / 2)));
}
// #endregion
