/** Runs one of our programs to its end, with only this environment and the compiled code of other runs. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { toArguments } from './main.ts';

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
  const child = spawn(process.execPath, [...toArguments(path), ...args], {
    env: { NODE_COMPILE_CACHE: process.env.TEST_COMPILE_CACHE ?? '', ...env },
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
