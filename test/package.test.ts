/** The npm package as its users meet it: packed, installed into an empty folder, run and imported. */

import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { runInShell } from './docs/support/shell.ts';
import { makeFolder } from './support/folder.ts';
import { startGateway } from './support/gateway.ts';
import { installNode, npm, packRepository, toNpmEnvironment } from './support/npm.ts';

const MIB = 1024 * 1024;
const TSC = new URL('../node_modules/typescript/bin/tsc', import.meta.url).pathname;
/** The first version of `engines` in package.json, and the newest one that the registry has. */
const OLDEST = '24.0.0';
const NEWEST = '26.12.1';
const TOO_OLD = '20.0.0';

const EMBED = `
import { readFileSync } from 'node:fs';
import { startGateway, EnvironmentError } from 'longtake';

const gateway = await startGateway({
  PORT: 0,
  UPSTREAM_URL: 'http://127.0.0.1:9',
  APIKLEY_API_KEY: 'sandbox-key',
  DATABASE_URL: 'sqlite::memory:',
  LOG_LEVEL: 'silent',
});
const response = await fetch(gateway.url + '/graphql', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ query: '{ videos { edges { node { id } } } }' }),
});
console.log(JSON.stringify(await response.json()));
const page = await fetch(gateway.url + '/graphql', { headers: { accept: 'text/html' } });
console.log((await page.text()).includes('mutation ExtendVideo'));
await gateway.close();

const refused = await startGateway({ APIKLEY_API_KEY: 'key', PORT: 'x' }).catch((error) => error);
console.log(refused instanceof EnvironmentError, refused.message);
const schema = readFileSync(new URL(import.meta.resolve('longtake/schema.graphql')), 'utf8');
console.log(schema.includes('type Mutation'));
`;

/** In every Node from 20 on, the gateway is in another process. */
const CLIENT = `
import { createClient, LongtakeError } from 'longtake/client';
const longtake = createClient({ url: process.env.GATEWAY + '/graphql' });
const input = { prompt: 'A cat', aspectRatio: 'SQUARE_1_1', quality: 'P720' };
const video = await longtake.generateVideo(input);
console.log(video.state);
for await (const completion of longtake.completions()) {
  console.log(completion.video.id === video.id);
  break;
}
const error = await longtake.generateVideo({ ...input, prompt: ' ' }).catch((thrown) => thrown);
console.log(error instanceof LongtakeError, error.code);
`;

const TYPES = `
import possibleTypes from 'longtake/possible-types.json' with { type: 'json' };
import { type Gateway, type GatewayConfig, startGateway } from 'longtake';
import { createClient, type Sequence, type Video } from 'longtake/client';

const config: GatewayConfig = { PORT: 0, APIKLEY_API_KEY: 'key' };
export const gateway: Promise<Gateway> = startGateway(config);
export const members: readonly string[] = possibleTypes.ExtendVideoResult;
// @ts-expect-error: no variable has this name.
void startGateway({ OWNER_SUBMIT_PER_DAY: 5 });

const longtake = createClient({ url: '/graphql', storage: localStorage, token: () => 'token' });
// As on a server that renders pages.
createClient({ url: '/graphql', storage: undefined, token: undefined, namespace: undefined });
export const video: Promise<Video> = longtake.extendVideo(
  { taskId: 'id', prompt: 'On', quality: 'P720', whenBusy: 'QUEUE' },
  { onUpdate: ({ state }) => state === 'GENERATING', signal: AbortSignal.timeout(1) },
);
// @ts-expect-error: no such quality.
void longtake.extendVideo({ taskId: 'id', prompt: 'On', quality: '720p' });
const film = { shots: [{ prompt: 'On' }], quality: 'P720' } as const;
export const sequence: Promise<Sequence> = longtake.createSequence(
  { start: { video: 'id' }, ...film },
  { onUpdate: ({ shots }) => shots.length },
);
// @ts-expect-error: a sequence starts from one video.
void longtake.createSequence({ start: { video: 'id', original: { prompt: 'A cat' } }, ...film });
export async function resume(): Promise<void> {
  for (const submit of await longtake.pending()) {
    if (submit.operation === 'createSequence') submit.resume({ onUpdate: ({ shots }) => shots });
  }
}
`;

/** Without what differs from run to run. */
function toShape(output: string): string {
  return output
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')
    .replace(/Copies of films +\S+/, 'Copies of films FOLDER')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')
    .replaceAll(/ +\d+\.\d s$/gm, ' SECONDS');
}

describe('the npm package', () => {
  let packed: Awaited<ReturnType<typeof packRepository>>;
  let tooOld: string;
  let folders: Record<'oldest' | 'newest' | 'pinned', Awaited<ReturnType<typeof install>>>;
  const stack = new AsyncDisposableStack();
  beforeAll(async () => {
    const [repository, oldest, newest, older] = await Promise.all([
      packRepository(),
      installNode(OLDEST),
      installNode(NEWEST),
      installNode(TOO_OLD),
    ]);
    for (const made of [repository, oldest, newest, older]) stack.use(made);
    packed = repository;
    tooOld = older.path;
    const [onOldest, onNewest, onPinned] = await Promise.all([
      install(oldest.path),
      install(newest.path),
      install(process.execPath),
    ]);
    for (const made of [onOldest, onNewest, onPinned]) stack.use(made);
    folders = { oldest: onOldest, newest: onNewest, pinned: onPinned };
  });
  afterAll(() => stack.disposeAsync());

  /** An empty folder, into which npm has installed the package. */
  async function install(node: string) {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await makeFolder());
    const { stderr } = await npm(folder.path, node, 'install', packed.tarball);
    const kept = stack.move();
    return {
      path: folder.path,
      node,
      stderr,
      run: (command: string, env: Record<string, string> = {}, ready?: string) =>
        runInShell(command, {
          cwd: folder.path,
          env: { ...toNpmEnvironment(node), ...env },
          ready,
        }),
      [Symbol.asyncDispose]: () => kept.disposeAsync(),
    };
  }

  it('contains only the files that are needed at run time', () => {
    expect(packed.unpackedSize).toBeLessThanOrEqual(3 * MIB);
    expect(packed.files).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'dist/client/index.js',
        'dist/client/index.d.ts',
        'dist/gateway/LICENSES.txt',
        'examples/web/dist/index.html',
        'possibleTypes.json',
        'schema.graphql',
      ]),
    );
    expect(
      packed.files.filter((path) => /^(test|bench)\/|\.map$|(?<!\.d)\.ts$/.test(path)),
    ).toEqual([]);
  });

  it.concurrent.each(['oldest', 'newest', 'pinned'] as const)(
    'installs, runs and can be embedded on the %s Node',
    async (age) => {
      await using sandbox = await startSandbox({ autoplay: false });
      const folder = folders[age];
      const [first, demo, doctor] = [
        await folder.run('npx longtake --version'),
        await folder.run('npx longtake demo --once'),
        await folder.run('npx longtake doctor', {
          APIKLEY_API_KEY: 'sandbox-key',
          UPSTREAM_URL: sandbox.url,
          PORT: '9',
        }),
      ];
      await writeFile(join(folder.path, 'embed.mjs'), EMBED);
      const embedded = await folder.run('node --disable-warning=ExperimentalWarning embed.mjs');

      expect(folder.stderr).not.toMatch(/EBADENGINE|ERESOLVE|deprecated/);
      expect(first).toEqual({ code: 0, output: `${packed.version}\n` });
      expect(demo.output).toMatch(/createSequence.*(?:SUCCEEDED.*){4}COMPLETED/s);
      expect(demo.code).toBe(0);
      expect(doctor.output).toMatch(/^ok {7}runtime {6}Node v2\d/m);
      expect(doctor).toMatchObject({ code: 0, output: expect.stringContaining('0 faults') });
      expect(embedded).toEqual({
        code: 0,
        output: [
          '{"data":{"videos":{"edges":[]}}}',
          'true',
          'true The environment is not usable:',
          '  PORT: must be a whole number from 0 to 65535',
          'true',
          '',
        ].join('\n'),
      });
    },
  );

  it('has a client that runs on Node 20 as well', async () => {
    await using sandbox = await startSandbox({ stepMs: 1 });
    await using gateway = await startGateway(sandbox);
    const folder = folders.pinned;
    await writeFile(join(folder.path, 'client.mjs'), CLIENT);

    for (const node of [tooOld, folders.oldest.node, folders.newest.node, 'node']) {
      expect(await folder.run(`${node} client.mjs`, { GATEWAY: gateway.url })).toEqual({
        code: 0,
        output: 'SUCCEEDED\ntrue\ntrue INVALID_INPUT\n',
      });
    }
  });

  it('keeps what the first screen of the README promises', async () => {
    await using sandbox = await startSandbox({ stepMs: 1 });
    await using gateway = await startGateway(sandbox);
    const folder = folders.pinned;
    const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
    const [screen = ''] = readme.split('## How it works');
    const find = (language: string) => screen.match(`\`\`\`${language}\n([^]*?)\`\`\``)?.[1] ?? '';
    const toUrl = (code: string) => code.replace('http://127.0.0.1:4000', gateway.url);

    const command = find('sh').trim();
    const demo = await folder.run(command, { PORT: '0' }, 'Ctrl+C ends it.');
    // As JavaScript: whoever follows the page may not have a compiler.
    await writeFile(join(folder.path, 'video.mjs'), toUrl(find('ts')));
    const first = await folder.run('node video.mjs');

    expect(command).toBe('npx longtake demo');
    expect(demo.output).toMatch(/example app: +http/);
    expect(toShape(demo.output)).toContain(toShape(find('text')).trimEnd());
    expect(first).toMatchObject({
      code: 0,
      output: expect.stringMatching(/SUCCEEDED\nhttp.*mp4\n$/),
    });
  });

  it('has types that need no other package', async () => {
    const folder = folders.pinned;
    await writeFile(join(folder.path, 'use.mts'), TYPES);

    const strict = ['--strict', '--exactOptionalPropertyTypes'];
    const options = [...strict, '--noEmit', '--module', 'nodenext', '--target', 'es2024'];
    const checked = await promisify(execFile)(
      process.execPath,
      [TSC, ...options, '--resolveJsonModule', '--types', '', 'use.mts'],
      { cwd: folder.path },
    ).catch((error) => error);

    expect(checked).toMatchObject({ stdout: '', stderr: '' });
  });

  it('prints its usage, and refuses an unknown command', async () => {
    const folder = folders.pinned;

    const help = await folder.run('npx longtake --help');
    const none = await folder.run('npx longtake');
    const wrong = await folder.run('npx longtake strat');
    const token = await folder.run('npx longtake token alice', {
      AUTH_JWT_SECRET: 's'.repeat(32),
    });

    for (const name of [
      'start',
      'demo',
      'sandbox',
      'doctor',
      'token',
      'forget-owner',
      '--version',
    ]) {
      expect(help.output).toContain(`  ${name}`);
    }
    expect(help.code).toBe(0);
    expect(none).toEqual({ code: 64, output: help.output });
    expect(wrong.output).toBe(`There is no command strat.\n\n${help.output}`);
    expect(wrong.code).toBe(64);
    expect(token).toMatchObject({ code: 0, output: expect.stringMatching(/^ey[\w.-]+\n$/) });
  });

  it('tells the user of an older Node which version is required', async () => {
    const folder = folders.pinned;
    const { engines } = JSON.parse(
      await readFile(join(folder.path, 'node_modules/longtake/package.json'), 'utf8'),
    );

    // npm itself may need a newer Node than this one.
    const { code, output } = await folder.run(
      `${tooOld} node_modules/longtake/dist/gateway/cli.js start`,
    );

    expect(output).toBe(
      `Longtake needs Node ${engines.node}, and this is v${TOO_OLD}: install Node 24 or 26 from https://nodejs.org and run the command again.\n`,
    );
    expect(code).toBe(1);
  });
});
