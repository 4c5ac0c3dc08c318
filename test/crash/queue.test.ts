/**
 * The queue while its processes are killed again and again: each scheduled submit is sent at most once,
 * and none is lost or stuck. One whose process died between its commit and its POST stays UNCONFIRMED,
 * because nobody knows whether the POST has left.
 */

import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExtendDocument, ReadVideosDocument } from '../generated/graphql.ts';
import { type ChildGateway, startChildGateway } from '../support/child-gateway.ts';
import { queryDatabase } from '../support/database-query.ts';
import { INPUT } from '../support/operations.ts';
import { sharedPostgres } from '../support/postgres.ts';
import { chooseRounds } from '../support/rounds.ts';
import { type PaidUpstream, PUBLIC_URL, startPaidUpstream } from './upstream.ts';
import { within } from './within.ts';

const postgres = sharedPostgres();
const EACH_ROUND = 6;
/** Only to end what hangs. */
const PATIENCE_MS = 120_000;
const ENV = {
  AUTH: 'none',
  PUBLIC_URL,
  OWNER_QUEUED: '0',
  UPSTREAM_REQUESTS: '20',
  UPSTREAM_WINDOW_MS: '200',
  UPSTREAM_BREAKER: 'off',
  // The next submit of the owner waits for so long, and 5 s more, where the process of the last one died.
  UPSTREAM_TIMEOUT_MS: '500',
  RECONCILE_AFTER_MS: '200',
  UNCONFIRMED_DEADLINE_MS: '3600000',
};
/** Where a process kills itself; each in turn. `arrival`: it is killed when a POST has arrived. */
const POINTS = [
  'arrival',
  'POST about to leave',
  'before the commit of the claim',
  'claim committed',
  'before the commit of the answer',
] as const;
type Point = (typeof POINTS)[number];

interface Row {
  readonly prompt: string;
  readonly state: string;
  readonly task_id: string | null;
}

const READ_ROWS = 'select prompt, state, task_id from video order by id';

const ENGINES = ['SQLite', 'PostgreSQL'] as const;

describe.concurrent.each(ENGINES)('the queue on %s amid kills', (engine) => {
  const count = engine === 'SQLite' ? 1 : 3;
  // Only SQLite's statements are seen from inside the process.
  const points: readonly Point[] = engine === 'SQLite' ? POINTS : POINTS.slice(0, 2);
  const maxKills = chooseRounds({ few: Math.max(4, points.length), all: 200 });

  it('loses none, sends none twice, and leaves none stuck', { timeout: 1_800_000 }, async () => {
    await using upstream = await startPaidUpstream();
    await using folder = await mkdtempDisposable(join(tmpdir(), 'longtake-queue-'));
    const databaseUrl =
      engine === 'SQLite'
        ? `sqlite:${join(folder.path, 'gateway.db')}`
        : await postgres.createDatabase();
    const start = () =>
      startChildGateway({
        folder: folder.path,
        upstreamUrl: upstream.url,
        env: { ...ENV, DATABASE_URL: databaseUrl },
      });
    const replicas = await Promise.all(Array.from({ length: count }, start));
    const accepted = new Set<string>();

    let kills = 0;
    for (let round = 0; kills < maxKills; round++) {
      const point = points[round % points.length] as Point;
      const armed = await arm(replicas, point, 1 + (round % 2), upstream);
      const prompts = Array.from({ length: EACH_ROUND }, (_, n) => `Round ${round}, submit ${n}`);
      const scheduling = prompts.map((prompt, n) =>
        insist(prompt, n, () => replicas[(round + n) % count] as ChildGateway),
      );
      const exits = replicas.map(async (replica, n) => {
        await replica.exited;
        return n;
      });
      await within(PATIENCE_MS, `"${point}" in round ${round}`, Promise.race(exits));
      await armed.disarm();
      for (const [n, replica] of replicas.entries()) {
        if (await isAlive(replica)) continue;
        await replica.exited;
        kills += 1;
        replicas[n] = await start();
      }
      await within(PATIENCE_MS, `the answers of round ${round}`, Promise.all(scheduling));
      for (const prompt of prompts) accepted.add(prompt);
    }

    await within(PATIENCE_MS, 'the outcomes', untilNoneIsScheduled(replicas[0] as ChildGateway));
    for (const replica of replicas) await replica.stop();
    const rows = await queryDatabase<Row>(databaseUrl, READ_ROWS);

    const sent = upstream.tasks.map(({ prompt }) => prompt);
    expect(sent).toHaveLength(new Set(sent).size);
    expect(rows.map(({ prompt }) => prompt).sort()).toEqual([...accepted].sort());
    const faults = rows.filter(({ prompt, state, task_id: taskId }) => {
      const task = upstream.tasks.find((one) => one.prompt === prompt);
      return taskId === null ? state !== 'UNCONFIRMED' : taskId !== task?.taskId;
    });
    expect(faults).toEqual([]);
    // A kill can meet at most one scheduled submit of the owner, and one that was sent at once.
    expect(rows.length - sent.length).toBeLessThanOrEqual(2 * kills);
  });
});

/** Has the first process die that passes the point for the n-th time from now on. */
async function arm(
  replicas: readonly ChildGateway[],
  point: Point,
  nth: number,
  upstream: PaidUpstream,
): Promise<{ disarm(): Promise<unknown> }> {
  if (point !== 'arrival') {
    await Promise.all(replicas.map((replica) => replica.arm(point, nth)));
    const disarm = (replica: ChildGateway) => replica.arm('nowhere', 1).catch(() => undefined);
    return { disarm: () => Promise.all(replicas.map(disarm)) };
  }
  let remaining = nth;
  upstream.onRequest = (method) => {
    if (method === 'POST' && --remaining === 0) {
      void replicas[nth % replicas.length]?.kill();
    }
    return false;
  };
  return {
    async disarm() {
      upstream.onRequest = () => false;
    },
  };
}

async function isAlive({ url }: ChildGateway): Promise<boolean> {
  return fetch(`${url}/health`).then(
    () => true,
    () => false,
  );
}

/** A client that does not give up, with one key. Most submits are scheduled even if there is room. */
async function insist(prompt: string, n: number, next: () => ChildGateway): Promise<void> {
  const notBefore = n > 0 ? new Date().toISOString() : null;
  const input = { ...INPUT, prompt, idempotencyKey: prompt, whenBusy: 'QUEUE', notBefore } as const;
  for (;;) {
    const answer = await next()
      .graphql(ExtendDocument, { input })
      .catch(() => null);
    const type = answer?.data?.extendVideo?.__typename;
    if (type === 'ExtendVideoSuccess' || type === 'OutcomeUnknownError') return;
    if (answer && type !== 'GatewayUnavailableError') throw new Error(JSON.stringify(answer));
  }
}

async function untilNoneIsScheduled(replica: ChildGateway): Promise<void> {
  for (;;) {
    const { data } = await replica.graphql(ReadVideosDocument, { first: 1, states: ['SCHEDULED'] });
    if (data.videos.edges.length === 0) return;
  }
}
