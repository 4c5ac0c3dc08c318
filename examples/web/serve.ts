/** Serves the built app, for the demo and the tests. */

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** By a path that is right from the build of the gateway as well: both lie two folders below the root. */
const HERE = fileURLToPath(new URL('../../examples/web/', import.meta.url));
const DIST = join(HERE, 'dist');
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export interface Place {
  readonly gateway: string;
  /** The origins of the films, separated by spaces. */
  readonly files: string;
  /** The task id of the sandbox's own video, where the sandbox is the upstream. */
  readonly sandboxOriginal?: string;
}

export interface Web {
  /** Its origin, for the gateway's `CORS_ORIGINS`. */
  readonly url: string;
  /** Sets the addresses of the gateway and of the films. Nothing is served before that. */
  connect(to: Place): void;
  close(): Promise<void>;
}

export const isWebBuilt = () => existsSync(join(DIST, 'index.html'));

/** @throws Error when a package cannot be installed or the build fails. */
export async function buildWeb(): Promise<void> {
  const npm = (...args: string[]) =>
    promisify(execFile)('npm', [...args, '--prefix', HERE], {
      shell: process.platform === 'win32',
    });
  await npm('ci', '--prefer-offline', '--loglevel=error');
  await npm('run', 'build');
}

/** Listens on the port, or on any free one if that is in use. */
export async function serveWeb(host: string, port: number, folder = DIST): Promise<Web> {
  let place: Place | undefined;
  const server = createServer(({ url = '/' }, response) => {
    if (!place) return void response.writeHead(503).end();
    send(response, folder, url, place).catch(() => response.writeHead(404).end());
  });
  await listen(server, port, host).catch(() => listen(server, 0, host));
  const { port: actual } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}`,
    connect(to) {
      place = to;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  server.listen(port, host);
  // `once` rejects if the server emits an error.
  await once(server, 'listening');
}

async function send(
  response: ServerResponse,
  folder: string,
  path: string,
  { gateway, files, sandboxOriginal = '' }: Place,
): Promise<void> {
  const { pathname } = new URL(path, 'http://localhost');
  const file = join(folder, pathname === '/' ? 'index.html' : decodeURIComponent(pathname));
  // A percent-encoded path may contain `..`.
  if (!file.startsWith(folder + sep)) throw new Error('outside');
  let body: Buffer | string = await readFile(file);
  if (pathname === '/')
    body = body
      .toString()
      .replace('content="/graphql"', `content="${gateway}"`)
      .replace('"sandbox-original" content=""', `"sandbox-original" content="${sandboxOriginal}"`);
  response.writeHead(200, {
    'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    'cache-control': 'no-cache',
    'content-security-policy': [
      "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'self'",
      `img-src 'self' ${files}; media-src ${files}; frame-ancestors 'none'`,
      `connect-src ${gateway} ${gateway.replace(/^http/, 'ws')} ${files}`,
    ].join('; '),
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}
