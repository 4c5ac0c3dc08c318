/**
 * Two replicas on one PostgreSQL server of their own. What is killed differs from round to round: the
 * replica that reaches the point, its connections to the server, or the server.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type ChildGateway, startChildGateway } from '../support/child-gateway.ts';
import { startPostgres } from '../support/postgres.ts';
import { type PostgresTap, startPostgresTap, type TapLine } from '../support/postgres-tap.ts';
import { createDeedTracker, isLease } from './deeds.ts';
import {
  type At,
  READ_LOG,
  READ_ROWS,
  SITE_ENV,
  type Site,
  type Stored,
  type StoredRow,
} from './site.ts';
import { type PaidUpstream, PUBLIC_URL } from './upstream.ts';

const VICTIMS = ['replica', 'connections', 'server by SIGQUIT', 'server by SIGKILL'] as const;
type Victim = (typeof VICTIMS)[number];

interface Replica {
  readonly number: number;
  readonly tap: PostgresTap;
  gateway: ChildGateway;
  isGone: boolean;
}

interface ArmedPoint {
  readonly at: At;
  readonly victim: Victim;
  remaining: number;
  readonly struck: PromiseWithResolvers<void>;
}

export async function createPostgresSite(
  upstream: PaidUpstream,
  compileCache: string,
): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'longtake-crash-'));
  // A careless administrator: what must not be lost has to be durable all the same.
  const postgres = await startPostgres({ synchronous_commit: 'off', wal_writer_delay: '10s' });
  const databaseUrl = await postgres.createDatabase();
  let armed: ArmedPoint | null = null;
  let fallen: Victim | null = null;
  let isOrphaning = false;
  const replicas = await Promise.all([0, 1].map(createReplica));

  async function createReplica(number: number): Promise<Replica> {
    const tap = await startPostgresTap(databaseUrl, () => createLine(number));
    const replica = { number, tap, gateway: await start(number, tap.url), isGone: false };
    watch(replica);
    return replica;
  }

  function watch(replica: Replica): void {
    void replica.gateway.exited.then(() => {
      replica.isGone = true;
    });
  }

  function start(number: number, url: string): Promise<ChildGateway> {
    return startChildGateway({
      folder,
      // The path shows which replica sent a request.
      upstreamUrl: `${upstream.url}/replica-${number}`,
      env: { ...SITE_ENV, PUBLIC_URL, DATABASE_URL: url, NODE_COMPILE_CACHE: compileCache },
    });
  }

  function createLine(number: number): TapLine {
    const { before, after } = createDeedTracker();
    return {
      before: (sql) => !before(sql).some((point) => reach(point, number)),
      after(sql, count) {
        const isStruck = after(sql).some((point) => reach(point, number));
        return !isStruck && !(isLease(sql) && reach('row leased', number, count));
      },
    };
  }

  /** Whether this is where the crash comes. */
  function reach(at: At, number: number, times = 1): boolean {
    if (armed?.at !== at) return false;
    armed.remaining -= times;
    if (armed.remaining > 0) return false;
    const { victim, struck } = armed;
    armed = null;
    fallen = victim;
    strike(victim, replicas[number] as Replica).then(struck.resolve, struck.reject);
    return true;
  }

  async function strike(victim: Victim, replica: Replica): Promise<void> {
    if (victim === 'replica') await replica.gateway.kill();
    else if (victim === 'connections') replica.tap.cut();
    else await postgres.kill(victim === 'server by SIGQUIT' ? 'SIGQUIT' : 'SIGKILL');
  }

  async function query<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> {
    const client = new pg.Client(databaseUrl);
    await client.connect();
    try {
      return (await client.query<Row>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  const gateways = () => replicas.map(({ gateway }) => gateway);

  /** Moves the clock past the end of leases and of submits whose process has died. */
  async function passTime(): Promise<void> {
    await query('update video set lease_until = 0 where lease_until > 0');
    if (!isOrphaning) return;
    await query(`update video set submit_until = created_at, check_after = created_at
      where state = 'SUBMITTING'`);
  }

  return {
    get gateways() {
      return gateways();
    },
    async arm(at, nth, turn) {
      const [first] = replicas as [Replica, Replica];
      const struck = Promise.withResolvers<void>();
      if (at === 'POST about to leave') {
        fallen = 'replica';
        isOrphaning = true;
        await first.gateway.arm(at, nth);
        void first.gateway.exited.then(() => struck.resolve());
        return { receivers: [first.gateway], happened: struck.promise, mayBurnKeys: true };
      }
      const victim = VICTIMS[turn % VICTIMS.length] as Victim;
      isOrphaning = victim === 'replica';
      armed = { at, victim, remaining: nth, struck };
      upstream.onRequest = (method, path) => {
        const number = Number(/^\/replica-(\d)/.exec(path)?.[1]);
        // A replica that lives on gets its answer, while its database is away.
        return reach(`${method} received` as At, number) && victim === 'replica';
      };
      return {
        // With both, a row could belong to the one that lives on, whose time must not be cut short.
        receivers: isOrphaning ? [first.gateway] : gateways(),
        happened: struck.promise,
        mayBurnKeys: isOrphaning,
      };
    },
    async recover() {
      if (fallen?.startsWith('server')) await postgres.start();
      await passTime();
      for (const replica of replicas) {
        if (!replica.isGone) continue;
        replica.gateway = await start(replica.number, replica.tap.url);
        replica.isGone = false;
        watch(replica);
      }
      fallen = null;
      for (const { url } of gateways()) while ((await fetch(`${url}/ready`)).status !== 200);
    },
    async conclude(): Promise<Stored> {
      await Promise.all(gateways().map((gateway) => gateway.stop()));
      const rows = await query<StoredRow & { entries: string }>(READ_ROWS);
      const log = await query<{ id: string }>(READ_LOG);
      return {
        rows: rows.map((row) => ({ ...row, entries: Number(row.entries) })),
        log: log.map(({ id }) => id),
      };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(replicas.map(({ gateway }) => gateway.kill()));
      await Promise.all(replicas.map(({ tap }) => tap.close()));
      await postgres[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
