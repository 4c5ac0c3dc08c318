import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { ExtendDocument, OnExtendedDocument, ReadVideoDocument } from './generated/graphql.ts';
import { makeFolder } from './support/folder.ts';
import { MAIN } from './support/main.ts';
import { INPUT } from './support/operations.ts';
import { createQueue } from './support/queue.ts';
import { openSse } from './support/sse.ts';

const IS_ROOT = process.getuid?.() === 0;

/** `longtake start` with this environment and no other. */
function run(env: Record<string, string>, cwd?: string) {
  const child: ChildProcess = spawn(process.execPath, [MAIN], {
    env: { PORT: '0', APIKLEY_API_KEY: 'sandbox-key', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd && { cwd }),
  });
  const lines = createQueue<Record<string, unknown>>();
  if (!child.stdout || !child.stderr) throw new Error('The process has no output.');
  createInterface({ input: child.stdout })
    .on('line', (line) => lines.push(JSON.parse(line)))
    .on('close', () => lines.end());
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const closed = once(child, 'close');
  return {
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    /** The rest of the log, once the process has ended. */
    rest: () => lines.rest(),
    /** The next line of the log with this message; throws when the process ends without one. */
    async logged(message: string): Promise<Record<string, unknown>> {
      for (let line = await lines.next(); line; line = await lines.next()) {
        if (line.msg === message) return line;
      }
      throw new Error(`It ended without saying “${message}”: ${stderr}`);
    },
    async ended() {
      const [code, signal] = await closed;
      return { code, signal, stderr };
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await closed;
    },
  };
}

/** Everything in a folder, by name, as hashes. */
async function hashFiles(folder: string): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    if (!(await stat(path)).isFile()) continue;
    hashes[name] = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  }
  return hashes;
}

async function send(
  url: string,
  document: { toString(): string },
  variables: unknown,
  signal: AbortSignal | null = null,
) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: document.toString(), variables }),
    signal,
  });
  return (await response.json()) as { data: Record<string, Record<string, unknown>> };
}

/** One clear message for a person: no stack, no object dump. */
function expectMessage(stderr: string): void {
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stderr).not.toContain('node:internal');
  expect(stderr).toMatch(/^\S[^\n]*\n/);
}

describe('a gateway process', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'serves, and exits with 0 on %s',
    async (signal) => {
      await using folder = await makeFolder();
      await using sandbox = await startSandbox({ autoplay: false });
      await using gateway = run({
        UPSTREAM_URL: sandbox.url,
        DATABASE_URL: `sqlite:${join(folder.path, 'new', 'gateway.db')}`,
      });
      const { url } = (await gateway.logged('listening')) as { url: string };
      const listener = await openSse(url, OnExtendedDocument, {});
      const extended = await send(url, ExtendDocument, { input: INPUT });
      const { taskId } = await sandbox.nextRequest();

      await sandbox.complete(taskId ?? '');
      const event = await listener.next();
      gateway.kill(signal);

      expect(extended.data.extendVideo?.__typename).toBe('ExtendVideoSuccess');
      expect(event?.data.videoExtended.video).toMatchObject({ taskId, state: 'SUCCEEDED' });
      expect(await gateway.ended()).toEqual({ code: 0, signal: null, stderr: '' });
    },
  );

  it('serves GraphiQL with its examples', async () => {
    await using folder = await makeFolder();
    await using gateway = run(
      { DATABASE_URL: `sqlite:${join(folder.path, 'gateway.db')}` },
      folder.path,
    );
    const { url } = (await gateway.logged('listening')) as { url: string };

    const page = await fetch(`${url}/graphql`, { headers: { accept: 'text/html' } });
    const html = await page.text();

    expect(page.status).toBe(200);
    expect(html).toContain('mutation ExtendVideo');
  });

  it('settles and answers a submit in flight before it exits', async () => {
    await using folder = await makeFolder();
    await using sandbox = await startSandbox({ autoplay: false });
    const env = {
      UPSTREAM_URL: sandbox.url,
      DATABASE_URL: `sqlite:${join(folder.path, 'gateway.db')}`,
    };
    await using gateway = run(env);
    const { url } = (await gateway.logged('listening')) as { url: string };
    const input = { ...INPUT, prompt: '#slow-answer' };
    const extending = send(url, ExtendDocument, { input });
    const { taskId } = await sandbox.nextRequest();
    // A paid task is kept, although no client waits for its answer any more.
    const leaving = new AbortController();
    const abandoned = send(url, ExtendDocument, { input }, leaving.signal);
    const { taskId: abandonedId } = await sandbox.nextRequest();
    leaving.abort();
    await expect(abandoned).rejects.toThrow();

    gateway.kill('SIGTERM');
    await gateway.logged('draining');
    sandbox.answer(taskId ?? '');

    const { data } = await extending;
    sandbox.answer(abandonedId ?? '');
    expect(data.extendVideo).toMatchObject({ __typename: 'ExtendVideoSuccess', video: { taskId } });
    expect(await gateway.ended()).toMatchObject({ code: 0, stderr: '' });
    await using next = run(env);
    const again = (await next.logged('listening')) as { url: string };
    for (const id of [taskId, abandonedId]) {
      const read = await send(again.url, ReadVideoDocument, { taskId: id });
      expect(read.data.video).toMatchObject({
        taskId: id,
        state: 'WAITING',
        createdAt: expect.any(String),
      });
    }
  });

  it('ignores further signals while it drains', async () => {
    await using folder = await makeFolder();
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = run({
      UPSTREAM_URL: sandbox.url,
      DATABASE_URL: `sqlite:${join(folder.path, 'gateway.db')}`,
    });
    const { url } = (await gateway.logged('listening')) as { url: string };
    const extending = send(url, ExtendDocument, { input: { ...INPUT, prompt: '#slow-answer' } });
    const { taskId } = await sandbox.nextRequest();

    gateway.kill('SIGINT');
    await gateway.logged('draining');
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) gateway.kill(signal);
    // A callback is answered throughout, and by then the signals have arrived.
    await sandbox.complete(taskId ?? '');
    sandbox.answer(taskId ?? '');

    expect((await extending).data.extendVideo?.__typename).toBe('ExtendVideoSuccess');
    expect(await gateway.ended()).toEqual({ code: 0, signal: null, stderr: '' });
  });

  it('opens no debugger on SIGUSR1 in production', async () => {
    await using folder = await makeFolder();
    await using gateway = run({
      NODE_ENV: 'production',
      UPSTREAM_URL: 'http://127.0.0.1:9',
      DATABASE_URL: `sqlite:${join(folder.path, 'gateway.db')}`,
    });
    const { url } = (await gateway.logged('listening')) as { url: string };

    gateway.kill('SIGUSR1');
    expect((await fetch(`${url}/health`)).status).toBe(200);
    gateway.kill('SIGTERM');

    // Node says on standard error where its debugger listens.
    expect(await gateway.ended()).toEqual({ code: 0, signal: null, stderr: '' });
  });

  it('warns of a misspelt variable', async () => {
    await using folder = await makeFolder();
    await using gateway = run({
      UPSTREAM_URL: 'http://127.0.0.1:9',
      DATABASE_URL: `sqlite:${join(folder.path, 'gateway.db')}`,
      OWNER_SUBMIT_PER_DAY: '5',
    });

    expect(await gateway.logged('has no effect: no variable has this name')).toMatchObject({
      level: 40,
      variable: 'OWNER_SUBMIT_PER_DAY',
      fix: 'Rename it if you mean OWNER_SUBMITS_PER_DAY.',
    });
  });

  it('logs no secret', async () => {
    await using folder = await makeFolder();
    await using sandbox = await startSandbox({ autoplay: false, apiKey: 'very-secret-key' });
    await using gateway = run({
      UPSTREAM_URL: sandbox.url,
      APIKLEY_API_KEY: 'very-secret-key',
      DATABASE_URL: `sqlite:${join(folder.path, 'gateway.db')}`,
      LOG_LEVEL: 'trace',
    });
    const { url } = (await gateway.logged('listening')) as { url: string };
    await send(url, ExtendDocument, { input: INPUT });
    const { taskId, body } = await sandbox.nextRequest();
    const token = (body as { callBackUrl: string }).callBackUrl.split('/').at(-1) ?? '';
    await sandbox.complete(taskId ?? '');
    gateway.kill('SIGTERM');
    const log = JSON.stringify(await gateway.rest());

    expect(log).toContain('"callback"');
    expect(token).toMatch(/.{40}/);
    expect(log).not.toContain(token);
    expect(log).not.toContain('very-secret-key');
  });
});

describe('an invalid environment', () => {
  it('stops the start with one message that names every fault and no value', async () => {
    const faulty = {
      PORT: '70000-port',
      UPSTREAM_URL: 'ftp://user:upstream-password@example.com',
      PUBLIC_URL: 'public-nonsense',
      APIKLEY_API_KEY: 'secret key\nwith spaces',
      DATABASE_URL: 'mysql://root:database-password@db/longtake',
      UPSTREAM_TIMEOUT_MS: '0',
      UPSTREAM_REQUESTS: 'many',
      RETENTION_DAYS: '-3',
      SHUTDOWN_TIMEOUT_MS: '1.5',
      CORS_ORIGINS: 'https://app.example.com/path-of-origin',
      GRAPHIQL: 'yes-please',
      LOG_LEVEL: 'loud',
    };
    await using gateway = run(faulty);

    const { code, stderr } = await gateway.ended();

    expect(code).toBe(78);
    expectMessage(stderr);
    for (const [name, value] of Object.entries(faulty)) {
      expect(stderr).toContain(`${name}: `);
      if (value.length > 3) expect(stderr).not.toContain(value);
    }
    expect(stderr).not.toMatch(/secret|password/);
  });

  it.each(['GRAPHIQL', 'INTROSPECTION', 'THIN_PATH', 'UPSTREAM_BREAKER', 'UPSTREAM_CREDITS'])(
    '%s is on or off, and no other word',
    async (name) => {
      const read = (word: string) =>
        readConfig({ APIKLEY_API_KEY: 'key', [name]: word })[name as 'GRAPHIQL'];

      expect([read('on'), read('off')]).toEqual([true, false]);
      for (const word of ['true', '1', 'ON', 'yes']) {
        expect(() => read(word)).toThrow(`${name}: must be on or off`);
      }
    },
  );

  it('names the missing key', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = run({ UPSTREAM_URL: sandbox.url, APIKLEY_API_KEY: '' });

    const { code, stderr } = await gateway.ended();

    expect(code).toBe(78);
    expectMessage(stderr);
    expect(stderr).toContain('APIKLEY_API_KEY: is required');
    expect(stderr.trim().split('\n')).toHaveLength(2);
  });

  it('names the port in use', async () => {
    await using folder = await makeFolder();
    await using sandbox = await startSandbox({ autoplay: false });
    const { port } = new URL(sandbox.url);
    await using gateway = run({
      UPSTREAM_URL: sandbox.url,
      PORT: port,
      DATABASE_URL: `sqlite:${join(folder.path, 'gateway.db')}`,
    });

    const { code, stderr } = await gateway.ended();

    expect(code).toBe(1);
    expectMessage(stderr);
    expect(stderr).toContain(`127.0.0.1:${port}`);
    expect(stderr).toContain('already in use');
  });
});

describe('a new database', () => {
  it('is readable only by its user, and so is its folder', async () => {
    await using folder = await makeFolder();
    const path = join(folder.path, 'one', 'two', 'gateway.db');
    await using gateway = run({
      UPSTREAM_URL: 'http://127.0.0.1:9',
      DATABASE_URL: `sqlite:${path}`,
    });
    await gateway.logged('listening');

    const toMode = async (name: string) => ((await stat(name)).mode & 0o777).toString(8);
    expect(await toMode(join(folder.path, 'one'))).toBe('700');
    expect(await toMode(join(folder.path, 'one', 'two'))).toBe('700');
    for (const name of await readdir(join(folder.path, 'one', 'two'))) {
      expect([name, await toMode(join(folder.path, 'one', 'two', name))]).toEqual([name, '600']);
    }
  });
});

describe('an unusable database', () => {
  it('is not changed if it is no database', async () => {
    await using folder = await makeFolder();
    const path = join(folder.path, 'gateway.db');
    await writeFile(path, 'This is a letter and not a database. '.repeat(200));
    const before = await hashFiles(folder.path);
    await using gateway = run({ DATABASE_URL: `sqlite:${path}` });

    const { code, stderr } = await gateway.ended();

    expect(code).toBe(1);
    expectMessage(stderr);
    expect(stderr).toContain(`${path} cannot be used: it is not a sound SQLite database`);
    expect(await hashFiles(folder.path)).toEqual(before);
  });

  it('is not changed if it is damaged', async () => {
    await using folder = await makeFolder();
    await using sandbox = await startSandbox({ autoplay: false });
    const path = join(folder.path, 'gateway.db');
    const env = { UPSTREAM_URL: sandbox.url, DATABASE_URL: `sqlite:${path}` };
    await using sound = run(env);
    await sound.logged('listening');
    sound.kill('SIGTERM');
    await sound.ended();
    const bytes = await readFile(path);
    await writeFile(
      path,
      Buffer.concat([bytes.subarray(0, 4096), bytes.subarray(4096).fill(0x5a)]),
    );
    const before = await hashFiles(folder.path);
    await using gateway = run(env);

    const { code, stderr } = await gateway.ended();

    expect(code).toBe(1);
    expectMessage(stderr);
    expect(stderr).toContain(`${path} cannot be used`);
    expect((await hashFiles(folder.path))['gateway.db']).toBe(before['gateway.db']);
  });

  it('that another process uses is refused, and that process continues', async () => {
    await using folder = await makeFolder();
    await using sandbox = await startSandbox({ autoplay: false });
    const path = join(folder.path, 'gateway.db');
    const env = { UPSTREAM_URL: sandbox.url, DATABASE_URL: `sqlite:${path}` };
    await using first = run(env);
    const { url } = (await first.logged('listening')) as { url: string };
    const before = await hashFiles(folder.path);
    await using second = run(env);

    const { code, stderr } = await second.ended();

    expect(code).toBe(1);
    expectMessage(stderr);
    expect(stderr).toContain(`${path} cannot be used: another process is using it`);
    expect(await hashFiles(folder.path)).toEqual(before);
    const { data } = await send(url, ExtendDocument, { input: INPUT });
    expect(data.extendVideo?.__typename).toBe('ExtendVideoSuccess');
    expect((await fetch(`${url}/ready`)).status).toBe(200);
  });

  it('is refused if it is a folder or below a file', async () => {
    await using folder = await makeFolder();
    const directory = join(folder.path, 'directory');
    const file = join(folder.path, 'file');
    await mkdir(directory);
    await writeFile(file, '');

    for (const path of [directory, join(file, 'gateway.db')]) {
      await using gateway = run({ DATABASE_URL: `sqlite:${path}` });
      const { code, stderr } = await gateway.ended();

      expect(code).toBe(1);
      expectMessage(stderr);
      expect(stderr).toContain(`${path} cannot be used`);
    }
  });

  // Nothing is forbidden to root.
  it.skipIf(IS_ROOT)('is refused in a folder that cannot be written', async () => {
    await using folder = await makeFolder();
    await chmod(folder.path, 0o500);
    const path = join(folder.path, 'gateway.db');
    await using gateway = run({ DATABASE_URL: `sqlite:${path}` });

    const { code, stderr } = await gateway.ended();
    await chmod(folder.path, 0o700);

    expect(code).toBe(1);
    expectMessage(stderr);
    expect(stderr).toContain(`${path} cannot be used: it cannot be written`);
  });
});
