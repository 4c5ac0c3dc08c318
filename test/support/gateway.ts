/** A gateway of the test's own: a real database file, real sockets, gone with its scope. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config.ts';
import { type Gateway, startGateway as start } from '../../src/gateway.ts';
import type { TypedDocumentString } from '../generated/graphql.ts';
import { makeDatabaseFile } from './database-file.ts';
import { openSocket, type Socket } from './socket.ts';
import { openSse, type SseStream } from './sse.ts';

export interface GraphQLAnswer<Data> {
  data: Data;
  errors?: { message: string; path?: (string | number)[]; extensions: Record<string, unknown> }[];
}

/** Somebody who talks to the gateway. */
export interface TestCaller {
  /** Sends an operation as POST JSON and resolves with the whole answer. */
  graphql<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
  ): Promise<GraphQLAnswer<Data>>;
  /** The same for a document written as text. */
  send<Data = Record<string, unknown>>(
    query: string,
    variables?: unknown,
  ): Promise<GraphQLAnswer<Data>>;
  /** A connected graphql-ws client of the gateway. */
  socket(): Promise<Socket>;
  /** A subscription as server-sent events. */
  sse<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
  ): Promise<SseStream<Data>>;
}

/** By itself it is a caller who does not say who is asking. */
export interface TestGateway extends TestCaller, AsyncDisposable {
  readonly url: string;
  /** The folder that holds the database file; survives `restart`. */
  readonly folder: string;
  /** The same with this `Authorization`: a header, or in the parameters of a socket. */
  as(authorization: string): TestCaller;
  /** Closes the gateway and starts another on the same database file and port. */
  restart(env?: Record<string, string>): Promise<void>;
  /** Closes the gateway and keeps its database file, so that the test can read it. */
  stop(): Promise<void>;
}

/**
 * @param upstream whatever the gateway is to take for the upstream.
 * @param env on top of settings that make nothing happen by itself within a test: the first
 * reconciliation comes after an hour, no submit waits for its turn, no breaker opens.
 */
export async function startGateway(
  upstream: { url: string },
  env: Record<string, string> = {},
): Promise<TestGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'longtake-'));
  let settings: Record<string, string> = {
    PORT: '0',
    UPSTREAM_URL: upstream.url,
    APIKLEY_API_KEY: 'sandbox-key',
    DATABASE_URL: env.DATABASE_URL ?? (await makeDatabaseFile(folder)),
    RECONCILE_AFTER_MS: '3600000',
    UPSTREAM_REQUESTS: '100',
    UPSTREAM_WINDOW_MS: '1',
    UPSTREAM_BREAKER: 'off',
    LOG_LEVEL: 'silent',
    // The same suites can be run without the thin path: THIN_PATH=off npm test -- test/auth.test.ts
    THIN_PATH: process.env.THIN_PATH ?? 'on',
    ...env,
  };
  let gateway: Gateway = await start(readConfig(settings));
  const clients = new Set<{ close(): unknown }>();

  function createCaller(authorization?: string): TestCaller {
    async function send<Data>(query: string, variables?: unknown): Promise<GraphQLAnswer<Data>> {
      const response = await fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
        body: JSON.stringify({ query, variables }),
      });
      return (await response.json()) as GraphQLAnswer<Data>;
    }

    return {
      graphql: (document, variables) => send(document.toString(), variables),
      send,
      async socket() {
        const socket = await openSocket(gateway.url, authorization);
        clients.add(socket);
        return socket;
      },
      async sse(document, variables) {
        const stream = await openSse(gateway.url, document, variables, authorization);
        clients.add(stream);
        return stream;
      },
    };
  }

  async function stop(): Promise<void> {
    for (const client of clients) await client.close();
    clients.clear();
    await gateway.close();
  }

  return {
    get url() {
      return gateway.url;
    },
    folder,
    ...createCaller(),
    as: createCaller,
    async restart(changes = {}) {
      await stop();
      settings = { ...settings, PORT: new URL(gateway.url).port, ...changes };
      gateway = await start(readConfig(settings));
    },
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
