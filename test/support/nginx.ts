/** Debian's nginx in front of a gateway, with its default settings. It listens on a UNIX socket. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makeFolder } from './folder.ts';

const NGINX = '/usr/sbin/nginx';

export const HAS_NGINX = existsSync(NGINX);
if (!HAS_NGINX) process.stderr.write(`No ${NGINX}: the tests through nginx are skipped.\n`);

const TEMP_PATHS = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

/**
 * @param settings of the location `/`, in addition to its target.
 * @param locations further locations of the server.
 */
export async function startNginx(
  gateway: { readonly url: string },
  settings = '',
  locations = '',
): Promise<AsyncDisposable & { readonly socketPath: string }> {
  const folder = await makeFolder();
  // As root the workers are another user's.
  await chmod(folder.path, 0o755);
  const socketPath = join(folder.path, 'nginx.sock');
  const file = join(folder.path, 'nginx.conf');
  const lines = [
    `pid ${folder.path}/nginx.pid;`,
    'events {}',
    'http {',
    'access_log off;',
    ...TEMP_PATHS.map((name) => `${name}_temp_path ${folder.path}/${name};`),
    `server { listen unix:${socketPath}; location / { proxy_pass ${gateway.url}; ${settings} } ${locations} }`,
    '}',
  ];
  await writeFile(file, lines.join('\n'));
  const child = spawn(NGINX, ['-e', 'stderr', '-c', file, '-g', 'daemon off;'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += String(chunk);
  });
  const exited = once(child, 'exit');
  let isGone = false;
  void exited.then(() => {
    isGone = true;
  });
  while (!(await accepts(socketPath))) {
    if (isGone) throw new Error(`nginx did not start:\n${said}`);
    await delay(10);
  }
  return {
    socketPath,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await exited;
      await folder[Symbol.asyncDispose]();
    },
  };
}

function accepts(socketPath: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(socketPath);
  socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}
