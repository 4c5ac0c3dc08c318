import { setTimeout as sleep } from 'node:timers/promises';
import { UpstreamError, UpstreamUnreachableError } from '../errors.ts';

const MAX_ATTEMPTS = 3;
const FIRST_BACKOFF_MS = 200;

export interface RetryLimits {
  /** Milliseconds for all attempts and the waits between them. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Called before each further attempt; false rethrows the last error instead. */
  readonly mayRepeat?: (() => boolean | Promise<boolean>) | undefined;
}

/**
 * Retries a request that is safe to repeat: up to three attempts, and only if the upstream was not
 * reached, its answer was lost, or it answered 5xx. Waits with full jitter, and at least `Retry-After`.
 * Throws the last error if the next attempt would begin after the deadline.
 *
 * @param attempt gets the milliseconds that are left.
 * @throws the last attempt's error; the signal's reason once that has aborted.
 */
export async function withRetries<T>(
  attempt: (remainingMs: number) => Promise<T>,
  { timeoutMs, signal, mayRepeat = () => true }: RetryLimits,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let failures = 0; ; ) {
    try {
      return await attempt(deadline - performance.now());
    } catch (error) {
      failures++;
      if (failures === MAX_ATTEMPTS || !isRepeatable(error)) throw error;

      const jitter = Math.random() * FIRST_BACKOFF_MS * 2 ** (failures - 1);
      const wait = Math.max(jitter, (error.retryAfter ?? 0) * 1000);
      if (performance.now() + wait >= deadline) throw error;
      // An abort ends the wait at once, and throws its own reason here rather than the timer's.
      await sleep(wait, undefined, { signal }).catch(() => signal?.throwIfAborted());
      if (!(await mayRepeat())) throw error;
    }
  }
}

function isRepeatable(error: unknown): error is UpstreamError | UpstreamUnreachableError {
  if (error instanceof UpstreamUnreachableError) return true;
  return error instanceof UpstreamError && error.retryable;
}
