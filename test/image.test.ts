/** The steps of the Dockerfile, executed in a clean folder instead of a container. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { ROOT } from './docs/support/pages.ts';
import { makeClone, runInShell } from './docs/support/shell.ts';
import { makeFolder } from './support/folder.ts';
import { toNpmEnvironment } from './support/npm.ts';

interface Step {
  readonly word: string;
  readonly text: string;
}

async function readStages(): Promise<Step[][]> {
  const text = await readFile(join(ROOT, 'Dockerfile'), 'utf8');
  const lines = text.replaceAll(/\\\n\s*/g, '').split('\n');
  const stages: Step[][] = [];
  for (const line of lines) {
    const [, word, rest = ''] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    if (word === 'FROM') stages.push([]);
    else if (word) stages.at(-1)?.push({ word, text: rest });
  }
  return stages;
}

/** What .dockerignore lets into the build: a list of exceptions to `*`, and exceptions to those. */
async function copyContext(to: string): Promise<void> {
  await using clone = await makeClone();
  const lines = (await readFile(join(clone.path, '.dockerignore'), 'utf8')).trim().split('\n');
  const left = lines.filter((line) => !/^[*!]/.test(line)).map((line) => join(clone.path, line));
  for (const line of lines.filter((line) => line.startsWith('!'))) {
    await cp(join(clone.path, line.slice(1)), join(to, line.slice(1)), {
      recursive: true,
      filter: (source) => !left.includes(source),
    });
  }
}

it('the steps of the Dockerfile make a gateway that starts, is healthy and has all commands', async () => {
  await using folder = await makeFolder();
  await using sandbox = await startSandbox({ autoplay: false });
  /** A path of the image, in this stage's folder. */
  const toPath = (stage: number, path: string, cwd = '/') =>
    join(folder.path, String(stage), path.startsWith('/') ? path : join(cwd, path));
  const env: Record<string, string> = {};
  let cwd = '/';
  let command: string[] = [];
  let health: string[] = [];
  const stages = await readStages();
  for (const [stage, steps] of stages.entries()) {
    await mkdir(toPath(stage, '/usr/local/bin'), { recursive: true });
    for (const { word, text } of steps) {
      if (word === 'WORKDIR') {
        cwd = text;
        await mkdir(toPath(stage, cwd), { recursive: true });
      } else if (text === '. .') await copyContext(toPath(stage, cwd));
      else if (word === 'COPY') {
        const [, from = '', to = ''] = /^--from=build (\S+) (\S+)$/.exec(text) ?? [];
        await cp(toPath(0, from), toPath(stage, to, cwd), {
          recursive: true,
          verbatimSymlinks: true,
        });
      } else if (word === 'ENV') {
        for (const [, name = '', value = ''] of text.matchAll(/(\S+?)=(\S+)/g)) env[name] = value;
      } else if (text === 'npm ci --no-audit --no-fund') {
        await symlink(join(ROOT, 'node_modules'), toPath(stage, 'node_modules', cwd));
      } else if (word === 'RUN') {
        const here = text
          .replaceAll(/(?<= )\/(?=app|usr)/g, `${toPath(stage, '/')}`)
          // The image has this user.
          .replace('chown node:node data', 'test -d data');
        const ran = await runInShell(here, {
          cwd: toPath(stage, cwd),
          env: toNpmEnvironment(process.execPath),
        });
        expect(ran, text).toMatchObject({ code: 0 });
      } else if (word === 'HEALTHCHECK') health = JSON.parse(text.replace(/^.*?CMD /, ''));
      else if (word === 'CMD') command = JSON.parse(text);
    }
  }
  const last = stages.length - 1;
  const path = `${toPath(last, '/usr/local/bin')}:${dirname(process.execPath)}:/usr/bin:/bin`;
  const port = new URL(sandbox.url).port;
  const settings = { PATH: path, ...env, HOST: '127.0.0.1', UPSTREAM_URL: sandbox.url };

  const gateway = spawn(command[0] ?? '', command.slice(1), {
    cwd: toPath(last, cwd),
    env: { ...settings, APIKLEY_API_KEY: 'sandbox-key', PORT: '0' },
  });
  let url = '';
  for await (const line of createInterface(gateway.stdout)) {
    url = /"url":"(http[^"]+)".*"msg":"listening"/.exec(line)?.[1] ?? '';
    if (url) break;
  }
  const checkHealth = (at: string) =>
    runInShell(
      '"$0" "$1" "$2"'.replace(
        /"\$(\d)"/g,
        (_, n) => `'${(health[n] ?? '').replaceAll("'", "'\\''")}'`,
      ),
      {
        cwd: '/',
        env: { ...settings, PORT: at },
      },
    );
  const healthy = await checkHealth(new URL(url).port);
  const ill = await checkHealth(port);
  const doctor = await runInShell('longtake doctor', {
    cwd: toPath(last, cwd),
    env: { ...settings, APIKLEY_API_KEY: 'sandbox-key', PORT: new URL(url).port },
  });
  gateway.kill('SIGTERM');
  const [code] = await once(gateway, 'exit');

  expect(healthy).toEqual({ code: 0, output: '' });
  expect(ill.code).toBe(1);
  expect(doctor).toMatchObject({ code: 0, output: expect.stringContaining('0 faults') });
  expect(code).toBe(0);
});
