/** OpenStack Swift of Debian, which has an S3 API of its own. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { makeFolder } from './folder.ts';

const PYTHON = '/usr/bin/python3';
const PACKAGE = '/usr/lib/python3/dist-packages/swift/common/middleware/s3api';
const PROGRAM = fileURLToPath(new URL('swift-server.py', import.meta.url));

export const HAS_SWIFT = existsSync(PACKAGE);
if (!HAS_SWIFT) process.stderr.write('No python3-swift: the tests of buckets use s3rver alone.\n');

export interface Swift {
  readonly endpoint: string;
  close(): Promise<void>;
}

export async function startSwift(): Promise<Swift> {
  const folder = await makeFolder();
  const child = spawn(PYTHON, [PROGRAM, folder.path], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints += String(chunk);
  });
  const lines = createInterface({ input: child.stdout });
  const [endpoint] = await Promise.race([
    once(lines, 'line') as Promise<string[]>,
    exited.then(() => {
      throw new Error(complaints);
    }),
  ]);
  return {
    endpoint: endpoint ?? '',
    async close() {
      child.kill();
      await exited;
      await folder[Symbol.asyncDispose]();
    },
  };
}
