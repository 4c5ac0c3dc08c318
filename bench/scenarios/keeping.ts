/** Queries and callbacks while four films are copied, compared with the same gateway while they stall. */

import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { storeVideos } from '../../test/support/stored-videos.ts';
import { spawnPinned } from '../lib/children.ts';
import { callBack, extend, findCallbackUrl, VIDEO_QUERY } from '../lib/graphql.ts';
import { load } from '../lib/load.ts';
import type { Pace } from '../lib/pace.ts';
import { createMeasure, type Measure } from '../lib/report.ts';
import {
  createDatabase,
  findFreePort,
  type Setting,
  type Subject,
  startSubject,
} from '../lib/subjects.ts';

/** Long enough that no copy ends before the measurement does. */
const FILM_BYTES = 1_500_000_000;
const FILMS = 4;
const CALLBACKS = 50;

export async function measureKeeping(setting: Setting, pace: Pace): Promise<Measure[]> {
  const queries = createMeasure(`Queries per second while ${FILMS} films are copied`, '× without');
  const callbacks = createMeasure(
    `Callbacks per second while ${FILMS} films are copied`,
    '× without',
  );
  const copied = createMeasure('Files copied meanwhile', 'MiB/s');
  const folder = await mkdtemp(join(setting.folder, 'kept-'));
  const port = await findFreePort();
  const server = spawnPinned(
    ['bench/lib/films.ts'],
    { PORT: String(port), FILM_BYTES: String(FILM_BYTES) },
    1,
  );
  const { url: database, drop } = await createDatabase('sqlite', setting);
  const films = Array.from({ length: FILMS }, (_, n) => `http://127.0.0.1:${port}/${n}.mp4`);
  await storeVideos(database, films);
  const env = { KEEP_URL: `file:${folder}`, KEEP_ALLOWED_HOSTS: `127.0.0.1:${port}` };
  const keeping = await startSubject('sqlite', setting, { database, env });

  const id = await extend(keeping);
  await callBack(await findCallbackUrl(setting, id), id);
  const body = { query: VIDEO_QUERY, operationName: 'V', variables: { id } };
  await load(keeping, body, pace.warmUpSeconds);
  for (let round = 0; round < pace.rounds; round += 1) {
    // The downloads stall; after 30 s they would fail. A second gateway that copies nothing is no fair
    // comparison: two processes of the same program differ by up to a fifth.
    server.kill('SIGSTOP');
    const without = await measure(keeping, setting, body, pace);
    server.kill('SIGCONT');
    const begun = performance.now();
    const before = await countBytes(folder);
    const during = await measure(keeping, setting, body, pace);
    const bytes = (await countBytes(folder)) - before;
    copied.add('sqlite', bytes / 2 ** 20 / ((performance.now() - begun) / 1_000));
    queries.add('sqlite', during.queries / without.queries);
    callbacks.add('sqlite', during.callbacks / without.callbacks);
  }
  const partial = await listPartialFiles(folder);
  if (partial.length !== FILMS) {
    throw new Error(`Not all films were being copied until the end, but ${partial.join(', ')}`);
  }
  await keeping.stop();
  server.kill();
  await drop();
  await rm(folder, { recursive: true });
  return [queries, callbacks, copied];
}

/** Each film has one until it is copied. */
async function listPartialFiles(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.part'));
}

async function countBytes(folder: string): Promise<number> {
  const names = await listPartialFiles(folder);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Per second: queries of 50 connections, and callbacks one after another. */
async function measure(subject: Subject, setting: Setting, body: unknown, pace: Pace) {
  const { perSecond } = await load(subject, body, pace.seconds);
  const tasks = [];
  for (let count = 0; count < CALLBACKS; count += 1) {
    const id = await extend(subject);
    tasks.push({ id, url: await findCallbackUrl(setting, id) });
  }
  const begun = performance.now();
  for (const { id, url } of tasks) await callBack(url, id);
  return { queries: perSecond, callbacks: CALLBACKS / (performance.now() - begun) };
}
