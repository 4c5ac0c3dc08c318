/** Streams that end at once when their listener leaves. */

import { setTimeout as delay } from 'node:timers/promises';
import { Cancellation } from '../cancellation.ts';
import { GatewayUnavailableError, UnauthenticatedError } from '../errors.ts';
import type { Watch } from './hub.ts';

const RETRY_MS = 500;

/**
 * A generator alone cannot be ended while it waits: `return` queues behind the wait. Here `return`
 * brings the end that the generator waits for, too, and so does the listener's own.
 *
 * What the generator throws becomes the last event, for `takeEvent` to throw where it concerns
 * this one field: an error out of the stream itself would cost a WebSocket all its other operations.
 *
 * @param toEvent what listeners get for each item of the generator.
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

/** A class over one generator and nothing more: thousands wait at a time. */
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
    // Nobody listens any more to one who has left; but one whose identity has ended listens still,
    // and is to know why the stream ends.
    const { isOver, reason } = this.cancellation;
    const fault = isOver ? reason instanceof UnauthenticatedError && reason : error;
    this.leave();
    return fault ? { done: false, value: new StreamFault(fault) } : OVER;
  }

  private leave(): void {
    this.isOver = true;
    this.listener.remove(this.cancellation);
    this.cancellation.end();
  }
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

/** Ends the watch with the stream. */
export function endWith(cancellation: Cancellation, watch: Watch): Watch {
  cancellation.add(watch);
  return watch;
}

/** Reads again and again while the database is away: an open stream outlives an outage. */
export async function readPatiently<T>(
  cancellation: Cancellation,
  read: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof GatewayUnavailableError) || cancellation.isOver) throw error;
      await delay(RETRY_MS, undefined, { signal: cancellation.signal, ref: false }).catch(
        () => undefined,
      );
    }
  }
}
