/**
 * Tens of thousands of listeners on replicas with one PostgreSQL: memory for each, the time from a callback
 * to the last of them, and what a restart of all replicas costs. A process may open as many sockets as
 * `ulimit -n` allows, less a few hundred.
 *
 *   LISTENERS=50000 REPLICAS=4 npm run crowds
 */

import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { spawnPinned } from './lib/children.ts';
import { callBack, extend, findCallbackUrl } from './lib/graphql.ts';
import { quantile } from './lib/report.ts';
import {
  findFreePort,
  type Setting,
  type Subject,
  startSetting,
  startSubject,
} from './lib/subjects.ts';
import { startProbe } from './lib/timing.ts';

const LISTENERS = Number(process.env.LISTENERS ?? 50_000);
const REPLICAS = Number(process.env.REPLICAS ?? 4);
const PER_REPLICA = Math.floor(LISTENERS / REPLICAS);
const ENV = { OWNER_SOCKETS: '100000', OWNER_SUBSCRIPTIONS: '100000', MAX_SOCKETS: '100000' };

interface Report {
  readonly connected: number;
  readonly heard: number;
  /** When the last event was heard, in epoch milliseconds. */
  readonly lastAt: number;
}

/** The listeners of one replica. */
interface Crowd {
  last: Report;
  leave(): void;
}

function gather({ url, authorization }: Subject, index: number): Crowd {
  const args = [url, String(PER_REPLICA), authorization, `127.0.${index + 1}`];
  const child = spawnPinned(['bench/lib/reconnecting-listeners.ts', ...args], {}, 1);
  const crowd: Crowd = {
    last: { connected: 0, heard: 0, lastAt: 0 },
    leave: () => child.disconnect(),
  };
  child.on('message', (report: Report) => {
    crowd.last = report;
  });
  return crowd;
}

/** Resolves with the seconds until it holds for the sums over all crowds. */
async function until(
  crowds: readonly Crowd[],
  field: 'connected' | 'heard',
  wanted: number,
): Promise<number> {
  const begun = performance.now();
  for (;;) {
    const sum = crowds.reduce((all, { last }) => all + last[field], 0);
    if (field === 'heard' && sum > wanted) throw new Error(`${sum} instead of ${wanted} events.`);
    if (sum === wanted) return (performance.now() - begun) / 1_000;
    if (performance.now() - begun > 600_000) throw new Error(`Only ${sum} of ${wanted} ${field}.`);
    await delay(50);
  }
}

async function startReplicas(setting: Setting, database: string, ports: readonly number[]) {
  return Promise.all(
    ports.map((port) => startSubject('postgres', setting, { database, port, env: ENV })),
  );
}

/** One callback: milliseconds to the last listener, and the loop's lag meanwhile. */
async function complete(
  setting: Setting,
  crowds: readonly Crowd[],
  replicas: readonly Subject[],
  events: number,
): Promise<{ lastMs: number; lagMs: number }> {
  const [first] = replicas;
  if (!first) throw new Error('There is no replica.');
  const id = await extend(first);
  const callbackUrl = await findCallbackUrl(setting, id);
  const probes = replicas.map(({ url }) => startProbe(`${url}/health`));
  const begun = performance.timeOrigin + performance.now();
  await callBack(callbackUrl, id);
  await until(crowds, 'heard', events * PER_REPLICA * REPLICAS);
  const lastMs = Math.max(...crowds.map(({ last }) => last.lastAt)) - begun;
  const times = await Promise.all(probes.map((probe) => probe.stop()));
  return { lastMs, lagMs: Math.max(...times.map((some) => quantile(some, 0.99))) };
}

function print(name: string, value: number, unit: string): void {
  console.log(
    `${name}: ${value >= 10 ? Math.round(value).toLocaleString('en') : value.toFixed(1)} ${unit}`,
  );
}

console.log(`${PER_REPLICA * REPLICAS} listeners on ${REPLICAS} replica(s)`);
await using setting = await startSetting();
const database = await setting.postgres.createDatabase();
const client = new pg.Client(database);
// The server ends its connections when this program fails.
client.on('error', () => {});
await client.connect();

async function countTransactions(): Promise<number> {
  // Sessions report their counts after a second at the latest.
  await delay(1_500);
  await client.query('select pg_stat_clear_snapshot()');
  const { rows } = await client.query(
    'select xact_commit::int + xact_rollback::int as count from pg_stat_database where datname = current_database()',
  );
  return rows[0].count;
}

const ports: number[] = [];
for (let index = 0; index < REPLICAS; index += 1) ports.push(await findFreePort());
let replicas = await startReplicas(setting, database, ports);
const idle = await Promise.all(replicas.map((replica) => replica.measureMemory()));

const crowds = replicas.map(gather);
print('all connected after', await until(crowds, 'connected', PER_REPLICA * REPLICAS), 's');
await delay(2_000);
const full = await Promise.all(replicas.map((replica) => replica.measureMemory()));
for (const kind of ['heapUsed', 'rss'] as const) {
  const growth = full.map((memory, index) => memory[kind] - (idle[index]?.[kind] ?? 0));
  print(`${kind} per listener`, Math.max(...growth) / PER_REPLICA / 1_024, 'KiB');
}
for (let event = 1; event <= 3; event += 1) {
  const { lastMs, lagMs } = await complete(setting, crowds, replicas, event);
  print('callback to the last listener', lastMs, 'ms');
  print('lag of the event loop meanwhile, p99', lagMs, 'ms');
}

const before = await countTransactions();
await Promise.all(replicas.map((replica) => replica.stop()));
await until(crowds, 'connected', 0);
replicas = await startReplicas(setting, database, ports);
print(
  'all connected again after a restart',
  await until(crowds, 'connected', PER_REPLICA * REPLICAS),
  's',
);
await delay(2_000);
print('transactions meanwhile', (await countTransactions()) - before, '');
const { lastMs } = await complete(setting, crowds, replicas, 4);
print('callback to the last listener', lastMs, 'ms');

for (const crowd of crowds) crowd.leave();
for (const replica of replicas) await replica.stop();
await client.end();
