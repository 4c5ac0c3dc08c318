/** A graphql-ws client, as frontends use it. */

import { type Client, type CloseCode, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { TypedDocumentString } from '../generated/graphql.ts';
import type { GraphQLAnswer } from './gateway.ts';
import { createQueue } from './queue.ts';

export interface SocketStream<Data> {
  /** The next result; undefined once the stream has ended. Throws where the protocol says `error`. */
  next(): Promise<GraphQLAnswer<Data> | undefined>;
  rest(): Promise<GraphQLAnswer<Data>[]>;
  /** Ends the subscription from this side. */
  stop(): void;
}

export interface Socket {
  readonly client: Client;
  /** Resolves with the close code when the connection goes. */
  readonly closed: Promise<CloseCode | number>;
  subscribe<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
  ): SocketStream<Data>;
  close(): Promise<void>;
}

/** Resolves when the gateway has acknowledged the connection. It does not reconnect. */
export async function openSocket(url: string, authorization?: string): Promise<Socket> {
  const { promise: connected, resolve: connect, reject: fail } = Promise.withResolvers<void>();
  const { promise: closed, resolve: close } = Promise.withResolvers<number>();
  const client = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    lazy: false,
    retryAttempts: 0,
    ...(authorization && { connectionParams: { Authorization: authorization } }),
    onNonLazyError: fail,
    on: {
      connected: () => connect(),
      closed: (event) => close((event as { code: number }).code),
    },
  });
  await connected;

  return {
    client,
    closed,
    subscribe<Data, Variables>(
      document: TypedDocumentString<Data, Variables>,
      variables: Variables,
    ): SocketStream<Data> {
      const results = createQueue<GraphQLAnswer<Data>>();
      let fault: unknown;
      const stop = client.subscribe<Data>(
        { query: document.toString(), variables: variables as Record<string, unknown> },
        {
          next: (result) => results.push(result as GraphQLAnswer<Data>),
          error: (error) => {
            fault = error;
            results.end();
          },
          complete: () => results.end(),
        },
      );
      async function next(): Promise<GraphQLAnswer<Data> | undefined> {
        const result = await results.next();
        if (result === undefined && fault !== undefined) throw fault;
        return result;
      }
      return { next, rest: results.rest, stop };
    },
    async close() {
      await client.dispose();
    },
  };
}

/** A WebSocket without a client library: every message and the close are the test's own to see. */
export interface RawSocket {
  readonly socket: WebSocket;
  send(message: unknown): void;
  /** The next message, parsed; undefined once the connection has gone. */
  next(): Promise<{ type: string; id?: string; payload?: unknown } | undefined>;
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
}

export interface RawSocketOptions {
  readonly protocols?: string[];
  readonly headers?: Record<string, string>;
}

/** Resolves when the connection is open; throws where the upgrade is refused. */
export async function openRawSocket(
  url: string,
  { protocols = ['graphql-transport-ws'], headers = {} }: RawSocketOptions = {},
): Promise<RawSocket> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/graphql`, protocols, { headers });
  const messages = createQueue<{ type: string }>();
  const { promise: closed, resolve: close } = Promise.withResolvers<number>();
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  socket.on('close', (code) => {
    messages.end();
    close(code);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  // What goes wrong later ends in a close.
  socket.on('error', () => {});
  return {
    socket,
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    next: messages.next,
    closed,
  };
}
