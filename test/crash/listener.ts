/** A listener as in promise 5: it resumes after the last cursor that it has processed. */

import {
  OnExtendedDocument,
  type OnExtendedSubscription,
  ReadCompletionsDocument,
} from '../generated/graphql.ts';
import type { ChildGateway } from '../support/child-gateway.ts';
import { openSse, type SseStream } from '../support/sse.ts';

export interface Listener {
  /** The videos' ids, in the order in which their completions came. */
  readonly heard: readonly string[];
  /** Listens to this gateway from now on. */
  follow(gateway: ChildGateway): Promise<void>;
  /** Resolves when the completions of this many tasks have arrived. */
  until(count: number): Promise<void>;
  close(): void;
}

export function createListener(): Listener {
  const heard: string[] = [];
  let cursor: string | null = null;
  let stream: SseStream<unknown> | null = null;
  let wake = () => {};
  let refusal: unknown = null;

  async function hear(events: SseStream<OnExtendedSubscription>): Promise<void> {
    for (let event = await events.next(); event; event = await events.next()) {
      if (event.errors) refusal = event.errors;
      else {
        cursor = event.data.videoExtended.cursor;
        heard.push(event.data.videoExtended.video.id);
      }
      wake();
    }
  }

  return {
    heard,
    async follow(gateway) {
      stream?.close();
      if (cursor === null) {
        const { data } = await gateway.graphql(ReadCompletionsDocument, { first: 0 });
        cursor = data.completions.pageInfo.endCursor ?? null;
      }
      const opened = await openSse(gateway.url, OnExtendedDocument, { after: cursor });
      stream = opened;
      void hear(opened);
    },
    async until(count) {
      while (heard.length < count) {
        if (refusal) throw new Error(`The listener was refused: ${JSON.stringify(refusal)}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    close: () => stream?.close(),
  };
}
