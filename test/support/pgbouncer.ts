/** Debian's connection pooler in front of a PostgreSQL server, in the mode that a test asks for. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { findFreePort } from './postgres.ts';

const PROGRAM = '/usr/sbin/pgbouncer';
/** `nobody` on Debian. pgbouncer refuses to run as root. */
const NOBODY = 65_534;

/** Says so where the tests have to be skipped. */
export function hasPgbouncer(): boolean {
  if (existsSync(PROGRAM)) return true;
  process.stderr.write(`No ${PROGRAM}: the tests of connection poolers are skipped.\n`);
  return false;
}

export interface Pooler extends AsyncDisposable {
  /** The database of the URL as its clients reach it through the pooler. */
  through(url: string): string;
}

/** @param url of the server; its user and password are the pooler's too. */
export async function startPgbouncer(
  url: string,
  mode: 'session' | 'transaction',
): Promise<Pooler> {
  const server = new URL(url);
  const folder = await mkdtemp(join(tmpdir(), 'longtake-pgbouncer-'));
  await chmod(folder, 0o755);
  const port = await findFreePort();
  const users = join(folder, 'users.txt');
  await writeFile(users, `"${server.username}" "${server.password}"\n`);
  const settings = join(folder, 'pgbouncer.ini');
  await writeFile(
    settings,
    `[databases]
* = host=${server.hostname} port=${server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = plain
auth_file = ${users}
pool_mode = ${mode}
default_pool_size = 20
`,
  );
  const child = spawn(PROGRAM, [settings], {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(process.getuid?.() === 0 && { uid: NOBODY, gid: NOBODY }),
  });
  const exited = once(child, 'exit');
  const ready = Promise.withResolvers<void>();
  let output = '';
  createInterface({ input: child.stderr }).on('line', (line) => {
    output += `${line}\n`;
    if (line.includes('process up')) ready.resolve();
  });
  void exited.then(() => ready.reject(new Error(`pgbouncer has ended:\n${output}`)));
  await ready.promise;

  return {
    through(target) {
      const pooled = new URL(target);
      pooled.port = String(port);
      return pooled.href;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
