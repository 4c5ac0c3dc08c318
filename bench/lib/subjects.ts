/** What is measured: processes that share one core, where `taskset` exists. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import packageFile from '../../package.json' with { type: 'json' };
import { connectTo, type Postgres } from '../../test/support/postgres.ts';
import { endChild, receive, spawnPinned } from './children.ts';

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

export interface Subject {
  readonly name: SubjectName;
  readonly url: string;
  readonly authorization: string;
  /** From the spawn to the first answered query, in ms. */
  readonly startMs: number;
  /** After a collection, in bytes. */
  measureMemory(): Promise<{ heapUsed: number; rss: number }>;
  stop(): Promise<void>;
}

export interface Setting {
  readonly upstreamUrl: string;
  readonly postgres: Postgres;
  /** Of all files of the run. */
  readonly folder: string;
  /** What went wrong so far, a sentence each. */
  readonly failures: string[];
}

export async function startSetting(): Promise<Setting & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'longtake-bench-'));
  const server = spawn(process.execPath, ['bench/lib/postgres.ts', folder], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const postgresUrl = String(await receive(server, 60_000));
  const port = await findFreePort();
  const upstream = spawnPinned(['bench/lib/upstream.ts'], { PORT: String(port) }, 1);
  const upstreamUrl = `http://127.0.0.1:${port}`;
  await waitUntilAnswered(`${upstreamUrl}/callback-url`);
  return {
    upstreamUrl,
    postgres: connectTo(postgresUrl),
    folder,
    failures: [],
    async [Symbol.asyncDispose]() {
      await endChild(upstream);
      const exited = once(server, 'exit');
      server.disconnect();
      await exited;
    },
  };
}

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/**
 * An empty database of the subject's kind. Peers other than `floor-postgres` never open theirs.
 *
 * @param original the URL of a database that is copied instead, and that no process has open.
 */
export async function createDatabase(
  name: SubjectName,
  { postgres, folder }: Setting,
  original?: string,
): Promise<TestDatabase> {
  // PostgreSQL's end with its server, because deleting one would write a checkpoint.
  if (name.endsWith('postgres')) {
    const url = original ? await postgres.copyDatabase(original) : await postgres.createDatabase();
    return { url, drop: async () => {} };
  }
  const own = await mkdtemp(join(folder, 'database-'));
  const path = join(own, 'gateway.db');
  if (original && isGateway(name)) await copyFile(original.slice('sqlite:'.length), path);
  return { url: `sqlite:${path}`, drop: () => rm(own, { recursive: true, force: true }) };
}

export interface SubjectOptions {
  /** Instead of an empty one. It is not deleted. */
  readonly database?: string;
  readonly port?: number;
  /** Whether the gateway keeps the upstream's limit, which is 20 calls in 10 s. */
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
      TMPDIR: setting.folder,
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
  let errors = '';
  child.stderr?.on('data', (text: Buffer) => {
    errors = (errors + text).slice(-10_000);
  });
  const exited = once(child, 'exit').then(([code]) => {
    const reason = errors.split('\n').find((line) => /^\w*Error\b/.test(line)) ?? '';
    throw new Error(`exited with code ${code} before it answered. ${reason}`);
  });
  exited.catch(() => {});
  await Promise.race([waitUntilAnswered(`${url}/graphql`), exited]);
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
      return (await receive(child, 30_000)) as { heapUsed: number; rss: number };
    },
    async stop() {
      await endChild(child);
      await drop();
    },
  };
}

/** Those that start. The run's results name the others, with their reasons. */
export async function startSubjects(
  names: readonly SubjectName[],
  setting: Setting,
  options: SubjectOptions = {},
): Promise<Subject[]> {
  const started = names.map((name) =>
    withoutFailures(setting, name, () => startSubject(name, setting, options)),
  );
  return (await Promise.all(started)).filter((subject) => subject !== null);
}

/** Null and an entry in the run's failures when the subject cannot be used. */
export async function withoutFailures<Result>(
  { failures }: Setting,
  name: SubjectName,
  run: () => Promise<Result>,
): Promise<Result | null> {
  try {
    return await run();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    failures.push(`${name}: ${reason}`);
    return null;
  }
}

/** The gateway as the package's scripts start it. */
function toArguments(name: SubjectName): string[] {
  if (!isGateway(name)) return [`bench/peers/${name}.ts`];
  const { start, 'start:built': startBuilt } = packageFile.scripts;
  return (name === 'sources' ? start : startBuilt).split(' ').slice(1);
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
