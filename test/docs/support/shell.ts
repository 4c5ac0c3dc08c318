import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { ROOT } from './pages.ts';

/** What comes of working in the repository, and is not in it. */
const MADE = new Set(['.git', 'node_modules', 'dist', 'data', 'coverage', 'artifacts']);

/** The repository as somebody has just cloned it, with its packages. Gone with its scope. */
export async function makeClone(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'longtake-clone-'));
  await cp(ROOT, path, {
    recursive: true,
    filter: (source) => source === ROOT || !MADE.has(basename(source)),
  });
  await symlink(join(ROOT, 'node_modules'), join(path, 'node_modules'));
  // The example app has been built: building it takes its packages, and .ci/run does.
  await mkdir(join(path, 'examples/web/dist'), { recursive: true });
  await writeFile(join(path, 'examples/web/dist/index.html'), '<!doctype html>');
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/**
 * A folder of its own that shows the files of a clone, for commands that run at the same time as others.
 * What they make in it does not reach the clone.
 */
export async function makeViewOf(
  clone: string,
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'longtake-view-'));
  for (const name of await readdir(clone)) await symlink(join(clone, name), join(path, name));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Only to end what hangs. */
const WITHIN_MS = 100_000;

export interface Outcome {
  readonly code: number | null;
  /** What it said on both of its streams. */
  readonly output: string;
}

/**
 * Runs a command in a shell of its own, to its end, or until it says that it is ready; then it is
 * told to end, with all that it has started.
 */
export async function runInShell(
  command: string,
  options: { cwd: string; env: Readonly<Record<string, string>>; ready?: string | undefined },
): Promise<Outcome> {
  const child = spawn('sh', ['-c', command], {
    cwd: options.cwd,
    env: { ...options.env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let isTold = false;
  const note = (chunk: unknown) => {
    output += String(chunk);
    if (isTold || !options.ready || !output.includes(options.ready)) return;
    isTold = true;
    // The whole group: npm, its shell and the program.
    if (child.pid) process.kill(-child.pid, 'SIGTERM');
  };
  child.stdout.on('data', note);
  child.stderr.on('data', note);
  const timer = setTimeout(() => child.pid && process.kill(-child.pid, 'SIGKILL'), WITHIN_MS);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return { code, output };
}
