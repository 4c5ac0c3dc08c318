/** When an answer leaves. */

/** Of 4 and 16 as many requests came through; of 16 the slowest took twice as long. */
const MOST = 4;

/**
 * Makes the way to wait for the end of this turn of the event loop before writing. A write to a
 * socket wakes the client behind it if that sleeps, which takes the kernel longer than the write.
 * Answers that are written one by one, with work in between, pay for it each; in a row, one does.
 *
 * @param most how many wait at most, before all of them go on at once.
 */
export function createTurn(most = MOST): () => Promise<void> {
  let turn: ReturnType<typeof begin> | null = null;

  function begin() {
    const { promise: over, resolve } = Promise.withResolvers<void>();
    function end(): void {
      if (turn === begun) turn = null;
      resolve();
    }
    const begun = { over, end, waiting: 0 };
    setImmediate(end);
    return begun;
  }

  return function endOfTurn() {
    turn ??= begin();
    const { over, end } = turn;
    turn.waiting += 1;
    if (turn.waiting === most) end();
    return over;
  };
}
