/**
 * What PostgreSQL's notifications hold: ends of tasks per second, and how long after its writer knew
 * of the commit an end is heard (0: before), with 0, 1, 2 and 4 replicas listening. One run, interleaved; ratios count.
 *
 *   node bench/notify.ts
 */

import { openDatabase } from '../src/store/database.ts';
import { startListener } from '../src/store/listener.ts';
import { confirmSubmit } from '../src/store/transitions/confirm.ts';
import { endVideo } from '../src/store/transitions/end.ts';
import { insertSubmit } from '../src/store/transitions/insert.ts';
import { createVideoId } from '../src/video-id.ts';
import { startPostgres } from '../test/support/postgres.ts';

const ENDS = 2_000;
const WRITERS = 16;
const OWNERS = 50;
const ROUNDS = 3;
const POOL = { size: WRITERS, statementTimeoutMs: 10_000 };

await using postgres = await startPostgres();
const url = await postgres.createDatabase();
const { db, close } = await openDatabase(url, POOL);

const results = new Map<number, { perSecond: number[]; lagMs: number[] }>();
for (let round = 0; round < ROUNDS; round += 1) {
  for (const listeners of [0, 1, 2, 4]) {
    const { perSecond, lagMs } = await measure(listeners);
    const result = results.get(listeners) ?? { perSecond: [], lagMs: [] };
    result.perSecond.push(perSecond);
    result.lagMs.push(...lagMs);
    results.set(listeners, result);
  }
}
await close();

console.log('| listening | ends/s | heard after p50 ms | p99 ms |');
console.log('|---|---|---|---|');
for (const [listeners, { perSecond, lagMs }] of results) {
  const cells = [listeners, Math.round(quantile(perSecond, 0.5))];
  const lags = [quantile(lagMs, 0.5), quantile(lagMs, 0.99)];
  console.log(
    `| ${[...cells, ...lags.map((ms) => (Number.isNaN(ms) ? '–' : Math.max(0, ms).toFixed(1)))].join(' | ')} |`,
  );
}

async function measure(count: number): Promise<{ perSecond: number; lagMs: number[] }> {
  const ids = await prepare();
  const committed = new Map<string, number>();
  const lagMs: number[] = [];
  let heard = 0;
  const { promise: allHeard, resolve } = Promise.withResolvers<void>();
  const listeners = await Promise.all(Array.from({ length: count }, () => listen()));

  function listen() {
    const connected = Promise.withResolvers<void>();
    const listener = startListener(url, POOL, {
      onConnect: connected.resolve,
      onError: connected.reject,
      onChange({ id }) {
        lagMs.push(performance.now() - (committed.get(id) ?? performance.now()));
        heard += 1;
        if (heard === ids.length * count) resolve();
      },
    });
    return connected.promise.then(() => listener);
  }

  const begun = performance.now();
  await forEach(ids, async (id) => {
    const outcome = { videoId: id, videoUrl: 'https://files.example.com/1.mp4', coverUrl: null };
    await endVideo(db, id, { outcome, reported: true });
    committed.set(id, performance.now());
  });
  const perSecond = ids.length / ((performance.now() - begun) / 1_000);
  if (count > 0) await allHeard;
  await Promise.all(listeners.map((listener) => listener.close()));
  return { perSecond, lagMs };
}

/** Open tasks of several owners, written before anybody listens. */
async function prepare(): Promise<string[]> {
  const ids = Array.from({ length: ENDS }, () => createVideoId());
  await forEach(ids, async (id) => {
    await insertSubmit(db, {
      id,
      owner: `owner-${ids.indexOf(id) % OWNERS}`,
      idempotencyKey: null,
      fingerprint: '',
      tokenHash: '',
      kind: 'EXTENSION',
      sourceTaskId: 'source',
      duration: null,
      aspectRatio: null,
      prompt: 'bench',
      quality: 'P720',
      waterMark: '',
      imageUrl: null,
      expandPrompt: null,
      runtimeMs: 60_000,
    });
    await confirmSubmit(db, { id, taskId: `task-${id}`, firstCheckMs: 60_000 });
  });
  return ids;
}

/** As many at a time as there are connections. */
async function forEach(
  ids: readonly string[],
  write: (id: string) => Promise<void>,
): Promise<void> {
  const queue = [...ids];
  await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      for (let id = queue.pop(); id; id = queue.pop()) await write(id);
    }),
  );
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}
