/** The thread that transfers files, and what the gateway's thread does for it in a bucket. */

import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keepUrl } from '../src/config/keep-url.ts';
import { openDestination } from '../src/files/open-destination.ts';
import { createTransferThread } from '../src/files/transfer-thread.ts';
import { startScriptedUpstream } from './support/scripted-upstream.ts';

const FILM = randomBytes(6_000_000);
const NAME = '1/film-1.webm';
const BEGUN =
  '<InitiateMultipartUploadResult><UploadId>upload-1</UploadId></InitiateMultipartUploadResult>';

beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
});
afterEach(() => void vi.unstubAllEnvs());

/** A store that holds the answers to one kind of requests. */
async function startStore(held: 'PUT' | 'complete') {
  const waiting = Promise.withResolvers<ServerResponse>();
  const store = await startScriptedUpstream(({ method, query }, response) => {
    const isComplete = method === 'POST' && query.has('uploadId');
    if ((isComplete ? 'complete' : method) === held) return waiting.resolve(response);
    response.writeHead(200, { etag: '"1"' }).end(method === 'POST' ? BEGUN : '');
  });
  return { ...store, waiting: waiting.promise };
}

async function startTransfer(storeUrl: string, signal: AbortSignal) {
  const films = await startScriptedUpstream((_request, response) => {
    const headers = { 'content-type': 'video/webm', 'content-length': FILM.length };
    response.writeHead(200, headers).end(FILM);
  });
  const settings = {
    KEEP_URL: keepUrl.parse(`s3://films?region=us-east-1&endpoint=${storeUrl}&forcePathStyle=true`),
    KEEP_MAX_BYTES: 10_000_000,
    KEEP_ALLOWED_HOSTS: [],
    UPSTREAM_URL: films.url,
    NO_PROXY: [],
  };
  const destination = await openDestination(settings.KEEP_URL, settings);
  const thread = createTransferThread(settings, destination, pino({ level: 'silent' }));
  const transfer = await thread.start(`${films.url}/film.webm`, 'film', signal);
  const stored = transfer.store(NAME);
  stored.catch(() => undefined);
  return {
    stored,
    thread,
    async [Symbol.asyncDispose]() {
      await thread.close();
      destination.close();
      await films.close();
    },
  };
}

describe('a transfer into a bucket', () => {
  it('that is aborted in the middle of a PUT ends it, and aborts its upload', async () => {
    await using store = await startStore('PUT');
    const aborting = new AbortController();
    await using transfer = await startTransfer(store.url, aborting.signal);
    const response = await store.waiting;
    const closed = new Promise((resolve) => response.on('close', resolve));

    aborting.abort();

    await expect(transfer.stored).rejects.toThrow();
    await closed;
    expect(store.requests.map(({ method }) => method)).toEqual(['POST', 'PUT', 'DELETE']);
    expect(store.requests[2]?.query.get('uploadId')).toBe('upload-1');
  });

  it('whose thread dies fails only after the last request of the gateway for it', async () => {
    await using store = await startStore('complete');
    await using transfer = await startTransfer(store.url, new AbortController().signal);
    const response = await store.waiting;
    const order: string[] = [];
    const settled = transfer.stored.catch((error: Error) => order.push(error.message));

    await transfer.thread.close();
    order.push('thread closed');
    response.writeHead(200).end('<CompleteMultipartUploadResult/>');
    await settled;

    expect(order).toEqual(['thread closed', 'the thread that copies files has ended']);
  });
});
