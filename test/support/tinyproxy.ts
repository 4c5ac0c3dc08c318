/** Debian's tinyproxy: a forward proxy as companies have one. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makeFolder } from './folder.ts';
import { findFreePort } from './postgres.ts';

const PROGRAM = '/usr/bin/tinyproxy';
export const HAS_TINYPROXY = existsSync(PROGRAM);
if (!HAS_TINYPROXY) process.stderr.write(`No ${PROGRAM}: the tests through it are skipped.\n`);

export interface Tinyproxy extends AsyncDisposable {
  readonly url: string;
  /** Its log so far, which has a line for each request. */
  log(): Promise<string>;
}

export async function startTinyproxy(): Promise<Tinyproxy> {
  const folder = await makeFolder();
  const place = (name: string) => join(folder.path, name);
  const port = await findFreePort();
  const lines = [
    `Port ${port}`,
    'Listen 127.0.0.1',
    'Allow 127.0.0.1',
    'Timeout 60',
    `LogFile "${place('log')}"`,
    'LogLevel Connect',
  ];
  await writeFile(place('conf'), `${lines.join('\n')}\n`);
  // -d: in the foreground.
  const child = spawn(PROGRAM, ['-d', '-c', place('conf')], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  while (!(await isListening(port))) {
    if (child.exitCode !== null) throw new Error(await readFile(place('log'), 'utf8'));
    await delay(20);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    log: () => readFile(place('log'), 'utf8'),
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await exited;
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
