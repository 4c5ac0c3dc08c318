/** What is measured: each a process of its own, on a core of its own where the machine lets us. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import packageFile from '../../package.json' with { type: 'json' };
import { type PostgresServer, startPostgres } from '../../test/support/postgres.ts';

/** The gateway as it is built, on either database; and on SQLite as its sources are. */
const GATEWAYS = ['sqlite', 'postgres', 'sources'] as const;

/** `floor-postgres` commits to PostgreSQL through `pg` wherever the gateway does; `floor` to a file. */
export type SubjectName =
  | 'constant'
  | 'floor'
  | 'floor-postgres'
  | 'textbook'
  | 'apollo'
  | (typeof GATEWAYS)[number];

export function isGateway(name: SubjectName): boolean {
  return (GATEWAYS as readonly SubjectName[]).includes(name);
}

const SECRET = 'a-secret-for-the-bench-of-more-than-32-characters';
const HAS_TASKSET = existsSync('/usr/bin/taskset');

export interface Subject {
  readonly name: SubjectName;
  readonly url: string;
  readonly authorization: string;
  /** From the spawn to the first answered query, in ms. */
  readonly startMs: number;
  /** After a collection, in bytes. */
  measureMemory(): Promise<{ heapUsed: number; rss: number }>;
  /** Sends a signal to its process. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  stop(): Promise<void>;
}

export interface Setting {
  readonly upstreamUrl: string;
  readonly postgres: PostgresServer;
}

export async function startSetting() {
  const port = await findFreePort();
  const upstream = spawnPinned(['bench/lib/upstream.ts'], { PORT: String(port) }, 1);
  const upstreamUrl = `http://127.0.0.1:${port}`;
  await waitUntilAnswered(`${upstreamUrl}/callback-url`);
  const postgres = await startPostgres();
  return {
    upstreamUrl,
    postgres,
    async [Symbol.asyncDispose]() {
      await end(upstream);
      await postgres[Symbol.asyncDispose]();
    },
  };
}

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** A fresh one of the subject's kind; a peer's is never opened. */
export async function createDatabase(
  name: SubjectName,
  { postgres }: Setting,
): Promise<TestDatabase> {
  // All of them end with the server.
  if (name.endsWith('postgres'))
    return { url: await postgres.createDatabase(), drop: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), 'longtake-bench-'));
  return {
    url: `sqlite:${join(folder, 'gateway.db')}`,
    drop: () => rm(folder, { recursive: true, force: true }),
  };
}

export interface SubjectOptions {
  /** An existing one, which stays, instead of a fresh one of the subject's own. */
  readonly database?: string;
  readonly port?: number;
  /** Whether what the upstream allows bounds what the gateway asks it: 20 in 10 s. */
  readonly isBounded?: boolean;
  /** Further settings of a gateway. */
  readonly env?: Readonly<Record<string, string>>;
}

export async function startSubject(
  name: SubjectName,
  setting: Setting,
  { database, port: givenPort, isBounded = false, env = {} }: SubjectOptions = {},
): Promise<Subject> {
  const port = givenPort ?? (await findFreePort());
  const url = `http://127.0.0.1:${port}`;
  const { url: databaseUrl, drop } =
    database === undefined
      ? await createDatabase(name, setting)
      : { url: database, drop: async () => {} };
  const begun = performance.now();
  const child = spawnPinned(
    ['--expose-gc', '--import', './bench/lib/probe.js', ...toArguments(name)],
    {
      PORT: String(port),
      UPSTREAM_URL: setting.upstreamUrl,
      DATABASE_URL: databaseUrl,
      ...(isGateway(name) && {
        APIKLEY_API_KEY: 'key',
        AUTH_JWT_SECRET: SECRET,
        ...(!isBounded && { UPSTREAM_REQUESTS: '100', UPSTREAM_WINDOW_MS: '1' }),
        ...env,
      }),
      ...(!isGateway(name) && { NODE_ENV: 'production' }),
    },
    0,
  );
  await waitUntilAnswered(`${url}/graphql`);
  const startMs = performance.now() - begun;
  const token = await new SignJWT({ sub: 'bench' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('2h')
    .sign(new TextEncoder().encode(SECRET));
  return {
    name,
    url,
    authorization: `Bearer ${token}`,
    startMs,
    async measureMemory() {
      child.kill('SIGUSR2');
      const [memory] = await once(child, 'message');
      return memory as { heapUsed: number; rss: number };
    },
    signal: (name) => void child.kill(name),
    async stop() {
      await end(child);
      await drop();
    },
  };
}

/** The gateway as the package's scripts start it. */
function toArguments(name: SubjectName): string[] {
  if (!isGateway(name)) return [`bench/peers/${name}.ts`];
  const { start, 'start:built': startBuilt } = packageFile.scripts;
  return (name === 'sources' ? start : startBuilt).split(' ').slice(1);
}

/** The load comes from the other core. */
export function spawnPinned(
  args: readonly string[],
  env: Record<string, string>,
  core: number,
): ChildProcess {
  const [command, ...before] = HAS_TASKSET
    ? ['taskset', '-c', String(core), process.execPath]
    : [process.execPath];
  return spawn(command as string, [...before, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await exited;
  clearTimeout(timer);
}

async function waitUntilAnswered(url: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"query":"{__typename}"}',
      });
      await response.arrayBuffer();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
