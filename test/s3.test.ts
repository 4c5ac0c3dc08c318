import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Destination, DestinationError } from '../src/files/destination.ts';
import { openDestination } from '../src/files/open-destination.ts';
import { SourceError } from '../src/files/source-error.ts';
import { keepUrl } from '../src/keep-url.ts';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { DeleteVideoDocument } from './generated/graphql.ts';
import { startGateway } from './support/gateway.ts';
import { download, readKept, untilKept } from './support/keeping.ts';
import { extend } from './support/operations.ts';
import { type S3Server, startS3 } from './support/s3.ts';

const NAME = '0190a0b0-0000-7000-8000-000000000000/film-1.mp4';
const MIB = 1024 * 1024;
const { signal } = new AbortController();

let server: S3Server;
beforeAll(async () => {
  server = await startS3();
  // The SDK's own chain of credentials reads them, as it does in production.
  Object.assign(process.env, server.env);
});
afterAll(async () => {
  for (const name of Object.keys(server.env)) delete process.env[name];
  await server[Symbol.asyncDispose]();
});

const SETTINGS = { KEEP_MAX_BYTES: 300 * MIB, NO_PROXY: [] };
const open = (url = server.url) => openDestination(keepUrl.parse(url), SETTINGS);

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
    await destination.remove(NAME);

    expect(stored.equals(bytes)).toBe(true);
    expect(served.status).toBe(206);
    expect(served.headers.get('content-type')).toBe('video/mp4');
    expect(part.equals(bytes.subarray(100, 200))).toBe(true);
    expect(await server.listKeys()).toEqual([]);
    expect(await server.listUploads()).toEqual([]);
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
    expect(await server.listUploads()).toEqual([]);
    destination.close();
  });

  it('holds nothing of a file whose copying is aborted', async () => {
    const destination = await open();
    const aborting = new AbortController();
    const abort = () => aborting.abort(new Error('stopped'));

    const write = destination.write(NAME, toChunks(randomBytes(12 * MIB), abort), aborting.signal);

    await expect(write).rejects.toThrow('stopped');
    await destination.remove(NAME);
    expect(await server.listKeys()).toEqual([]);
    expect(await server.listUploads()).toEqual([]);
    destination.close();
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
