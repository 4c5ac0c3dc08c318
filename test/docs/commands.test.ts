import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { sharedPostgres } from '../support/postgres.ts';
import { fillIn, findReadyWord, LEFT_OUT } from './stand-ins.ts';
import { groupByPage, readBlocks } from './support/blocks.ts';
import { ROOT } from './support/pages.ts';
import { makeClone, makeViewOf, type Outcome, runInShell } from './support/shell.ts';

const COMMENT = / +#.*$/;

/** The commands of a page in its order. `npm ci && …` is two. */
const pages = groupByPage(readBlocks().filter(({ language }) => language === 'sh')).map(
  ([page, blocks]) => ({
    page,
    commands: blocks
      .flatMap(({ text }) => text.trim().split('\n'))
      .map((line) => line.replace(COMMENT, ''))
      .flatMap((line) => (/^npm ci( \S+)? && /.test(line) ? line.split(' && ') : [line])),
  }),
);

describe('the commands of the pages that are not executed', () => {
  it('exist, and each has a reason', () => {
    const there = new Set(pages.flatMap(({ commands }) => commands));

    expect([...LEFT_OUT.keys()].filter((command) => !there.has(command))).toEqual([]);
    expect([...LEFT_OUT.values()].filter((reason) => reason.trim() === '')).toEqual([]);
  });
});

// Each page has a folder of its own.
describe.concurrent('every other command', () => {
  let clone: Awaited<ReturnType<typeof makeClone>>;
  let sandbox: Sandbox;
  const postgres = sharedPostgres();
  beforeAll(async () => {
    [clone, sandbox] = await Promise.all([makeClone(), startSandbox({ autoplay: false })]);
  });
  afterAll(async () => {
    await Promise.all([clone, sandbox].map((part) => part[Symbol.asyncDispose]()));
  });

  /** Several pages begin with the same commands. */
  const started = new Map<string, Promise<Outcome>>();

  it.each(pages)('runs: $page', async ({ commands }) => {
    await using folder = await makeViewOf(clone.path);
    const env = {
      // npm puts the packages' programs first for scripts; a shell of one's own does not.
      PATH: [dirname(process.execPath), join(ROOT, 'node_modules/.bin'), process.env.PATH].join(
        delimiter,
      ),
      HOME: folder.path,
      NODE_COMPILE_CACHE: process.env.TEST_COMPILE_CACHE ?? '',
      PORT: '0',
      APIKLEY_API_KEY: 'sandbox-key',
      UPSTREAM_URL: sandbox.url,
      DATABASE_URL: 'sqlite:data/gateway.db',
    };
    let gateway: TestGateway | undefined;
    /** What a command before has made for the gateway's environment. */
    let keys: Record<string, string> = {};

    try {
      for (const command of commands) {
        if (LEFT_OUT.has(command)) continue;
        // The clone shares its packages with this repository.
        if (command.includes('npm ci')) throw new Error(`${command}: it would remove all packages`);
        if (command.startsWith('curl ')) gateway ??= await startGateway(sandbox, keys);
        const filled = fillIn(command, {
          sandbox: sandbox.url,
          postgres: command.includes('postgres:') ? await postgres.createEmptyDatabase() : '',
          gateway: gateway?.url ?? 'http://127.0.0.1:4000',
        });
        const ready = findReadyWord(command);
        const run = () => runInShell(filled, { cwd: folder.path, env, ready });
        const isOnce = command.startsWith('npx longtake ');
        if (isOnce && !started.has(command)) started.set(command, run());
        const { code, output } = await ((isOnce && started.get(command)) || run());

        if (ready) expect(output, command).toContain(ready);
        else expect(code, `${command}: ${output}`).toBe(0);
        if (command.startsWith('curl ')) expect(output, command).toMatch(/\{"data":\{(?!.*errors)/);
        const [, name = '', value = ''] = /^(AUTH_\w+)=(\S+)$/m.exec(output) ?? [];
        keys = name ? { [name]: value } : keys;
      }
    } finally {
      await gateway?.[Symbol.asyncDispose]();
    }
  });
});
