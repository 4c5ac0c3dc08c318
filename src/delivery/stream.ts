/** Streams that end at once when their listener leaves. */

import { setTimeout as delay } from 'node:timers/promises';
import { GatewayUnavailableError } from '../errors.ts';
import type { Watch } from './hub.ts';

const RETRY_MS = 500;

/**
 * A generator alone cannot be ended while it waits: `return` queues behind the wait. Here `return`
 * aborts the signal that the generator waits with, and so does the listener's own.
 */
export function createStream<T>(
  listener: AbortSignal,
  generate: (signal: AbortSignal) => AsyncGenerator<T, void, void>,
): AsyncIterableIterator<T, void, void> {
  const ending = new AbortController();
  const source = generate(AbortSignal.any([listener, ending.signal]));
  return {
    next: () => source.next(),
    return: () => {
      ending.abort();
      return source.return();
    },
    throw: (error) => {
      ending.abort();
      return source.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Closes the watch when the signal aborts. */
export function closeWith(signal: AbortSignal, watch: Watch): Watch {
  if (signal.aborted) watch.close();
  else signal.addEventListener('abort', () => watch.close(), { once: true });
  return watch;
}

/** Reads again and again while the database is away: an open stream outlives an outage. */
export async function readPatiently<T>(signal: AbortSignal, read: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof GatewayUnavailableError) || signal.aborted) throw error;
      await delay(RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}
