/** Ends what a caller has started when its token expires. */

import type { Cancellation } from '../cancellation.ts';
import { UnauthenticatedError } from '../errors.ts';

/** The longest delay of a Node timer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Calls back at the given time. Returns a function that cancels the timer, which does not keep the
 * process alive.
 */
export function atTime(epochMs: number, callback: () => void): () => void {
  let timer: NodeJS.Timeout;
  const arm = () => {
    const rest = epochMs - Date.now();
    timer = setTimeout(
      rest > MAX_TIMER_MS ? arm : callback,
      Math.min(Math.max(rest, 0), MAX_TIMER_MS),
    );
    timer.unref();
  };
  arm();
  return () => clearTimeout(timer);
}

/** Cancels with an UnauthenticatedError when the identity expires, so that streams end with it. */
export function cancelAt(expiresAt: number | null, cancellation: Cancellation): () => void {
  if (expiresAt === null) return () => {};
  return atTime(expiresAt, () => cancellation.cancel(new UnauthenticatedError()));
}
