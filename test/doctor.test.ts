import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Finding, fault, type Subject } from '../src/doctor/finding.ts';
import { examineRuntime } from '../src/doctor/runtime.ts';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { makeFolder } from './support/folder.ts';
import { sharedPostgres, startPostgres } from './support/postgres.ts';
import { startGatewayProcess } from './support/process.ts';
import { runProgram } from './support/program.ts';
import { answerJson, startScriptedUpstream } from './support/scripted-upstream.ts';

/** No process listens on it, and only root could. */
const NOWHERE = 'http://127.0.0.1:9';

/** Runs it, and sorts what it says by subject. */
async function consult(env: Record<string, string>, cwd?: string) {
  const full = { APIKLEY_API_KEY: 'sandbox-key', UPSTREAM_URL: NOWHERE, PORT: '9', ...env };
  const { code, stdout, stderr } = await runProgram('doctor/main.ts', full, {
    args: ['--json'],
    ...(cwd && { cwd }),
  });
  expect(stderr).toBe('');
  const findings = JSON.parse(stdout) as Finding[];
  const about = (subject: Subject) => findings.filter((finding) => finding.subject === subject);
  return { code, stdout, findings, about, the: (subject: Subject) => about(subject)[0] };
}

describe('the doctor, with a healthy gateway', () => {
  it('prints one line per check and exits with 0', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGatewayProcess(sandbox);
    const { host } = new URL(gateway.url);
    const path = join(gateway.folder, 'gateway.db');

    const { code, stdout, stderr } = await runProgram('doctor/main.ts', {
      APIKLEY_API_KEY: 'sandbox-key',
      UPSTREAM_URL: sandbox.url,
      PORT: new URL(gateway.url).port,
      DATABASE_URL: `sqlite:${path}`,
    });

    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^ok {7}runtime {6}Node v\d/),
      'ok       environment  every variable can be used',
      'ok       auth         open: no authentication',
      `ok       database     ${path} is in use by another process, a running gateway most likely`,
      `ok       callbacks    http://${host} is a gateway and accepts callbacks`,
      `ok       upstream     ${sandbox.url} answers and accepts the key`,
      '',
      '0 faults, 0 warnings',
      '',
    ]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    // One read, and nothing that could cost anything.
    expect(sandbox.requests.map(({ method }) => method)).toEqual(['GET']);
  });
});

describe('the doctor, when its reader closes the pipe early', () => {
  it('reports no error', () => {
    const doctor = fileURLToPath(new URL('../src/doctor/main.ts', import.meta.url));
    const { stderr } = spawnSync('sh', ['-c', '"$0" "$1" | true', process.execPath, doctor], {
      env: { PATH: process.env.PATH ?? '' },
      encoding: 'utf8',
    });

    expect(stderr).toBe('');
  });
});

describe('the check of the environment', () => {
  it('lists every fault and exits with 1', async () => {
    const { code, findings } = await consult({ APIKLEY_API_KEY: '', PORT: 'http' });

    const faults = findings.filter(({ level }) => level === 'fault');
    expect(faults.map(({ subject }) => subject)).toEqual(['environment', 'environment']);
    expect(faults.map(({ message }) => message)).toEqual([
      'PORT: must be a whole number from 0 to 65535',
      expect.stringContaining('APIKLEY_API_KEY: is required'),
    ]);
    expect(faults.at(-1)?.fix).toContain('docs/configuration.md');
    expect(code).toBe(1);
  });

  it.each([
    ['v24.4.1', 'ok'],
    ['v26.10.0', 'ok'],
    ['v27.0.0', 'ok'],
    ['v25.9.0', 'fault'],
    ['v22.18.0', 'fault'],
  ])('judges Node %s: %s', (version, level) => {
    expect(examineRuntime(version).level).toBe(level);
  });

  it('lists unsafe settings as warnings and exits with 0', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using folder = await makeFolder();
    const env = { UPSTREAM_URL: sandbox.url, HOST: '0.0.0.0', AUTH: 'none' };

    const { code, about } = await consult(env, folder.path);

    expect(about('auth')[1]).toMatchObject({
      level: 'warning',
      message: 'AUTH: anybody who can reach the gateway can spend your credits',
      fix: expect.stringContaining('AUTH_JWT_SECRET'),
    });
    expect(code).toBe(0);
  });

  it('warns of misspelt names', async () => {
    await using sandbox = await startSandbox({ autoplay: false });

    const { findings, code } = await consult({ UPSTREAM_URL: sandbox.url, DATABSE_URL: 'x' });

    expect(findings).toContainEqual({
      level: 'warning',
      subject: 'environment',
      message: 'DATABSE_URL: has no effect: no variable has this name',
      fix: 'Rename it if you mean DATABASE_URL.',
    });
    expect(code).toBe(0);
  });

  it('fetches the keys of AUTH_JWKS_URL', async () => {
    const key = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
    await using server = await startScriptedUpstream(({ path }, response) =>
      answerJson(response, path === '/keys' ? { keys: [key] } : { keys: [] }),
    );
    const env = { AUTH_ISSUER: 'https://idp.example.com', AUTH_AUDIENCE: 'longtake' };

    const good = await consult({ ...env, AUTH_JWKS_URL: `${server.url}/keys` });
    const bad = await consult({ ...env, AUTH_JWKS_URL: `${server.url}/elsewhere` });

    expect(good.the('auth')).toMatchObject({ level: 'ok', message: 'JWT (AUTH_JWKS_URL)' });
    expect(bad.the('auth')).toMatchObject({
      level: 'fault',
      message: `AUTH_JWKS_URL: ${server.url}/elsewhere contains no keys`,
    });
  });
});

describe('the check of a SQLite file', () => {
  it('accepts a missing file that can be created, and does not create it', async () => {
    await using folder = await makeFolder();

    const { the } = await consult({}, folder.path);

    expect(the('database')).toMatchObject({
      level: 'ok',
      message: 'data/gateway.db does not exist yet; the first start creates it',
    });
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('reports a file that cannot be created', async () => {
    await using folder = await makeFolder();
    const file = join(folder.path, 'file');
    await writeFile(file, '');

    const { the } = await consult({ DATABASE_URL: `sqlite:${file}/gateway.db` });

    expect(the('database')).toMatchObject({ level: 'fault', fix: expect.any(String) });
  });

  it('reads the file of a stopped gateway without changing its folder', async () => {
    await using gateway = await startGatewayProcess({ url: NOWHERE });
    await gateway.stop();
    const path = join(gateway.folder, 'gateway.db');
    const before = await readFile(path);

    const { the } = await consult({ DATABASE_URL: `sqlite:${path}` });

    expect(the('database')).toEqual({
      level: 'ok',
      subject: 'database',
      message: `${path} is usable and up to date`,
      fix: null,
    });
    expect(await readdir(gateway.folder)).toEqual(['gateway.db']);
    expect(await readFile(path)).toEqual(before);
  });

  it('accepts the file of a killed gateway and leaves recovery to the next start', async () => {
    await using gateway = await startGatewayProcess({ url: NOWHERE });
    await gateway.kill();
    const before = (await readdir(gateway.folder)).sort();

    const { the } = await consult({ DATABASE_URL: `sqlite:${join(gateway.folder, 'gateway.db')}` });

    expect(the('database')?.level).toBe('ok');
    expect((await readdir(gateway.folder)).sort()).toEqual(before);
  });

  it('reports a file that is not a database', async () => {
    await using folder = await makeFolder();
    const letter = join(folder.path, 'letter.db');
    await writeFile(letter, 'This is a letter and not a database. '.repeat(200));
    await mkdir(join(folder.path, 'directory'));

    for (const path of [letter, join(folder.path, 'directory')]) {
      const { code, the } = await consult({ DATABASE_URL: `sqlite:${path}` });
      expect(the('database')).toMatchObject({ level: 'fault', fix: expect.any(String) });
      expect(code).toBe(1);
    }
  });
});

describe('the check of PostgreSQL', () => {
  const postgres = sharedPostgres();

  it('accepts an empty database without changing it, and a migrated one', async () => {
    const DATABASE_URL = await postgres.createEmptyDatabase();
    const first = await consult({ DATABASE_URL });
    const second = await consult({ DATABASE_URL });
    await using gateway = await startGatewayProcess({ url: NOWHERE }, { DATABASE_URL });
    await gateway.stop();
    const third = await consult({ DATABASE_URL });

    for (const { the } of [first, second]) {
      expect(the('database')).toMatchObject({
        level: 'ok',
        message: expect.stringMatching(
          /\(PostgreSQL \d+.*\) is empty: the first start creates its tables/,
        ),
      });
    }
    expect(third.the('database')?.message).toMatch(/is usable and up to date$/);
    expect(third.the('clock')?.level).toBe('ok');
  });

  it('reports settings with which a crash would lose paid tasks', async () => {
    await using careless = await startPostgres({ full_page_writes: 'off' });

    const { about } = await consult({ DATABASE_URL: await careless.createDatabase() });

    expect(about('database').map(({ level, message }) => [level, message])).toContainEqual([
      'fault',
      expect.stringContaining('full_page_writes is off'),
    ]);
  });

  it('reports a database of a newer version', async () => {
    const DATABASE_URL = await postgres.createDatabase();
    await using gateway = await startGatewayProcess({ url: NOWHERE }, { DATABASE_URL });
    await gateway.stop();
    const { default: pg } = await import('pg');
    const client = new pg.Client(DATABASE_URL);
    await client.connect();
    await client.query("insert into longtake_migration values ('9999-of-tomorrow', 'now')");
    await client.end();

    const { the } = await consult({ DATABASE_URL });

    expect(the('database')).toMatchObject({
      level: 'fault',
      message: expect.stringContaining('a newer version of the gateway has migrated it'),
    });
  });

  it('reports refused credentials without the password', async () => {
    const url = Object.assign(new URL(postgres.url), { password: 'canary-password' });

    const { code, the, stdout } = await consult({
      DATABASE_URL: url.href,
      APIKLEY_API_KEY: 'canary-key',
      AUTH_JWT_SECRET: 'canary-secret-of-more-than-32-characters',
      WEBHOOK_HMAC_KEY: 'canary-hmac',
    });

    expect(the('database')).toMatchObject({
      level: 'fault',
      message: expect.stringContaining('refuses the user postgres or the password'),
    });
    expect(stdout).not.toContain('canary');
    expect(code).toBe(1);
  });
});

describe('the answer of a server that never stops sending', () => {
  /** More than what the sockets on both sides may hold. */
  const FAR_TOO_MUCH = 32 * 1024 * 1024;

  it('is read only up to a limit', async () => {
    let written = 0;
    await using server = await startScriptedUpstream((_request, response) => {
      const chunk = Buffer.alloc(64 * 1024, '["\u001b[31m",');
      response.writeHead(200, { 'content-type': 'application/json' });
      function pour(): void {
        while (!response.destroyed && written < FAR_TOO_MUCH) {
          written += chunk.length;
          if (!response.write(chunk)) break;
        }
        if (written >= FAR_TOO_MUCH) response.end();
      }
      response.on('drain', pour);
      pour();
    });

    const { the, code, stdout } = await consult({
      UPSTREAM_URL: server.url,
      PUBLIC_URL: server.url,
      AUTH_JWKS_URL: `${server.url}/keys`,
      AUTH_ISSUER: 'https://idp.example.com',
      AUTH_AUDIENCE: 'longtake',
      DATABASE_URL: 'sqlite::memory:',
    });

    expect(the('auth')).toMatchObject({
      level: 'fault',
      message: `AUTH_JWKS_URL: ${server.url}/keys cannot be read: its answer is over 256 KiB`,
    });
    expect(the('callbacks')?.level).toBe('warning');
    expect(the('upstream')?.level).toBe('fault');
    expect(code).toBe(1);
    expect(stdout.length).toBeLessThan(10_000);
    expect(written).toBeLessThan(FAR_TOO_MUCH);
  });

  it('is shortened and stripped of control characters when quoted', () => {
    const { message } = fault('auth', `it says \u001b[2J${'x'.repeat(10_000)}`);

    expect(message).toMatch(/^it says {2}?\[2Jx+…$/);
    expect(message.length).toBeLessThan(600);
  });
});

describe('the check of callbacks', () => {
  it('cannot decide while no gateway runs', async () => {
    const { the } = await consult({ PUBLIC_URL: `${NOWHERE}/outside` });

    expect(the('callbacks')).toMatchObject({
      level: 'warning',
      message: `no gateway runs at ${NOWHERE}, so callbacks to ${NOWHERE}/outside cannot be checked`,
      fix: expect.stringContaining('Start the gateway'),
    });
  });

  it.each<
    [string, (path: string) => { status: number; body?: unknown; location?: string }, string]
  >([
    ['to another server', () => ({ status: 200, body: { hello: 'world' } }), 'not by a gateway'],
    [
      'through a redirect',
      () => ({ status: 301, location: 'https://gateway.example.com/health' }),
      'it redirects to https://gateway.example.com/health',
    ],
    [
      'to a proxy that rejects callbacks',
      (path) => (path === '/health' ? { status: 200, body: { status: 'ok' } } : { status: 403 }),
      'POST /callbacks/… is answered with 403, but not by the gateway',
    ],
  ])('reports a PUBLIC_URL that leads %s', async (_name, toAnswer, sentence) => {
    await using gateway = await startGatewayProcess({ url: NOWHERE });
    await using proxy = await startScriptedUpstream(({ path }, response) => {
      const { status, body, location } = toAnswer(path);
      response.writeHead(status, { ...(location && { location }) });
      response.end(body ? JSON.stringify(body) : 'no');
    });

    const { code, the } = await consult({
      PORT: new URL(gateway.url).port,
      PUBLIC_URL: proxy.url,
      DATABASE_URL: 'sqlite::memory:',
    });

    expect(the('callbacks')).toMatchObject({
      level: 'fault',
      message: expect.stringContaining(sentence),
      fix: expect.stringContaining('PUBLIC_URL'),
    });
    expect(code).toBe(1);
  });

  it('warns of a local PUBLIC_URL with a remote upstream', async () => {
    // A name that leads nowhere: nothing leaves this machine.
    const { the } = await consult({ UPSTREAM_URL: 'https://upstream.invalid' });

    expect(the('callbacks')).toMatchObject({
      level: 'warning',
      message: 'PUBLIC_URL: the upstream cannot reach PUBLIC_URL: no callback will come',
    });
  });
});

describe('the check of the upstream', () => {
  it('reports a refused key without printing it', async () => {
    await using sandbox = await startSandbox({ autoplay: false });

    const { code, the, stdout } = await consult({
      UPSTREAM_URL: sandbox.url,
      APIKLEY_API_KEY: 'canary-key',
    });

    expect(the('upstream')).toMatchObject({
      level: 'fault',
      message: `${sandbox.url} refuses the key`,
      fix: expect.stringContaining('APIKLEY_API_KEY'),
    });
    expect(stdout).not.toContain('canary');
    expect(code).toBe(1);
  });

  it('reports an upstream that does not run, and how to start the sandbox', async () => {
    const { the } = await consult({});

    expect(the('upstream')).toMatchObject({
      level: 'fault',
      message: `${NOWHERE} cannot be reached: connect ECONNREFUSED 127.0.0.1:9`,
      fix: 'Start it (npx longtake sandbox), or set UPSTREAM_URL to where it listens.',
    });
  });

  it.each<[string, string, number, unknown]>([
    ['does not know the task', 'ok', 404, { code: 404, msg: 'Not Found' }],
    [
      'does not know the task, in its other form',
      'ok',
      200,
      { code: 422, msg: 'recordInfo is null' },
    ],
    ['is busy', 'warning', 200, { code: 429, msg: 'Rate Limited' }],
    ['is under maintenance', 'warning', 200, { code: 455, msg: 'Service Unavailable' }],
    ['is another server', 'fault', 404, 'Not found'],
    ['echoes the key', 'fault', 200, { code: 500, msg: 'canary-key' }],
  ])('judges an upstream that %s: %s', async (_name, level, status, body) => {
    await using upstream = await startScriptedUpstream((_request, response) =>
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body)),
    );

    const { the, stdout } = await consult({
      UPSTREAM_URL: upstream.url,
      APIKLEY_API_KEY: 'canary-key',
      UPSTREAM_TIMEOUT_MS: '2000',
    });

    expect(the('upstream')?.level).toBe(level);
    expect(stdout).not.toContain('canary');
    expect(upstream.requests.every(({ method }) => method === 'GET')).toBe(true);
  });
});

describe('a pause after a 429', () => {
  it.each(['SQLite', 'PostgreSQL'])('is reported with the remaining time: %s', async (engine) => {
    await using upstream = await startScriptedUpstream((request, response) =>
      answerJson(
        response,
        request.method === 'GET'
          ? { code: 200, msg: 'success', data: null }
          : { code: 429, msg: 'slow down' },
        { headers: { 'retry-after': '200' } },
      ),
    );
    const database =
      engine === 'PostgreSQL' ? { DATABASE_URL: await sharedPostgres().createDatabase() } : {};
    await using gateway = await startGatewayProcess(upstream, database);
    await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        query:
          'mutation { extendVideo(input: { taskId: "x", prompt: "p", quality: P720 }) { __typename } }',
      }),
    });

    await gateway.logged('submits are paused: the upstream has answered 429');
    const { about, code } = await consult({
      UPSTREAM_URL: upstream.url,
      PORT: new URL(gateway.url).port,
      DATABASE_URL: `sqlite:${join(gateway.folder, 'gateway.db')}`,
      ...database,
    });

    const told = [...about('upstream'), ...about('database')].filter(
      ({ level }) => level === 'warning',
    );
    expect(told).toEqual([
      {
        level: 'warning',
        subject: 'upstream',
        message: expect.stringMatching(/^submits are paused for another \d+ s: the upstream/),
        fix: expect.stringContaining('UPSTREAM_REQUESTS'),
      },
    ]);
    expect(code).toBe(0);
  });
});

describe('an open breaker', () => {
  it('is reported from /metrics of the running gateway', async () => {
    await using upstream = await startScriptedUpstream((request, response) =>
      answerJson(
        response,
        request.method === 'GET'
          ? { code: 200, msg: 'success', data: null }
          : { code: 402, msg: 'no credits' },
      ),
    );
    await using gateway = await startGatewayProcess(upstream, { UPSTREAM_BREAKER: 'on' });
    await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        query:
          'mutation { extendVideo(input: { taskId: "x", prompt: "p", quality: P720 }) { __typename } }',
      }),
    });

    await gateway.logged('submits are refused: the breaker is open');
    const { about } = await consult({
      UPSTREAM_URL: upstream.url,
      PORT: new URL(gateway.url).port,
      DATABASE_URL: `sqlite:${join(gateway.folder, 'gateway.db')}`,
    });

    expect(about('upstream').map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^submits are refused for another \d+ s:/),
    );
  });
});
