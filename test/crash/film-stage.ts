/** The gateways that are killed while they make sequences, and the database that they share. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChildGateway, startChildGateway } from '../support/child-gateway.ts';
import type { Postgres } from '../support/postgres.ts';
import { type PostgresTap, startPostgresTap } from '../support/postgres-tap.ts';
import { isWrite } from './deeds.ts';
import { SITE_ENV } from './site.ts';
import { type PaidUpstream, PUBLIC_URL } from './upstream.ts';

/** The number of replicas on each engine. */
export const STAGES = {
  SQLite: 1,
  PostgreSQL: 1,
  'PostgreSQL with two replicas': 2,
} as const;
export type StageName = keyof typeof STAGES;

/** `any write`: before a statement that writes or commits. `POST received`: before its answer. */
export type KillPoint = 'any write' | 'POST about to leave' | 'POST received';

export interface Stage extends AsyncDisposable {
  readonly count: number;
  readonly databaseUrl: string;
  /** The gateways take turns. It may be dead. */
  next(): ChildGateway;
  /**
   * Kills a gateway when it passes the point for the n-th time from now on. Resolves when it is dead,
   * or when the signal ends the wait.
   */
  kill(victim: number, point: KillPoint, nth: number): Promise<void>;
  restart(victim: number): Promise<void>;
  /** Ends all of them in an orderly way. */
  stop(): Promise<void>;
}

const ENV = {
  ...SITE_ENV,
  PUBLIC_URL,
  OWNER_QUEUED: '0',
  // Another replica waits for so long, and 5 s more, for the outcome of a POST of a dead one.
  UPSTREAM_TIMEOUT_MS: '500',
  UNCONFIRMED_DEADLINE_MS: '500',
};

export async function createStage(
  name: StageName,
  upstream: PaidUpstream,
  postgres: Postgres,
): Promise<Stage> {
  const count = STAGES[name];
  const folder = await mkdtemp(join(tmpdir(), 'longtake-films-'));
  const databaseUrl =
    name === 'SQLite' ? `sqlite:${join(folder, 'gateway.db')}` : await postgres.createDatabase();
  /** How many times each is still to pass its point; null: it is not to be killed there. */
  const writesLeft: (number | null)[] = Array(count).fill(null);
  const postsLeft: (number | null)[] = Array(count).fill(null);
  const taps: PostgresTap[] = [];
  const gateways: ChildGateway[] = [];

  /** Whether this gateway dies now. */
  function pass(left: (number | null)[], victim: number): boolean {
    const before = left[victim] ?? null;
    if (before === null) return false;
    left[victim] = before > 1 ? before - 1 : null;
    if (before > 1) return false;
    void gateways[victim]?.kill();
    return true;
  }

  async function start(victim: number): Promise<ChildGateway> {
    const url = taps[victim]?.url ?? databaseUrl;
    return startChildGateway({
      folder,
      // The path shows which replica sent a request.
      upstreamUrl: `${upstream.url}/replica-${victim}`,
      env: { ...ENV, DATABASE_URL: url },
    });
  }

  upstream.onRequest = (method, path) => {
    const sender = Number(/^\/replica-(\d)/.exec(path)?.[1]);
    return method === 'POST' && pass(postsLeft, sender);
  };
  for (let victim = 0; victim < count; victim++) {
    if (name === 'SQLite') continue;
    const before = (sql: string) => !(isWrite(sql) && pass(writesLeft, victim));
    taps.push(await startPostgresTap(databaseUrl, () => ({ before, after: () => true })));
  }
  gateways.push(...(await Promise.all(Array.from({ length: count }, (_, n) => start(n)))));

  let turns = 0;
  return {
    count,
    databaseUrl,
    next() {
      turns += 1;
      return gateways[turns % count] as ChildGateway;
    },
    async kill(victim, point, nth) {
      const doomed = gateways[victim] as ChildGateway;
      if (point === 'POST received') postsLeft[victim] = nth;
      else if (point === 'any write' && taps[victim]) writesLeft[victim] = nth;
      else await doomed.arm(point, nth);
      await doomed.exited;
    },
    async restart(victim) {
      gateways[victim] = await start(victim);
    },
    async stop() {
      await Promise.all(gateways.map((gateway) => gateway.stop()));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(gateways.map((gateway) => gateway.kill()));
      await Promise.all(taps.map((tap) => tap.close()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
