import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createHub } from '../src/delivery/hub.ts';
import { createAllowedHosts } from '../src/files/allowed-hosts.ts';
import { startCopier } from '../src/files/copier.ts';
import { toNames } from '../src/files/copy-file.ts';
import { DestinationError } from '../src/files/destination.ts';
import { createDownloader } from '../src/files/download.ts';
import { createFileDestination } from '../src/files/file-destination.ts';
import { createPace } from '../src/files/pace.ts';
import { createTransfers } from '../src/files/transfers.ts';
import { endCopyLeases, leaseCopies } from '../src/store/copies.ts';
import { openDatabase } from '../src/store/database.ts';
import { findVideo } from '../src/store/videos.ts';
import { NO_METRICS } from '../src/telemetry/metrics.ts';
import { isSettled } from './support/disk.ts';
import { makeFolder } from './support/folder.ts';
import { listFiles } from './support/keeping.ts';
import { startScriptedUpstream } from './support/scripted-upstream.ts';
import { storeVideos } from './support/stored-videos.ts';

const MP4 = { 'content-type': 'video/mp4' };
/** Two attempts after the first one. */
const RETRY_GAPS_MS = [1, 1];
const ATTEMPTS = RETRY_GAPS_MS.length + 1;

/** Films that are no films, whatever is tried. */
const FAULTS: Record<string, (response: ServerResponse) => unknown> = {
  'a page': (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
  'a page that is called a film': (response) => response.writeHead(200, MP4).end('<html></html>'),
  'a film of which the end is missing': (response) =>
    response.writeHead(200, MP4).end(Buffer.from('0000ffff6d646174616263', 'hex')),
  'a picture that can hold scripts': (response) =>
    response.writeHead(200, { 'content-type': 'image/svg+xml' }).end('<svg/>'),
  'a film that was compressed on its way': (response) =>
    response
      .writeHead(200, { 'content-type': 'video/webm', 'content-encoding': 'gzip' })
      .end(gzipSync('film')),
  'an error': (response) => response.writeHead(500).end(),
  'nothing at all': (response) => response.writeHead(200, { ...MP4, 'content-length': 0 }).end(),
};

describe('a film that cannot be copied', () => {
  it.each(Object.entries(FAULTS))('is given up after some attempts: %s', async (_name, answer) => {
    const folder = await mkdtemp(join(tmpdir(), 'longtake-copier-'));
    await using server = await startScriptedUpstream((_request, response) => answer(response));
    const database = `sqlite:${join(folder, 'gateway.db')}`;
    const film = `${server.url}/film.mp4`;
    const [id = ''] = await storeVideos(database, [film]);
    const { db, close } = await openDatabase(database);
    const hosts = createAllowedHosts({ upstreamUrl: server.url, allowed: [] });
    const downloader = createDownloader({ hosts, findProxy: () => null });
    await mkdir(join(folder, 'kept'));
    const destination = createFileDestination(join(folder, 'kept'));
    const copier = startCopier({
      db,
      hub: createHub(),
      metrics: NO_METRICS,
      log: pino({ level: 'silent' }),
      destination,
      transfers: createTransfers({
        downloader,
        destination,
        maxBytes: 1_000_000,
        pace: createPace(1e9),
      }),
      retryGapsMs: RETRY_GAPS_MS,
    });

    await expect.poll(async () => (await findVideo(db, 'open', id))?.copies?.state).toBe('FAILED');

    expect(server.requests.length).toBe(ATTEMPTS);
    expect((await findVideo(db, 'open', id))?.videoUrl).toBe(film);
    expect(await listFiles(join(folder, 'kept'))).toEqual([]);
    await copier.stop();
    downloader.close();
    await close();
    await rm(folder, { recursive: true });
  });
});

describe('a copy that another replica has taken over', () => {
  it('ends without a fault of the destination', async () => {
    await using folder = await makeFolder();
    const held = Promise.withResolvers<ServerResponse>();
    await using server = await startScriptedUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'video/webm', 'content-length': 8 });
      response.write('film', () => held.resolve(response));
    });
    const database = `sqlite:${join(folder.path, 'gateway.db')}`;
    await storeVideos(database, [`${server.url}/film.webm`]);
    const { db, close } = await openDatabase(database);
    const hosts = createAllowedHosts({ upstreamUrl: server.url, allowed: [] });
    const downloader = createDownloader({ hosts, findProxy: () => null });
    await mkdir(join(folder.path, 'kept'));
    const destination = createFileDestination(join(folder.path, 'kept'));
    const ended = Promise.withResolvers<void>();
    const outcomes: string[] = [];
    const copier = startCopier({
      db,
      hub: createHub(),
      metrics: { copy: (outcome) => outcomes.push(outcome) },
      log: pino({ level: 'silent' }),
      destination: {
        ...destination,
        // What the copier does after a failed copy.
        remove: (name) => destination.remove(name).then(ended.resolve),
      },
      transfers: createTransfers({
        downloader,
        destination,
        maxBytes: 1_000_000,
        pace: createPace(1e9),
      }),
    });
    const response = await held.promise;
    await expect.poll(() => listFiles(join(folder.path, 'kept'))).toHaveLength(1);

    // This process was suspended for longer than its lease.
    await endCopyLeases(db);
    const [taken] = await leaseCopies(db, 1, 60_000);
    for (const name of toNames(taken ?? { names: '[]' })) await destination.remove(name);
    response.end('film');

    await ended.promise;
    // Some turns of the event loop, in which the copier deals with it.
    await isSettled(ended.promise);
    await copier.stop();
    expect(outcomes).toEqual([]);
    expect(await listFiles(join(folder.path, 'kept'))).toEqual([]);
    downloader.close();
    await close();
  });
});

describe('a copy that ends with an unexpected error', () => {
  it('is counted as a failure, and tried again without waiting for its lease to end', async () => {
    await using folder = await makeFolder();
    await using server = await startScriptedUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'video/webm' }).end('film');
    });
    const database = `sqlite:${join(folder.path, 'gateway.db')}`;
    const [id = ''] = await storeVideos(database, [`${server.url}/film.webm`]);
    const { db, close } = await openDatabase(database);
    const hosts = createAllowedHosts({ upstreamUrl: server.url, allowed: [] });
    const downloader = createDownloader({ hosts, findProxy: () => null });
    await mkdir(join(folder.path, 'kept'));
    const destination = createFileDestination(join(folder.path, 'kept'));
    let writes = 0;
    const outcomes: string[] = [];
    const copier = startCopier({
      db,
      hub: createHub(),
      metrics: { copy: (outcome) => outcomes.push(outcome) },
      log: pino({ level: 'silent' }),
      destination,
      transfers: createTransfers({
        downloader,
        destination: {
          ...destination,
          async write(...file) {
            writes += 1;
            // More often than there are gaps: nothing is given up because of a bug.
            if (writes <= ATTEMPTS) throw new RangeError('a bug');
            await destination.write(...file);
          },
        },
        maxBytes: 1_000_000,
        pace: createPace(1e9),
      }),
      retryGapsMs: RETRY_GAPS_MS,
    });

    await expect.poll(async () => (await findVideo(db, 'open', id))?.copies?.state).toBe('KEPT');

    const copies = await db.selectFrom('file_copy').select('failures').execute();
    expect(copies).toEqual([{ failures: ATTEMPTS }]);
    expect(outcomes).toEqual([...Array(ATTEMPTS).fill('retried'), 'kept']);
    await copier.stop();
    downloader.close();
    await close();
  });
});

describe('a file that the destination refuses', () => {
  it('does not keep others from being copied', async () => {
    await using folder = await makeFolder();
    await using server = await startScriptedUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'video/webm' }).end('film');
    });
    const database = `sqlite:${join(folder.path, 'gateway.db')}`;
    const film = `${server.url}/film.webm`;
    const [refused = '', ...others] = await storeVideos(database, [film, film, film]);
    const { db, close } = await openDatabase(database);
    const hosts = createAllowedHosts({ upstreamUrl: server.url, allowed: [] });
    const downloader = createDownloader({ hosts, findProxy: () => null });
    await mkdir(join(folder.path, 'kept'));
    const destination = createFileDestination(join(folder.path, 'kept'));
    // The others are due only once the destination has refused the first.
    await db
      .updateTable('video')
      .set({ keep_state: 'PENDING' })
      .where('id', 'in', others)
      .execute();
    const copier = startCopier({
      db,
      hub: createHub(),
      metrics: NO_METRICS,
      log: pino({ level: 'silent' }),
      destination,
      transfers: createTransfers({
        downloader,
        destination: {
          ...destination,
          async write(name, ...file) {
            if (!name.startsWith(refused)) return destination.write(name, ...file);
            await db
              .updateTable('video')
              .set({ keep_state: null })
              .where('id', 'in', others)
              .where('kept_film', 'is', null)
              .execute();
            throw new DestinationError('the object is too large');
          },
        },
        maxBytes: 1_000_000,
        pace: createPace(1e9),
      }),
    });
    const readStates = () =>
      Promise.all(
        [refused, ...others].map(async (id) => (await findVideo(db, 'open', id))?.copies?.state),
      );

    await expect.poll(readStates, { timeout: 30_000 }).toEqual(['PENDING', 'KEPT', 'KEPT']);

    await copier.stop();
    downloader.close();
    await close();
  });
});
