import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ReadKeptDocument } from './generated/graphql.ts';
import { startChildGateway } from './support/child-gateway.ts';
import { startFilmServer } from './support/films.ts';
import { listFiles } from './support/keeping.ts';
import { chooseRounds } from './support/rounds.ts';
import { storeVideos } from './support/stored-videos.ts';

const MIB = 1024 * 1024;
const FILMS = chooseRounds({ few: 12, all: 100 });
const KILLS = chooseRounds({ few: 3, all: 40 });
/** The longest of them. */
const LONGEST = chooseRounds({ few: 12 * MIB, all: 200 * MIB });
const MAX_MORE_RSS = 64 * MIB;

/** From 10 KiB to the longest, most of them short. */
const sizes = Array.from({ length: FILMS }, (_, number) =>
  Math.floor(10_240 * (LONGEST / 10_240) ** (((number * 37) % FILMS) / (FILMS - 1))),
);

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

describe(`${FILMS} films, faulty servers and ${KILLS} crashes`, () => {
  it('end in copies that are identical byte for byte, without extra files', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'longtake-kept-crash-'));
    const kept = join(folder, 'kept');
    await using server = await startFilmServer(sizes);
    const ids = await storeVideos(
      `sqlite:${join(folder, 'gateway.db')}`,
      server.films.map(({ path }) => server.url + path),
    );
    // As in the container image and in `npm start`.
    const NODE_OPTIONS = '--max-semi-space-size=8';
    const env = { KEEP_URL: `file:${kept}`, NODE_OPTIONS };
    const options = { folder, upstreamUrl: server.url, env };

    for (let kill = 0; kill < KILLS; kill += 1) {
      const gateway = await startChildGateway(options);
      // Early and late in a copy, and in the middle of many.
      await delay((kill * 97) % 700);
      await gateway.kill();
    }
    const gateway = await startChildGateway(options);
    const { rss: first } = await gateway.memory();
    let most = first;
    const states = new Map<string, string>();
    await expect
      .poll(
        async () => {
          most = Math.max(most, (await gateway.memory()).rss);
          for (const id of ids) {
            if (states.get(id) === 'KEPT') continue;
            const { data } = await gateway.graphql(ReadKeptDocument, { id });
            states.set(id, data.video?.kept?.state ?? 'none');
          }
          return ids.filter((id) => states.get(id) !== 'KEPT').length;
        },
        { timeout: 600_000, interval: 200 },
      )
      .toBe(0);
    const videos = await Promise.all(
      ids.map(async (id) => (await gateway.graphql(ReadKeptDocument, { id })).data.video),
    );
    await gateway.stop();

    const files = await listFiles(kept);
    expect(files.map((file) => file.split('/')[0])).toEqual(ids.toSorted());
    expect(files.filter((file) => !/film-\d+\.mp4$/.test(file))).toEqual([]);
    for (const [number, film] of server.films.entries()) {
      const name = files.find((file) => file.startsWith(ids[number] ?? 'none')) ?? '';
      expect(await hashFile(join(kept, name)), film.fault).toBe(film.sha256);
      expect(videos[number]?.kept, film.fault).toMatchObject({
        bytes: film.bytes,
        sha256: film.sha256,
      });
    }
    expect(most - first).toBeLessThanOrEqual(MAX_MORE_RSS);
    await rm(folder, { recursive: true });
  }, 900_000);
});
