/** Every transport there is, each asked in the same way: what holds for one has to hold for all. */

import type { TestGateway } from './gateway.ts';
import { openRawSocket } from './socket.ts';

export interface Operation {
  readonly document: { toString(): string };
  readonly variables?: object;
  /** In addition to the document: `operationName`, `extensions`, `documentId`. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** Resolves with the whole answer as text: all that a client can see of it, but for the time. */
export type Way = (operation: Operation) => Promise<string>;

export const WAY_NAMES = ['POST', 'GET', 'SSE by POST', 'SSE by GET', 'WebSocket'] as const;
export type Ways = Readonly<Record<(typeof WAY_NAMES)[number], Way>>;

const HIDDEN = /^(date|x-request-id|content-length|connection|keep-alive)$/;

/** Opens one socket, for all that is asked over it; it goes with the gateway. */
export async function openWays(gateway: TestGateway, authorization?: string): Promise<Ways> {
  const raw = await openRawSocket(gateway.url);
  raw.send({ type: 'connection_init', payload: { Authorization: authorization } });
  await raw.next();
  let count = 0;

  async function fetchText(query: string, init: RequestInit): Promise<string> {
    const headers = { ...(authorization && { authorization }), ...(init.headers as object) };
    const response = await fetch(`${gateway.url}/graphql${query}`, { ...init, headers });
    const kept = [...response.headers].filter(([name]) => !HIDDEN.test(name));
    // Comments keep an event stream alive, however many it takes.
    const text = (await response.text()).replaceAll(/^:\n\n/gm, '');
    return JSON.stringify([response.status, kept, text]);
  }

  const post =
    (accept: string): Way =>
    ({ document, variables, more }) =>
      fetchText('', {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept },
        body: JSON.stringify({ query: document.toString(), variables, ...more }),
      });

  const get =
    (accept: string): Way =>
    ({ document, variables, more = {} }) => {
      const parameters = new URLSearchParams({ query: document.toString() });
      for (const [name, value] of Object.entries({ variables, ...more })) {
        if (value === undefined) continue;
        parameters.set(name, typeof value === 'string' ? value : JSON.stringify(value));
      }
      return fetchText(`?${parameters}`, { headers: { accept } });
    };

  return {
    POST: post('application/json'),
    GET: get('application/json'),
    'SSE by POST': post('text/event-stream'),
    'SSE by GET': get('text/event-stream'),
    async WebSocket({ document, variables, more }) {
      count += 1;
      const id = `operation-${count}`;
      const payload = { query: document.toString(), variables, ...more };
      raw.send({ id, type: 'subscribe', payload });
      const said: unknown[] = [];
      for (;;) {
        const message = await raw.next();
        if (!message) return `closed with ${await raw.closed}`;
        const { id: _, ...rest } = message;
        said.push(rest);
        if (message.type !== 'next') return JSON.stringify(said);
      }
    },
  };
}
