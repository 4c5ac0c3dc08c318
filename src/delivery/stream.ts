/** Streams that end at once when their listener leaves or its token expires. */

import { setTimeout as delay } from 'node:timers/promises';
import { Cancellation } from '../cancellation.ts';
import { GatewayUnavailableError, UnauthenticatedError } from '../errors.ts';
import type { Watch } from './hub.ts';

const RETRY_MS = 500;

/**
 * A plain generator cannot be stopped while it waits: `return` queues behind the wait. Here `return`
 * cancels the wait first, and so does the listener's own cancellation.
 *
 * An error of the generator becomes the last event, which `takeEvent` throws inside the field's
 * resolver. Thrown by the stream itself, it would close a WebSocket with all its other operations.
 *
 * @param toEvent converts each item of the generator to the event that listeners get.
 */
export function createStream<Item, Event>(
  listener: Cancellation,
  generate: (cancellation: Cancellation) => AsyncGenerator<Item, void, void>,
  toEvent: (item: Item) => Event,
): AsyncIterableIterator<Event | StreamFault, void, void> {
  return new Stream(listener, generate, toEvent);
}

type Step<Event> = IteratorResult<Event | StreamFault, void>;

const OVER: IteratorReturnResult<void> = { done: true, value: undefined };

/** A class, because thousands are open at a time and closures would take more memory. */
class Stream<Item, Event> implements AsyncIterableIterator<Event | StreamFault, void, void> {
  private readonly listener: Cancellation;
  private readonly cancellation = new Cancellation();
  private readonly source: AsyncGenerator<Item, void, void>;
  private readonly toEvent: (item: Item) => Event;
  private isOver = false;

  constructor(
    listener: Cancellation,
    generate: (cancellation: Cancellation) => AsyncGenerator<Item, void, void>,
    toEvent: (item: Item) => Event,
  ) {
    this.listener = listener;
    this.source = generate(this.cancellation);
    this.toEvent = toEvent;
    listener.add(this.cancellation);
  }

  next(): Promise<Step<Event>> {
    if (this.isOver) return Promise.resolve(OVER);
    return this.source.next().then(
      (step) => (step.done ? this.finish() : { done: false, value: this.toEvent(step.value) }),
      (error) => this.finish(error),
    );
  }

  async return(): Promise<Step<Event>> {
    this.leave();
    await this.source.return();
    return OVER;
  }

  async throw(error: unknown): Promise<Step<Event>> {
    this.leave();
    await this.source.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private finish(error?: unknown): Step<Event> {
    // A client that has left gets no error. One whose token has expired still listens, and does.
    const { isCancelled, reason } = this.cancellation;
    const fault = isCancelled ? reason instanceof UnauthenticatedError && reason : error;
    this.leave();
    return fault ? { done: false, value: new StreamFault(fault) } : OVER;
  }

  private leave(): void {
    this.isOver = true;
    this.listener.remove(this.cancellation);
    this.cancellation.cancel();
  }
}

/** The error that ended a stream early. */
export class StreamFault {
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }
}

/** @throws the error that ended the stream. */
export function takeEvent<T>(event: T | StreamFault): T {
  if (event instanceof StreamFault) throw event.cause;
  return event;
}

/** Cancels the watch together with the stream. */
export function cancelWith(cancellation: Cancellation, watch: Watch): Watch {
  cancellation.add(watch);
  return watch;
}

/** Retries while the database is unavailable, so that open streams survive an outage. */
export async function readPatiently<T>(
  cancellation: Cancellation,
  read: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof GatewayUnavailableError) || cancellation.isCancelled) throw error;
      await delay(RETRY_MS, undefined, { signal: cancellation.signal, ref: false }).catch(
        () => undefined,
      );
    }
  }
}
