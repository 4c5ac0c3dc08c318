/** `GET /files/…`: sends a kept file to holders of its signed URL. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import send from 'send';
import { toContentType, toDisposition } from './file-types.ts';
import type { Links } from './links.ts';

export type ServeFile = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Like the upstream's storage, allows players and canvases on any page to read the files. */
const HEADERS = {
  'access-control-allow-origin': '*',
  'cross-origin-resource-policy': 'cross-origin',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; media-src 'self'; sandbox",
};

export function createServeFile(links: Links, toPath: (name: string) => string): ServeFile {
  return async (request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return refuse(response, 405, 'Files are read only');
    }
    const target = request.url ?? '';
    const link = links.parse(target);
    if (!link) return refuse(response, 403, 'This URL is not valid, or no longer');

    // A range is defined for GET only (RFC 9110, 14.2), and `send` would apply it.
    if (request.method === 'HEAD') delete request.headers.range;
    const isDownload = new URL(target, 'http://localhost').searchParams.has('download');
    response.setHeader('content-type', toContentType(link.name));
    response.setHeader('content-disposition', toDisposition(link.name, isDownload));
    const maxAge = Math.floor((link.until - Date.now()) / 1_000);
    response.setHeader('cache-control', `private, max-age=${maxAge}, immutable`);
    // The content behind a name never changes.
    response.setHeader('etag', `"${link.name}"`);
    await sendFile(request, response, toPath(link.name));
  };
}

/** Resolves when the answer has ended. `send` takes care of ranges, conditions and HEAD. */
function sendFile(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
  return new Promise((resolve) => {
    response.on('close', resolve);
    const options = { cacheControl: false, lastModified: false, index: false } as const;
    send(request, path, { ...options, dotfiles: 'allow' })
      .on('error', (error: { status?: number }) => {
        if (response.headersSent) {
          response.destroy();
          return;
        }
        const status = error.status ?? 500;
        for (const name of FILE_HEADERS) response.removeHeader(name);
        if (status === 404) refuse(response, 404, 'No such file');
        else refuse(response, status, 'The file cannot be sent');
      })
      .pipe(response);
  });
}

const FILE_HEADERS = ['content-disposition', 'cache-control', 'etag'];

function refuse(response: ServerResponse, status: number, error: string): void {
  response.setHeader('content-type', 'application/json');
  response.statusCode = status;
  response.end(JSON.stringify({ error }));
}
