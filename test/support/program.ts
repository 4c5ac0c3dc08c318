/** A program of ours, run as people run it: with this environment and no other, to its end. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { MAIN } from './main.ts';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param path below `src/`. */
export async function runProgram(
  path: string,
  env: Readonly<Record<string, string>>,
  { args = [], cwd }: { args?: readonly string[]; cwd?: string } = {},
): Promise<Ended> {
  const file =
    path === 'main.ts' ? MAIN : fileURLToPath(new URL(`../../src/${path}`, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], {
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd && { cwd }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
