/** Subscribers to `videoExtended`, each at its own place of the log. */

import { expect } from 'vitest';
import {
  OnExtendedDocument,
  type OnExtendedSubscription,
  ReadCompletionsDocument,
} from '../generated/graphql.ts';
import type { GraphQLAnswer } from '../support/gateway.ts';
import type { Model, ModelTask } from './model.ts';
import type { ModelSite } from './sites.ts';

/** A cursor, and the number of entries of the model's log before it. */
interface Place {
  cursor: string;
  position: number;
}

interface Listener extends Place {
  next(): Promise<GraphQLAnswer<OnExtendedSubscription> | undefined>;
  stop(): void;
}

/** @param wait rejects when the promise takes too long. */
export async function createListeners(
  site: ModelSite,
  model: Model,
  wait: <T>(what: string, promise: Promise<T>) => Promise<T>,
) {
  const start = await site.next().graphql(ReadCompletionsDocument, { first: 0 });
  const places: Place[] = [
    { cursor: start.data.completions.pageInfo.endCursor ?? '', position: 0 },
  ];
  const listeners = new Map<number, Listener>();

  /** Even slots use server-sent events, odd ones a socket. */
  async function open(slot: number, { cursor, position }: Place): Promise<void> {
    const variables = { after: cursor };
    if (slot % 2 === 0) {
      const { next, close: stop } = await site.next().sse(OnExtendedDocument, variables);
      listeners.set(slot, { next, stop, cursor, position });
    } else {
      const { next, stop } = (await site.next().socket()).subscribe(OnExtendedDocument, variables);
      listeners.set(slot, { next, stop, cursor, position });
    }
  }

  return {
    /** Adds a place from which a listener may start. */
    addPlace(cursor: string, position: number): void {
      places.push({ cursor, position });
    },
    /** Starts a listener at its last place or at another known one. */
    async listen(slot: number, choice: number): Promise<void> {
      const left = listeners.get(slot);
      left?.stop();
      const known = left ? [left, left, ...places] : places;
      await open(slot, known[choice % known.length] as Place);
    },
    /** Expects that every listener receives the entries of the model's log after its place, in order. */
    async hear(idOf: (task: ModelTask) => string): Promise<void> {
      for (const listener of listeners.values()) {
        for (const task of model.log.slice(listener.position)) {
          const event = await wait('a completion', listener.next());
          expect(event?.data?.videoExtended.video.id).toBe(idOf(task));
          listener.cursor = event?.data?.videoExtended.cursor ?? '';
          listener.position += 1;
        }
      }
    },
    async reconnect(): Promise<void> {
      for (const [slot, listener] of [...listeners]) {
        listener.stop();
        await open(slot, listener);
      }
    },
    /** Expects that every stream ends without a further event. */
    async expectEnds(): Promise<void> {
      for (const { next } of listeners.values()) {
        expect(await wait('the end of a stream', next().catch(toEnd))).toBeUndefined();
      }
    },
  };
}

/** A gateway that stops closes its sockets with "Service restart". */
function toEnd(fault: unknown): undefined {
  if ((fault as { code?: number }).code !== 1012) throw fault;
}
