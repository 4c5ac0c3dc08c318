/** `GET /files/…`: sends a kept file to holders of its signed URL. */

import type { Stats } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import send from 'send';
import { DestinationError } from './destination.ts';
import { toContentType, toDisposition } from './file-types.ts';
import type { Links } from './links.ts';

export type ServeFile = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Like the upstream's storage, allows players and canvases on any page to read the files: the URL is the
 * permission, and no cookie is needed.
 */
const HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'accept-ranges, content-disposition, content-range, etag',
  'cross-origin-resource-policy': 'cross-origin',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; media-src 'self'; sandbox",
};
/** Browsers ask before a script on another origin sends `If-Range`, and some before `Range`. */
const PREFLIGHT = {
  'access-control-allow-methods': 'GET, HEAD',
  'access-control-allow-headers': 'range, if-range, if-none-match',
  'access-control-max-age': '7200',
};

export interface ServeFileParts {
  readonly links: Links;
  readonly toPath: (name: string) => string;
  /** Called when a file does not exist. Throws DestinationError when the destination cannot be used. */
  readonly checkMissing: (name: string) => Promise<void>;
}

export function createServeFile({ links, toPath, checkMissing }: ServeFileParts): ServeFile {
  return async (request, response) => {
    setHeaders(response, HEADERS);
    if (request.method === 'OPTIONS') {
      setHeaders(response, PREFLIGHT);
      response.writeHead(204).end();
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD, OPTIONS');
      return refuse(response, 405, 'Files are read only');
    }
    const target = request.url ?? '';
    const link = links.parse(target);
    if (!link) return refuse(response, 403, 'This URL is not valid, or no longer');

    // A range is defined for GET only (RFC 9110, 14.2), and `send` would apply it.
    if (request.method === 'HEAD') delete request.headers.range;
    const isDownload = new URL(target, 'http://localhost').searchParams.has('download');
    const maxAge = Math.floor((link.until - Date.now()) / 1_000);
    setHeaders(response, {
      'content-type': toContentType(link.name),
      'content-disposition': toDisposition(link.name, isDownload),
      'cache-control': `private, max-age=${maxAge}, immutable`,
      // The content behind a name never changes.
      etag: `"${link.name}"`,
    });
    const status = await sendFile(request, response, toPath(link.name));
    if (status === null) return;
    for (const name of FILE_HEADERS) response.removeHeader(name);
    if (status !== 404) return refuse(response, status, 'The file cannot be sent');
    try {
      await checkMissing(link.name);
    } catch (error) {
      if (!(error instanceof DestinationError)) throw error;
      response.setHeader('retry-after', '60');
      return refuse(response, 503, 'The files cannot be read now');
    }
    refuse(response, 404, 'No such file');
  };
}

/**
 * Resolves with null when the answer has ended, or with the status of a refusal that is still to be sent.
 * `send` takes care of ranges, conditions and HEAD.
 */
function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<number | null> {
  return new Promise((resolve) => {
    response.on('close', () => resolve(null));
    const options = { cacheControl: false, lastModified: false, index: false } as const;
    send(request, path, { ...options, dotfiles: 'allow' })
      .on('file', (_path: string, { size }: Stats) => {
        const { range } = request.headers;
        if (range) request.headers.range = shortenSuffixes(range, size);
      })
      .on('error', (error: { status?: number }) => {
        if (response.headersSent) response.destroy();
        else resolve(error.status ?? 500);
      })
      .pipe(response);
  });
}

/**
 * A suffix longer than the file means the whole file. `send` would answer 416.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-14.1.2
 */
function shortenSuffixes(range: string, size: number): string {
  return range.replace(/(?<=[=,]\s*)-(\d+)/g, (suffix, length) =>
    Number(length) > size ? '0-' : suffix,
  );
}

const FILE_HEADERS = ['content-disposition', 'cache-control', 'etag'];

function setHeaders(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

function refuse(response: ServerResponse, status: number, error: string): void {
  response.setHeader('content-type', 'application/json');
  response.statusCode = status;
  response.end(JSON.stringify({ error }));
}
