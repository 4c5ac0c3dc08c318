/** Gateways as processes that share one PostgreSQL, and callers of any of them. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PUBLIC_URL } from '../crash/upstream.ts';
import { type ChildGateway, startChildGateway } from './child-gateway.ts';
import type { GraphQLAnswer, TestCaller } from './gateway.ts';
import { openSocket } from './socket.ts';
import { openSse } from './sse.ts';

/** A process, and by itself a caller of it who does not say who is asking. */
export interface Replica extends ChildGateway, TestCaller {
  as(authorization: string): TestCaller;
}

export interface Fleet extends AsyncDisposable {
  /** Starts this many at once. `env` extends that of the fleet. */
  start(count: number, env?: Record<string, string>): Promise<Replica[]>;
}

/**
 * @param env with the `DATABASE_URL`, where that is not to be a file; on top of settings that make nothing happen by itself within a test. Callback URLs
 * carry a name that only the tests can turn into an address, so a callback may go to any replica.
 */
export async function createFleet(
  upstream: { url: string },
  env: Record<string, string>,
): Promise<Fleet> {
  const folder = await mkdtemp(join(tmpdir(), 'longtake-fleet-'));
  const replicas: Replica[] = [];

  async function startOne(more: Record<string, string>): Promise<Replica> {
    const child = await startChildGateway({
      folder,
      upstreamUrl: upstream.url,
      env: {
        PUBLIC_URL,
        AUTH: 'none',
        RECONCILE_AFTER_MS: '3600000',
        UPSTREAM_REQUESTS: '1000',
        UPSTREAM_WINDOW_MS: '1',
        UPSTREAM_BREAKER: 'off',
        ...env,
        ...more,
      },
    });
    const replica = { ...child, ...createCaller(child.url), as: as.bind(null, child.url) };
    replicas.push(replica);
    return replica;
  }

  return {
    start: (count, more = {}) => Promise.all(Array.from({ length: count }, () => startOne(more))),
    async [Symbol.asyncDispose]() {
      await Promise.all(replicas.map((replica) => replica.kill()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function as(url: string, authorization: string): TestCaller {
  return createCaller(url, authorization);
}

/** Sockets and streams that are left open go with the process. */
export function createCaller(url: string, authorization?: string): TestCaller {
  async function send<Data>(query: string, variables?: unknown): Promise<GraphQLAnswer<Data>> {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as GraphQLAnswer<Data>;
  }
  return {
    graphql: (document, variables) => send(document.toString(), variables),
    send,
    socket: () => openSocket(url, authorization),
    sse: (document, variables) => openSse(url, document, variables, authorization),
  };
}
