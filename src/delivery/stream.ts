/** Streams that end at once when their listener leaves. */

import { setTimeout as delay } from 'node:timers/promises';
import { Ending } from '../ending.ts';
import { GatewayUnavailableError, UnauthenticatedError } from '../errors.ts';
import type { Watch } from './hub.ts';

const RETRY_MS = 500;

/**
 * A generator alone cannot be ended while it waits: `return` queues behind the wait. Here `return`
 * brings the end that the generator waits for, too, and so does the listener's own.
 *
 * What the generator throws becomes the last event, for `takeEvent` to throw where it concerns
 * this one field: an error out of the stream itself would cost a WebSocket all its other operations.
 */
export function createStream<T>(
  listener: Ending,
  generate: (ending: Ending) => AsyncGenerator<T, void, void>,
): AsyncIterableIterator<T | StreamFault, void, void> {
  const ending = new Ending();
  ending.onEnd(listener.onEnd((reason) => ending.end(reason)));
  const source = catchFaults(ending, generate(ending));
  return {
    next: () => source.next(),
    return: () => {
      ending.end();
      return source.return();
    },
    throw: (error) => {
      ending.end();
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
  ending: Ending,
  source: AsyncGenerator<T, void, void>,
): AsyncGenerator<T | StreamFault, void, void> {
  try {
    yield* source;
  } catch (error) {
    // Nobody listens any more to one who has left.
    if (!ending.isOver) yield new StreamFault(error);
  }
  // One whose identity has ended listens still, and is to know why the stream ends.
  if (ending.reason instanceof UnauthenticatedError) yield new StreamFault(ending.reason);
}

/** Closes the watch at the end. */
export function closeWith(ending: Ending, watch: Watch): Watch {
  ending.onEnd(() => watch.close());
  return watch;
}

/** Reads again and again while the database is away: an open stream outlives an outage. */
export async function readPatiently<T>(ending: Ending, read: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof GatewayUnavailableError) || ending.isOver) throw error;
      await delay(RETRY_MS, undefined, { signal: ending.signal, ref: false }).catch(
        () => undefined,
      );
    }
  }
}
