/** Queries and callbacks while four films are copied, compared with the same gateway that copies none. */

import { mkdtemp, readdir, rm } from 'node:fs/promises';
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
  const plain = await startSubject('sqlite', setting);
  const keeping = await startSubject('sqlite', setting, { database, env });

  const bodies = new Map<Subject, unknown>();
  for (const subject of [plain, keeping]) {
    const id = await extend(subject);
    await callBack(await findCallbackUrl(setting, id), id);
    const body = { query: VIDEO_QUERY, operationName: 'V', variables: { id } };
    bodies.set(subject, body);
    await load(subject, body, pace.warmUpSeconds);
  }
  for (let round = 0; round < pace.rounds; round += 1) {
    // Copying must not slow down the other gateway, which shares the core.
    keeping.signal('SIGSTOP');
    const without = await measure(plain, setting, bodies.get(plain), pace);
    keeping.signal('SIGCONT');
    const during = await measure(keeping, setting, bodies.get(keeping), pace);
    queries.add('sqlite', during.queries / without.queries);
    callbacks.add('sqlite', during.callbacks / without.callbacks);
  }
  // Each film has a temporary file until it is copied.
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.includes('.'));
  if (files.filter((name) => name.endsWith('.part')).length !== FILMS) {
    throw new Error(`Not all films were being copied until the end. Files: ${files.join(', ')}`);
  }
  await plain.stop();
  await keeping.stop();
  server.kill();
  await drop();
  await rm(folder, { recursive: true });
  return [queries, callbacks];
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
