/** A server of films that seldom goes well: cut connections, wrong lengths, errors, redirects. */

import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';

const BLOCK = 1024 * 1024;
/** A crash may have consumed the first one. */
const FAULTY_ANSWERS = 2;

/** What goes wrong with the first answers of a film; `always` never ends. */
export const FAULTS = [
  'none',
  'cut',
  'cut, without ranges',
  'pause',
  'too short',
  'length too short',
  'error 503',
  'page',
  'redirect',
  'no length',
  'empty',
  'another type',
] as const;
export type Fault = (typeof FAULTS)[number];

export interface Film {
  readonly path: string;
  readonly bytes: number;
  readonly fault: Fault;
  /** In hex. */
  readonly sha256: string;
}

export interface FilmServer extends AsyncDisposable {
  readonly url: string;
  readonly films: readonly Film[];
}

/** Two boxes of an MP4 file: `ftyp`, and `mdat` with random bytes. */
function createContent(block: Buffer, number: number, bytes: number) {
  const header = Buffer.alloc(24);
  header.writeUInt32BE(16, 0);
  header.write('ftypisom', 4);
  header.writeUInt32BE(bytes - 16, 16);
  header.write('mdat', 20);
  const shift = (number * 7_919) % BLOCK;
  return function* slice(from: number, to: number): Generator<Buffer, void, void> {
    let position = from;
    while (position < to) {
      if (position < header.length) {
        const end = Math.min(to, header.length);
        yield header.subarray(position, end);
        position = end;
        continue;
      }
      const start = (position + shift) % BLOCK;
      const length = Math.min(65_536, BLOCK - start, to - position);
      yield block.subarray(start, start + length);
      position += length;
    }
  };
}

/** @param sizes a film for each; every fault comes in turn. */
export async function startFilmServer(sizes: readonly number[]): Promise<FilmServer> {
  const block = randomBytes(BLOCK);
  const contents = sizes.map((bytes, number) => createContent(block, number, bytes));
  const films = sizes.map((bytes, number) => {
    const hash = createHash('sha256');
    for (const chunk of contents[number]?.(0, bytes) ?? []) hash.update(chunk);
    const fault = FAULTS[number % FAULTS.length] ?? 'none';
    return { path: `/film-${number}.mp4`, bytes, fault, sha256: hash.digest('hex') };
  });
  /** How often each was asked for. */
  const requests = new Map<number, number>();

  const server = createServer((request, response) => {
    const number = Number(/^\/film-(\d+)\.mp4/.exec(request.url ?? '')?.[1]);
    const film = films[number];
    const content = contents[number];
    if (!film || !content) {
      response.writeHead(404).end();
      return;
    }
    const count = (requests.get(number) ?? 0) + 1;
    requests.set(number, count);
    answer(request, response, { film, content, isFirst: count <= FAULTY_ANSWERS });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    films,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Answer {
  readonly film: Film;
  readonly content: ReturnType<typeof createContent>;
  readonly isFirst: boolean;
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { film, content, isFirst }: Answer,
): void {
  const { bytes } = film;
  // What was cut continues by a Range request.
  const fault = isFirst && !request.headers.range ? film.fault : 'none';
  const headers = { 'content-type': 'video/mp4', etag: `"${film.sha256}"` };
  const half = Math.floor(bytes / 2);
  const send = (from: number, to: number) => Readable.from(content(from, to)).pipe(response);

  switch (fault) {
    case 'cut':
    case 'cut, without ranges':
      response.writeHead(200, { ...headers, 'content-length': bytes });
      Readable.from(content(0, half))
        .on('end', () => response.destroy())
        .pipe(response, { end: false });
      return;
    case 'pause':
      response.writeHead(200, { ...headers, 'content-length': bytes });
      Readable.from(content(0, half))
        .on('end', () => setTimeout(() => send(half, bytes), 500))
        .pipe(response, { end: false });
      return;
    case 'too short':
      response.writeHead(200, { ...headers, 'content-length': half });
      send(0, half);
      return;
    case 'length too short':
      response.writeHead(200, { ...headers, 'content-length': half });
      // More follows than was announced, which Node's server would not send.
      response.flushHeaders();
      for (const chunk of content(0, Math.min(bytes, 2 * 65_536))) response.socket?.write(chunk);
      response.socket?.end();
      return;
    case 'error 503':
      response.writeHead(503).end();
      return;
    case 'page':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!DOCTYPE html>');
      return;
    case 'redirect':
      response.writeHead(302, { location: `${film.path}?redirected` }).end();
      return;
    case 'no length':
      response.writeHead(200, headers);
      send(0, bytes);
      return;
    case 'empty':
      response.writeHead(200, { ...headers, 'content-length': 0 }).end();
      return;
    case 'another type':
      response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': 15 });
      response.end('<!DOCTYPE html>');
      return;
  }
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (from > 0 && film.fault !== 'cut, without ranges') {
    const range = { 'content-range': `bytes ${from}-${bytes - 1}/${bytes}` };
    response.writeHead(206, { ...headers, ...range, 'content-length': bytes - from });
    send(from, bytes);
  } else {
    response.writeHead(200, { ...headers, 'content-length': bytes });
    send(0, bytes);
  }
}
