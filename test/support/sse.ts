/** A subscription over server-sent events by plain fetch: what a frontend without a library does. */

import type { TypedDocumentString } from '../generated/graphql.ts';
import type { GraphQLAnswer } from './gateway.ts';
import { createQueue } from './queue.ts';

export interface SseStream<Data> {
  /** The next result; undefined once the stream has ended. */
  next(): Promise<GraphQLAnswer<Data> | undefined>;
  rest(): Promise<GraphQLAnswer<Data>[]>;
  /** How the stream ended: by the protocol's `complete`, or cut off. */
  readonly ended: Promise<'complete' | 'cut'>;
  close(): void;
}

/** Resolves when the gateway has begun to answer. */
export async function openSse<Data, Variables>(
  url: string,
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
  authorization?: string,
): Promise<SseStream<Data>> {
  const leaving = new AbortController();
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(authorization && { authorization }),
    },
    body: JSON.stringify({ query: document.toString(), variables }),
    signal: leaving.signal,
  });
  const type = response.headers.get('content-type') ?? '';
  if (!response.body || !type.startsWith('text/event-stream')) {
    throw new Error(`Not an event stream: ${response.status} ${await response.text()}`);
  }

  const results = createQueue<GraphQLAnswer<Data>>();
  const { promise: ended, resolve: end } = Promise.withResolvers<'complete' | 'cut'>();
  void read(response.body).finally(() => results.end());

  async function read(body: ReadableStream<Uint8Array>): Promise<void> {
    let buffer = '';
    try {
      for await (const chunk of body.pipeThrough(new TextDecoderStream() as never)) {
        buffer += String(chunk);
        const events = buffer.split('\n\n');
        buffer = events.pop() ?? '';
        for (const event of events) {
          if (/^event: complete/m.test(event)) end('complete');
          const data = /^data: (.+)$/m.exec(event)?.[1];
          if (data) results.push(JSON.parse(data) as GraphQLAnswer<Data>);
        }
      }
    } catch {
      // Cut off by the server, or left by the test.
    }
    end('cut');
  }

  return { next: results.next, rest: results.rest, ended, close: () => leaving.abort() };
}
