/** The memory that a gateway takes for copying. */

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startChildGateway } from './support/child-gateway.ts';
import { makeFolder } from './support/folder.ts';
import { readKept } from './support/keeping.ts';
import { startS3 } from './support/s3.ts';
import { startScriptedUpstream } from './support/scripted-upstream.ts';
import { storeVideos } from './support/stored-videos.ts';

const MIB = 1024 * 1024;
const FILMS = 4;
/** Of three parts each. */
const FILM_BYTES = 15 * MIB;
const MAX_MORE_RSS = 64 * MIB;

/** The same work takes a few MiB more or less from process to process. */
const OPTIONS = { timeout: 150_000, retry: 2 };

it('is at most 64 MiB while four films are copied into a bucket', OPTIONS, async () => {
  await using folder = await makeFolder();
  await using store = await startS3('s3rver');
  const film = randomBytes(FILM_BYTES);
  await using films = await startScriptedUpstream((_request, response) => {
    response.writeHead(200, { 'content-type': 'video/webm', 'content-length': film.length });
    response.end(film);
  });
  const database = `sqlite:${join(folder.path, 'gateway.db')}`;
  const urls = Array.from({ length: FILMS }, (_, number) => `${films.url}/${number}.webm`);
  const ids = await storeVideos(database, urls);
  // As in the container image and in `npm start`.
  const NODE_OPTIONS = '--max-semi-space-size=8';
  const env = { ...store.env, KEEP_URL: store.url, NODE_OPTIONS };

  await using gateway = await startChildGateway({
    folder: folder.path,
    upstreamUrl: films.url,
    env,
  });
  const { rss: first } = await gateway.memory();
  let most = first;
  await expect
    .poll(
      async () => {
        most = Math.max(most, (await gateway.memory()).rss);
        const videos = await Promise.all(ids.map((id) => readKept(gateway, id)));
        return videos.map(({ kept }) => kept?.state);
      },
      { timeout: 120_000, interval: 100 },
    )
    .toEqual(ids.map(() => 'KEPT'));

  expect(await store.listKeys()).toHaveLength(FILMS);
  expect(most - first).toBeLessThanOrEqual(MAX_MORE_RSS);
});
