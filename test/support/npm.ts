/** npm as a stranger runs it: in a folder of its own, with the machine's configuration and cache. */

import { execFile } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { makeClone } from '../docs/support/shell.ts';
import { makeFolder } from './folder.ts';

const run = promisify(execFile);

/** The settings by which a machine reaches a registry. `npm test` adds others, which belong to this repository. */
const OF_THE_MACHINE = /^npm_config_(.*registry|cache|userconfig|globalconfig|.*proxy|ca|cafile)$/i;

/** @param node the program, whose folder comes first in the path. */
export function toNpmEnvironment(node: string): Record<string, string> {
  const own = Object.entries(process.env).filter(
    ([name]) => OF_THE_MACHINE.test(name) || /^(HOME|TMPDIR|LANG|SystemRoot|.*_PROXY)$/i.test(name),
  );
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'));
  return {
    ...Object.fromEntries(own.map(([name, value]) => [name, value ?? ''])),
    PATH: [dirname(node), ...path].join(delimiter),
    npm_config_prefer_offline: 'true',
    npm_config_audit: 'false',
    npm_config_update_notifier: 'false',
  };
}

export interface Installed {
  readonly stdout: string;
  readonly stderr: string;
}

/** @throws Error with what npm printed, if it fails. */
export async function npm(
  cwd: string,
  node: string,
  ...args: readonly string[]
): Promise<Installed> {
  const env = toNpmEnvironment(node);
  return run('npm', args, { cwd, env, maxBuffer: 10_000_000 }).catch((error) => {
    throw new Error(`npm ${args.join(' ')}: ${error.stdout}${error.stderr}`);
  });
}

const Packed = z.tuple([
  z.object({
    filename: z.string(),
    version: z.string(),
    unpackedSize: z.number(),
    files: z.array(z.object({ path: z.string() })),
  }),
]);

/** What `npm pack` makes of the repository as somebody has just cloned it. Gone with its scope. */
export async function packRepository() {
  await using stack = new AsyncDisposableStack();
  const clone = stack.use(await makeClone());
  const { stdout } = await npm(clone.path, process.execPath, 'pack', '--json', '--silent');
  // The scripts of the repository print above it.
  const [packed] = Packed.parse(JSON.parse(stdout.slice(stdout.indexOf('[\n'))));
  const kept = stack.move();
  return {
    ...packed,
    files: packed.files.map(({ path }) => path),
    tarball: join(clone.path, packed.filename),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** A Node of this version, from the registry. Gone with its scope. */
export async function installNode(version: string) {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeFolder());
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  await npm(folder.path, process.execPath, 'install', '--no-save', `${name}@${version}`);
  const kept = stack.move();
  return {
    path: join(folder.path, 'node_modules', name, 'bin', 'node'),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
