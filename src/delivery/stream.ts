/** Streams that end at once when their listener leaves. */

import { setTimeout as delay } from 'node:timers/promises';
import { GatewayUnavailableError, UnauthenticatedError } from '../errors.ts';
import type { Watch } from './hub.ts';

const RETRY_MS = 500;

/**
 * A generator alone cannot be ended while it waits: `return` queues behind the wait. Here `return`
 * aborts the signal that the generator waits with, and so does the listener's own.
 *
 * What the generator throws becomes the last event, for `takeEvent` to throw where it concerns
 * this one field: an error out of the stream itself would cost a WebSocket all its other operations.
 */
export function createStream<T>(
  listener: AbortSignal,
  generate: (signal: AbortSignal) => AsyncGenerator<T, void, void>,
): AsyncIterableIterator<T | StreamFault, void, void> {
  const ending = new AbortController();
  const signal = AbortSignal.any([listener, ending.signal]);
  const source = catchFaults(signal, generate(signal));
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

/** Why a stream ends before its time. */
export class StreamFault {
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }
}

/** @throws what ended the stream. */
export function takeEvent<T>(event: T | StreamFault): T {
  if (event instanceof StreamFault) throw event.cause;
  return event;
}

async function* catchFaults<T>(
  signal: AbortSignal,
  source: AsyncGenerator<T, void, void>,
): AsyncGenerator<T | StreamFault, void, void> {
  try {
    yield* source;
  } catch (error) {
    // Nobody listens any more to one who has left.
    if (!signal.aborted) yield new StreamFault(error);
  }
  // One whose identity has ended listens still, and is to know why the stream ends.
  if (signal.reason instanceof UnauthenticatedError) yield new StreamFault(signal.reason);
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
