/** What the model is held against: one gateway on a database file, or two replicas on PostgreSQL. */

import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { startGateway, type TestCaller } from '../support/gateway.ts';
import type { PostgresServer } from '../support/postgres.ts';
import { createFleet, type Replica } from '../support/replicas.ts';

export interface Replying extends TestCaller {
  readonly url: string;
}

export interface ModelSite extends AsyncDisposable {
  /** A gateway to ask: with replicas, each in turn. */
  next(): Replying;
  /**
   * Whether a submit is sure to have met its row before the next request on its socket is answered.
   * On PostgreSQL the two use different connections, so it is unknown when the first has joined.
   */
  readonly isOrdered: boolean;
  /**
   * Crashes and restarts. Every submit in flight is then settled.
   *
   * @param cutPosts ends what the upstream has not answered.
   */
  crash(cutPosts: () => Promise<void>): Promise<void>;
  /** Ends the gateways in an orderly way. */
  stop(): Promise<void>;
}

const ENV = {
  PUBLIC_URL: 'http://gateway.example',
  AUTH: 'none',
  UPSTREAM_REQUESTS: '200',
  UPSTREAM_WINDOW_MS: '100',
  UPSTREAM_BREAKER: 'off',
};

export async function startSqliteSite(upstream: { url: string }): Promise<ModelSite> {
  const gateway = await startGateway(upstream, ENV);
  let folder = gateway.folder;
  let crashes = 0;
  return {
    next: () => gateway,
    isOrdered: true,
    /** Continues with the file as a kill at this moment would have left it. */
    async crash(cutPosts) {
      crashes += 1;
      const image = join(gateway.folder, `after-crash-${crashes}`);
      mkdirSync(image);
      // Nothing of this process runs in between, so the two files belong together.
      for (const name of ['gateway.db', 'gateway.db-wal']) {
        cpSync(join(folder, name), join(image, name));
      }
      folder = image;
      // What the process that is gone still does, it does to its own file.
      await cutPosts();
      await gateway.restart({ PORT: '0', DATABASE_URL: `sqlite:${join(image, 'gateway.db')}` });
    },
    stop: gateway.stop,
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

/** Crashes kill the replicas, the server, and both, in turn. */
export async function startPostgresSite(
  upstream: { url: string },
  postgres: PostgresServer,
  compileCache: string,
): Promise<ModelSite> {
  const DATABASE_URL = await postgres.createDatabase();
  const env = { ...ENV, DATABASE_URL, RECONCILE_AFTER_MS: '100', NODE_COMPILE_CACHE: compileCache };
  const fleet = await createFleet(upstream, env);
  let replicas = await fleet.start(2);
  let turns = 0;
  let crashes = 0;

  async function query(sql: string): Promise<unknown[]> {
    const client = new pg.Client(DATABASE_URL);
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }

  return {
    next() {
      turns += 1;
      return replicas[turns % replicas.length] as Replica;
    },
    isOrdered: false,
    async crash(cutPosts) {
      const turn = crashes++ % 3;
      const isReplicas = turn !== 1;
      const isServer = turn !== 0;
      if (isReplicas) await Promise.all(replicas.map((replica) => replica.kill()));
      if (isServer) await postgres.kill('SIGKILL');
      await cutPosts();
      if (isServer) await postgres.start();
      if (isReplicas) {
        // As if the time had passed in which the dead could have settled them.
        await query('update video set lease_until = 0 where lease_until > 0');
        await query(`update video set submit_until = created_at, check_after = created_at
          where state = 'SUBMITTING'`);
        replicas = await fleet.start(2);
      }
      for (const { url } of replicas) while ((await fetch(`${url}/ready`)).status !== 200);
      while ((await query(`select 1 from video where state = 'SUBMITTING'`)).length > 0);
    },
    async stop() {
      await Promise.all(replicas.map((replica) => replica.stop()));
    },
    [Symbol.asyncDispose]: () => fleet[Symbol.asyncDispose](),
  };
}
