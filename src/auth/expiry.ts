/** The end of an identity in the middle of what it was allowed to begin. */

import type { Ending } from '../ending.ts';
import { UnauthenticatedError } from '../errors.ts';

/** The longest time that Node's timers take. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Calls back when the moment has come. Returns how to cancel that. The timer keeps no process
 * alive.
 */
export function atTime(epochMs: number, callback: () => void): () => void {
  let timer: NodeJS.Timeout;
  const arm = () => {
    const rest = epochMs - Date.now();
    timer = setTimeout(
      rest > LONGEST_TIMER_MS ? arm : callback,
      Math.min(Math.max(rest, 0), LONGEST_TIMER_MS),
    );
    timer.unref();
  };
  arm();
  return () => clearTimeout(timer);
}

/** Ends it with an UnauthenticatedError, for streams to end with, when the identity ends. */
export function endAt(expiresAt: number | null, ending: Ending): () => void {
  if (expiresAt === null) return () => {};
  return atTime(expiresAt, () => ending.end(new UnauthenticatedError()));
}
