/** When to try again, and how long to wait before that. */

import type { Signal } from './connection.ts';
import { LongtakeError } from './error.ts';

export interface RetryOptions {
  /** Ends the call; what has been submitted goes on at the gateway. */
  readonly signal?: AbortSignal | undefined;
  /** How often a refused submit is sent again; 5 by default. */
  readonly maxRefusals?: number | undefined;
  /** Called before each new try, with the reason and the seconds until then. */
  readonly onRetry?: ((error: LongtakeError, seconds: number) => void) | undefined;
}

/** How often a refused submit is sent again, and how often a read after a bug in the gateway. */
export const MAX_REFUSALS = 5;
const LONGEST_WAIT_SECONDS = 10;

export interface Retry {
  /**
   * Waits until it is time to try again.
   *
   * @throws the error if it is not worth a new try, or the signal's reason.
   */
  after(error: unknown): Promise<void>;
  /** Something has worked. With other news than the last, the waits begin from the shortest again. */
  reset(news: string): void;
}

/**
 * A lost connection is tried again without a limit.
 *
 * @param maxRefusals of a submit. A read that is refused for now is tried again without a limit, too.
 */
export function createRetry(
  { signal, onRetry }: Pick<RetryOptions, 'signal' | 'onRetry'>,
  maxRefusals?: number,
): Retry {
  let tries = 0;
  let refusals = 0;
  let last: string;
  return {
    async after(error) {
      if (!(error instanceof LongtakeError)) throw error;
      const { code, retryable, retryAfter } = error;
      const isLost = code === 'NO_ANSWER';
      if (maxRefusals === undefined ? !retryable : !isLost) refusals += 1;
      // After a bug in the gateway, the same key makes it safe to ask again.
      if (refusals > (maxRefusals ?? MAX_REFUSALS) || !(retryable || code === 'INTERNAL'))
        throw error;
      // With jitter, so that clients do not come back at the same moment.
      const longest = Math.min(LONGEST_WAIT_SECONDS, 2 ** tries / 2);
      const seconds = retryAfter ?? longest * (0.5 + Math.random() / 2);
      tries += 1;
      onRetry?.(error, seconds);
      await sleep(seconds * 1_000, signal, isLost);
    },
    reset(news) {
      refusals = 0;
      if (news !== last) tries = 0;
      last = news;
    },
  };
}

/** @param wakes whether it ends as soon as the browser is online again. */
export function sleep(ms: number, signal: Signal, wakes = false): Promise<void> {
  return new Promise((resolve, reject) => {
    const target = globalThis as Partial<EventTarget>;
    function end(): void {
      clearTimeout(timer);
      target.removeEventListener?.('online', end);
      signal?.removeEventListener('abort', end);
      if (signal?.aborted) reject(signal.reason);
      else resolve();
    }
    const timer = setTimeout(end, ms);
    if (wakes) target.addEventListener?.('online', end);
    signal?.addEventListener('abort', end);
    if (signal?.aborted) end();
  });
}
