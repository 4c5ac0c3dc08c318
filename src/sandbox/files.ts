import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendReply, toEnvelope } from './replies.ts';
import { FILM_COUNT, type Tasks } from './tasks.ts';

/** Short films that show a number, so that videos can be told apart on a screen. */
const FILMS = Array.from({ length: FILM_COUNT }, (_, index) => ({
  mp4: { type: 'video/mp4', bytes: readAsset(`film-${index + 1}.mp4`) },
  png: { type: 'image/png', bytes: readAsset(`film-${index + 1}.png`) },
}));

/** By a path that is right from the build as well: both lie two folders below the root. */
function readAsset(name: string): Buffer {
  return readFileSync(new URL(`../../src/sandbox/assets/${name}`, import.meta.url));
}

/** Pages of any origin may read the files, as at the provider's storage. */
const CORS = { 'access-control-allow-origin': '*' };

/** Serves `/files/<video id>.mp4` and `.png` of the videos that succeeded and have not expired. */
export function serveFile(
  request: IncomingMessage,
  response: ServerResponse,
  { path, tasks }: { path: string; tasks: Tasks },
): void {
  const [, videoId = '', extension] = /^\/files\/([^/.]+)\.(mp4|png)$/.exec(path) ?? [];
  const task = tasks.findByVideoId(videoId);
  const { method } = request;
  const film = task && FILMS[task.film];
  if (!film || task.state !== 'success' || task.behaviour.expired) {
    sendReply(response, toEnvelope(404, 'No such file', { status: 404, headers: CORS }));
  } else if (method !== 'GET' && method !== 'HEAD') {
    const headers = { ...CORS, allow: 'GET, HEAD' };
    sendReply(response, toEnvelope(405, 'Files are read only', { status: 405, headers }));
  } else {
    sendFile(response, film[extension === 'mp4' ? 'mp4' : 'png'], request.headers.range);
  }
}

function sendFile(
  response: ServerResponse,
  { type, bytes }: { type: string; bytes: Buffer },
  rangeHeader: string | undefined,
): void {
  const headers = { ...CORS, 'content-type': type, 'accept-ranges': 'bytes' };
  const range = parseRange(rangeHeader, bytes.length);
  if (range === 'unsatisfiable') {
    response.writeHead(416, { ...headers, 'content-range': `bytes */${bytes.length}` }).end();
    return;
  }

  const part = range ? bytes.subarray(range.start, range.end + 1) : bytes;
  response.writeHead(range ? 206 : 200, {
    ...headers,
    'content-length': part.length,
    ...(range && { 'content-range': `bytes ${range.start}-${range.end}/${bytes.length}` }),
  });
  // Node omits the body of an answer to HEAD.
  response.end(part);
}

/**
 * The requested range, both ends included. Null: the whole file, because a server MAY ignore a Range
 * header; this one ignores several ranges and malformed ones.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-14.2
 */
function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'unsatisfiable' | null {
  const [match, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (!match || (!first && !last)) return null;
  if (first && last && Number(last) < Number(first)) return null;

  // Without a first position the number is a length, counted from the end.
  const start = first ? Number(first) : Math.max(size - Number(last), 0);
  const end = first && last ? Math.min(Number(last), size - 1) : size - 1;
  return start > end ? 'unsatisfiable' : { start, end };
}
