/** Downloads of films from servers that change them, send them badly, or are reached in other ways. */

import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { type Address, createAllowedHosts } from '../src/files/allowed-hosts.ts';
import { createDownloader } from '../src/files/download.ts';
import { SourceError } from '../src/files/source-error.ts';
import { type RecordedRequest, startScriptedUpstream } from './support/scripted-upstream.ts';

const MAX_BYTES = 1_000_000;
const BYTES = Buffer.from('0123456789');
const TYPE = { 'content-type': 'video/webm' };
const { signal } = new AbortController();

interface Options {
  readonly upstreamUrl: string;
  readonly allowed?: readonly string[];
  readonly proxy?: string;
  readonly stallMs?: number;
  readonly resolveName?: (name: string) => Promise<readonly Address[]>;
}

/** Resolves with the bytes of a film. */
async function download(url: string, { allowed = [], proxy, stallMs, ...options }: Options) {
  const downloader = createDownloader({
    hosts: createAllowedHosts({ ...options, allowed }),
    findProxy: () => (proxy ? new URL(proxy) : null),
    ...(stallMs && { stallMs }),
  });
  try {
    const { bytes } = await downloader.start(url, 'film', { maxBytes: MAX_BYTES, signal });
    const chunks: Buffer[] = [];
    for await (const chunk of bytes) chunks.push(chunk);
    return Buffer.concat(chunks);
  } finally {
    downloader.close();
  }
}

/** Sends the first half and breaks off; what follows is the answer of the test. */
async function startBreakingServer(
  headers: Record<string, string>,
  answerRest: (response: ServerResponse, request: RecordedRequest) => unknown,
) {
  let isFirst = true;
  return startScriptedUpstream((request, response) => {
    if (!isFirst) return answerRest(response, request);
    isFirst = false;
    response.writeHead(200, { ...TYPE, ...headers, 'content-length': BYTES.length });
    response.write(BYTES.subarray(0, 5), () => response.destroy());
  });
}

const PART = { ...TYPE, 'content-length': 5, 'content-range': 'bytes 5-9/10' };
const END = BYTES.subarray(5);

describe('an interrupted download', () => {
  it.each([
    ['a strong ETag', { etag: '"1"' }, '"1"'],
    [
      'a date',
      { etag: 'W/"1"', 'last-modified': 'Sat, 28 Nov 2026 10:00:00 GMT' },
      'Sat, 28 Nov 2026 10:00:00 GMT',
    ],
  ])('continues a file that has %s', async (_name, headers, validator) => {
    await using server = await startBreakingServer(headers, (response) => {
      response.writeHead(206, { ...PART, etag: headers.etag }).end(END);
    });

    const bytes = await download(`${server.url}/film.webm`, { upstreamUrl: server.url });

    expect(bytes.equals(BYTES)).toBe(true);
    expect(server.requests[1]?.headers).toMatchObject({ range: 'bytes=5-', 'if-range': validator });
  });

  it.each([
    [
      'has another ETag',
      (response: ServerResponse) => response.writeHead(206, { ...PART, etag: '"2"' }).end(END),
    ],
    [
      'has another date',
      (response: ServerResponse) =>
        response
          .writeHead(206, {
            ...PART,
            etag: '"1"',
            'last-modified': 'Sat, 28 Nov 2026 11:00:00 GMT',
          })
          .end(END),
    ],
    [
      'is sent from its beginning',
      (response: ServerResponse) =>
        response.writeHead(200, { ...TYPE, etag: '"1"', 'content-length': 10 }).end(BYTES),
    ],
    [
      'is another range',
      (response: ServerResponse) =>
        response
          .writeHead(206, { ...PART, etag: '"1"', 'content-range': 'bytes 4-8/10' })
          .end(BYTES.subarray(4, 9)),
    ],
  ])('fails when the rest %s', async (_name, answer) => {
    const headers = { etag: '"1"', 'last-modified': 'Sat, 28 Nov 2026 10:00:00 GMT' };
    await using server = await startBreakingServer(headers, answer);

    const downloading = download(`${server.url}/film.webm`, { upstreamUrl: server.url });

    await expect(downloading).rejects.toThrow(SourceError);
    expect(server.requests.length).toBe(2);
  });

  it('fails when nothing tells the file from another version of it', async () => {
    await using server = await startBreakingServer({}, (response) => {
      response.writeHead(206, PART).end(END);
    });

    const downloading = download(`${server.url}/film.webm`, { upstreamUrl: server.url });

    await expect(downloading).rejects.toThrow(SourceError);
    expect(server.requests.length).toBe(1);
  });
});

describe('a download', () => {
  it('ends at KEEP_MAX_BYTES when no length was announced', async () => {
    await using server = await startScriptedUpstream((_request, response) => {
      response.writeHead(200, TYPE);
      const block = Buffer.alloc(65_536);
      const send = () => response.write(block, (error) => error || setImmediate(send));
      send();
    });

    const error: unknown = await download(`${server.url}/film.webm`, {
      upstreamUrl: server.url,
    }).catch((reason: unknown) => reason);

    expect(error).toMatchObject({
      message: expect.stringContaining('KEEP_MAX_BYTES'),
      isFinal: true,
    });
  });

  it('fails when the server sends next to nothing without ever stopping', async () => {
    await using server = await startScriptedUpstream((_request, response) => {
      response.writeHead(200, { ...TYPE, 'content-length': 100_000 });
      const timer = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(timer));
    });

    const downloading = download(`${server.url}/film.webm`, {
      upstreamUrl: server.url,
      stallMs: 1_000,
    });

    await expect(downloading).rejects.toThrow('too slowly');
  });

  it('uses every address of a host until one answers', async () => {
    await using server = await startScriptedUpstream((_request, response) => {
      response.writeHead(200, { ...TYPE, 'content-length': 10 }).end(BYTES);
    });
    const url = server.url.replace('127.0.0.1', 'films.example');

    const bytes = await download(`${url}/film.webm`, {
      upstreamUrl: url,
      // Nothing listens at the first one.
      resolveName: async () => [
        { address: '127.0.0.2', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ],
    });

    expect(bytes.equals(BYTES)).toBe(true);
  });
});

describe('a download through a proxy', () => {
  /** Takes requests to http addresses over. */
  const startProxy = () =>
    startScriptedUpstream((_request, response) => {
      response.writeHead(200, { ...TYPE, 'content-length': 10 }).end(BYTES);
    });

  it('does not ask the proxy for a private address', async () => {
    await using proxy = await startProxy();

    const downloading = download('http://films.example/film.webm', {
      upstreamUrl: 'https://api.example.com',
      proxy: proxy.url,
      resolveName: async () => [{ address: '10.0.0.1', family: 4 }],
    });

    await expect(downloading).rejects.toThrow('private address');
    expect(proxy.requests).toEqual([]);
  });

  it('reaches a private upstream at the port of its scheme', async () => {
    await using proxy = await startProxy();

    const bytes = await download('http://api.internal/film.webm', {
      upstreamUrl: 'http://api.internal',
      proxy: proxy.url,
      resolveName: async () => [{ address: '10.0.0.1', family: 4 }],
    });

    expect(bytes.equals(BYTES)).toBe(true);
    expect(proxy.requests[0]?.headers.host).toBe('api.internal');
  });

  it('to a name that only the proxy knows needs an entry in KEEP_ALLOWED_HOSTS', async () => {
    await using proxy = await startProxy();
    const options = {
      upstreamUrl: 'https://api.example.com',
      proxy: proxy.url,
      resolveName: () => Promise.reject(new Error('getaddrinfo ENOTFOUND')),
    };
    const url = 'http://metadata.internal/film.webm';

    await expect(download(url, options)).rejects.toThrow('add it to KEEP_ALLOWED_HOSTS');
    expect(proxy.requests).toEqual([]);

    const bytes = await download(url, { ...options, allowed: ['metadata.internal'] });
    expect(bytes.equals(BYTES)).toBe(true);
  });
});
