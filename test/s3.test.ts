import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keepUrl } from '../src/config/keep-url.ts';
import { type Destination, DestinationError } from '../src/files/destination.ts';
import { openDestination } from '../src/files/open-destination.ts';
import { SourceError } from '../src/files/source-error.ts';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { DeleteVideoDocument } from './generated/graphql.ts';
import { startChildGateway } from './support/child-gateway.ts';
import { makeFolder } from './support/folder.ts';
import { startGateway } from './support/gateway.ts';
import { download, readKept, untilKept } from './support/keeping.ts';
import { extend } from './support/operations.ts';
import { S3_KINDS, type S3Server, startS3 } from './support/s3.ts';
import { scrape } from './support/scrape.ts';
import { startScriptedUpstream } from './support/scripted-upstream.ts';
import { storeVideos } from './support/stored-videos.ts';

const NAME = '0190a0b0-0000-7000-8000-000000000000/film-1.mp4';
const MIB = 1024 * 1024;
const { signal } = new AbortController();

const SETTINGS = { KEEP_MAX_BYTES: 300 * MIB, NO_PROXY: [] };

/** Arrives in pieces, as a download does. */
async function* toChunks(bytes: Buffer, end: () => void = () => {}): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; from += 65_536) yield bytes.subarray(from, from + 65_536);
  end();
}

async function readAll(destination: Destination, name: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await destination.read(name, signal)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe.each(S3_KINDS)('with %s', (kind) => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3(kind);
    // The SDK's own chain of credentials reads them, as it does in production.
    Object.assign(process.env, server.env);
  });
  afterAll(async () => {
    for (const name of Object.keys(server.env)) delete process.env[name];
    await server[Symbol.asyncDispose]();
  });

  const open = (url = server.url) => openDestination(keepUrl.parse(url), SETTINGS);

  describe('a bucket', () => {
    it.each([
      ['small', 1_000],
      ['of several parts', 17 * MIB + 5],
    ])('stores a file that is %s, and removes it', async (_name, length) => {
      const destination = await open();
      const bytes = randomBytes(length);

      await destination.write(NAME, toChunks(bytes), signal);
      const stored = await readAll(destination, NAME);
      const url = await destination.toUrl?.(NAME, Date.now() + 3_600_000);
      const served = await fetch(url ?? '', { headers: { range: 'bytes=100-199' } });
      const part = Buffer.from(await served.arrayBuffer());
      const other = await fetch(url?.replace('film-1.mp4', 'film-2.mp4') ?? '');
      await destination.remove(NAME);

      expect(stored.equals(bytes)).toBe(true);
      expect(served.status).toBe(206);
      // s3rver does not compare signatures.
      expect(other.status).toBe(kind === 's3rver' ? 404 : 403);
      expect(served.headers.get('content-type')).toBe('video/mp4');
      expect(part.equals(bytes.subarray(100, 200))).toBe(true);
      expect(await server.listKeys()).toEqual([]);
      expect((await server.listUploads()) ?? []).toEqual([]);
      destination.close();
    });

    it('holds nothing of a file whose source fails', async () => {
      const destination = await open();
      const fail = () => {
        throw new SourceError('cut off');
      };

      const write = destination.write(NAME, toChunks(randomBytes(12 * MIB), fail), signal);

      await expect(write).rejects.toThrow(SourceError);
      expect(await server.listKeys()).toEqual([]);
      await destination.remove(NAME);
      expect((await server.listUploads()) ?? []).toEqual([]);
      destination.close();
    });

    it('holds nothing of a file whose copying is aborted', async () => {
      const destination = await open();
      const aborting = new AbortController();
      const abort = () => aborting.abort(new Error('stopped'));

      const write = destination.write(
        NAME,
        toChunks(randomBytes(12 * MIB), abort),
        aborting.signal,
      );

      await expect(write).rejects.toThrow('stopped');
      await destination.remove(NAME);
      expect(await server.listKeys()).toEqual([]);
      expect((await server.listUploads()) ?? []).toEqual([]);
      destination.close();
    });

    it('holds no part of an upload that a dead process has begun', async () => {
      // s3rver has no list of them.
      if ((await server.listUploads()) === null) return;
      const dying = await open();
      const held = Promise.withResolvers<void>();
      async function* stopAfter(bytes: Buffer) {
        yield* toChunks(bytes);
        await held.promise;
      }
      const other = `${NAME}.mov`;
      const writes = [NAME, other].map((name) =>
        dying
          .write(name, stopAfter(randomBytes(11 * MIB)), signal)
          .catch((error: unknown) => error),
      );
      await expect.poll(() => server.listUploads()).toHaveLength(2);

      const next = await open();
      await next.remove(NAME);

      expect(await server.listUploads()).toEqual([`kept/${other}`]);
      await next.remove(other);
      expect(await server.listUploads()).toEqual([]);
      held.resolve();
      for (const failed of await Promise.all(writes))
        expect(failed).toBeInstanceOf(DestinationError);
      expect(await server.listKeys()).toEqual([]);
      for (const destination of [dying, next]) destination.close();
    });

    it('says what is wrong', async () => {
      const wrong = {
        bucket: server.url.replace(/s3:\/\/[^/]+/, 's3://no-such-bucket'),
        endpoint: server.url.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:9'),
      };
      for (const [name, url] of Object.entries(wrong)) {
        const destination = await open(url);
        const writing = destination.write(NAME, toChunks(randomBytes(10)), signal);
        await expect(writing, name).rejects.toThrow(DestinationError);
        await expect(writing, name).rejects.toThrow(/KEEP_URL/);
        destination.close();
      }
    });
  });

  describe('a gateway that keeps into a bucket', () => {
    it('copies film and cover, links to the bucket, and deletes them', async () => {
      await using sandbox = await startSandbox({ autoplay: false });
      await using gateway = await startGateway(sandbox, { KEEP_URL: server.url });
      const { id, taskId } = await extend(gateway);
      await sandbox.complete(taskId);
      const film = await download(`${sandbox.url}/files/${sandbox.tasks.get(taskId)?.videoId}.mp4`);

      const video = await untilKept(gateway, id);
      await expect.poll(async () => (await server.listKeys()).length).toBe(2);

      expect(await server.listKeys()).toEqual([`kept/${id}/cover-1.png`, `kept/${id}/film-1.mp4`]);
      expect(new URL(video.videoUrl ?? '').searchParams.get('X-Amz-Signature')).toBeTruthy();
      expect((await download(video.videoUrl)).equals(film)).toBe(true);
      // The same URL for an hour, so that browsers find it in their caches.
      expect((await readKept(gateway, id)).videoUrl).toBe(video.videoUrl);
      const { data } = await gateway.graphql(DeleteVideoDocument, { id });
      expect(data.deleteVideo.__typename).toBe('DeleteVideoSuccess');
      expect(await server.listKeys()).toEqual([]);
    });

    it('copies a film again that somebody has deleted in the bucket', async () => {
      await using sandbox = await startSandbox({ autoplay: false });
      await using gateway = await startGateway(sandbox, { KEEP_URL: server.url });
      const { id, taskId } = await extend(gateway);
      await sandbox.complete(taskId);
      await untilKept(gateway, id);
      // Each copy is checked once per hour and process.
      await gateway.stop();
      const destination = await openDestination(keepUrl.parse(server.url), SETTINGS);
      await destination.remove(`${id}/film-1.mp4`);
      destination.close();
      await gateway.restart();

      await expect
        .poll(async () => (await readKept(gateway, id)).videoUrl)
        .toContain('/film-2.mp4');

      const { videoUrl, kept } = await readKept(gateway, id);
      expect((await download(videoUrl)).length).toBe(kept?.bytes);
      // The other tests expect an empty bucket.
      await gateway.graphql(DeleteVideoDocument, { id });
    });

    it.each([
      ['prefix', (url: string) => url.replace('/kept?', '/other?')],
      ['bucket', (url: string) => url.replace(/^s3:\/\/[^/]+/, 's3://no-such-bucket')],
    ])('loses no copy because KEEP_URL names another %s for a while', async (_what, change) => {
      await using sandbox = await startSandbox({ autoplay: false });
      const METRICS_TOKEN = 'a-token-of-the-metrics-of-this-test-alone';
      const env = { KEEP_URL: server.url, METRICS_TOKEN };
      await using gateway = await startGateway(sandbox, env);
      const { id, taskId } = await extend(gateway);
      await sandbox.complete(taskId);
      const before = await untilKept(gateway, id);
      const countFailures = async () => {
        const metrics = await scrape(gateway, METRICS_TOKEN);
        return metrics.get('longtake_copies_total', { outcome: 'destination_failed' });
      };

      await gateway.restart({ KEEP_URL: change(server.url) });
      await readKept(gateway, id);
      const next = await extend(gateway);
      await sandbox.complete(next.taskId);
      await expect.poll(countFailures).toBeGreaterThan(0);
      const between = await readKept(gateway, id);
      await gateway.restart({ KEEP_URL: server.url });

      expect(between.kept).toEqual(before.kept);
      await untilKept(gateway, next.id);
      expect((await readKept(gateway, id)).videoUrl).toContain('/film-1.mp4');
      for (const made of [id, next.id]) await gateway.graphql(DeleteVideoDocument, { id: made });
    });

    it('leaves one object and no upload when it is killed in the middle of a copy', async () => {
      const folder = await makeFolder();
      const film = randomBytes(17 * MIB);
      const headers = { 'content-type': 'video/webm', 'content-length': film.length };
      const half = Promise.withResolvers<void>();
      let isFirst = true;
      await using films = await startScriptedUpstream((_request, response) => {
        response.writeHead(200, headers);
        if (!isFirst) return response.end(film);
        isFirst = false;
        return response.write(film.subarray(0, 12 * MIB), () => half.resolve());
      });
      const database = `sqlite:${join(folder.path, 'gateway.db')}`;
      const [id = ''] = await storeVideos(database, [`${films.url}/film.webm`]);
      const env = { KEEP_URL: server.url, ...server.env };
      const options = { folder: folder.path, upstreamUrl: films.url, env };
      const killed = await startChildGateway(options);
      await half.promise;
      if ((await server.listUploads()) !== null) {
        await expect.poll(() => server.listUploads()).toHaveLength(1);
      }
      await killed.kill();

      await using gateway = await startChildGateway(options);

      const { videoUrl } = await untilKept(gateway, id);
      expect((await download(videoUrl)).equals(film)).toBe(true);
      expect(await server.listKeys()).toEqual([`kept/${id}/film-2.webm`]);
      expect((await server.listUploads()) ?? []).toEqual([]);
      await gateway.kill();
      await folder[Symbol.asyncDispose]();
    });
  });
});

describe('KEEP_URL', () => {
  it.each([
    's3://films',
    's3://films/a/b?region=eu-central-1',
    's3://films?endpoint=http://127.0.0.1:9000&forcePathStyle=true',
    'file:data/kept',
  ])('may be %s', (url) => {
    expect(keepUrl.safeParse(url).success).toBe(true);
  });

  it.each([
    '',
    's3:films',
    's3:///kept',
    's3://films?regoin=x',
    's3://a:b@films',
    'http://x',
    'file:',
  ])('may not be %s', (url) => {
    expect(keepUrl.safeParse(url).success).toBe(false);
  });
});
