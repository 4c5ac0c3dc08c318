/** The thread that transfers files. */

import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { constants, getPriority } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createHub } from '../src/delivery/hub.ts';
import { startCopier } from '../src/files/copier.ts';
import { DestinationError } from '../src/files/destination.ts';
import { createFileDestination } from '../src/files/file-destination.ts';
import { SourceError } from '../src/files/source-error.ts';
import { createTransferThread } from '../src/files/transfer-thread.ts';
import { openDatabase } from '../src/store/database.ts';
import { findVideo } from '../src/store/videos.ts';
import { makeFolder } from './support/folder.ts';
import { listFiles, toSha256 } from './support/keeping.ts';
import { startScriptedUpstream } from './support/scripted-upstream.ts';
import { storeVideos } from './support/stored-videos.ts';

const FILM = Buffer.alloc(3_000_000, 'film');
const HEADERS = { 'content-type': 'video/webm', 'content-length': FILM.length };
const { signal } = new AbortController();

function serveFilm() {
  return startScriptedUpstream((_request, response) => {
    response.writeHead(200, HEADERS).end(FILM);
  });
}

const run = promisify(execFile);
const TRANSFER_ONCE = fileURLToPath(new URL('support/transfer-once.ts', import.meta.url));

/** Ends the thread at its start. */
const AT_THE_START = "throw new Error('out of order')";
/** Ends the thread when it requests a file with this path. */
const AT_A_FILE = `import { subscribe } from 'node:diagnostics_channel';
subscribe('undici:request:create', ({ request }) => request.path === '/crash' && process.exit(1));`;

const toModule = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;

/** Ends every thread that preloads it. */
const PRELOADED = toModule(
  "import { isMainThread } from 'node:worker_threads'; if (!isMainThread) process.exit(1)",
);

/** From now on, threads run this first. */
const preload = (code: string) => vi.stubEnv('NODE_OPTIONS', `--import=${toModule(code)}`);

afterEach(() => void vi.unstubAllEnvs());

/** Copies files, with one attempt more per file than there are gaps. */
async function startCopying(upstreamUrl: string, films: readonly string[]) {
  const folder = await makeFolder();
  const database = `sqlite:${join(folder.path, 'gateway.db')}`;
  const ids = await storeVideos(database, films);
  const { db, close } = await openDatabase(database);
  const transfers = openThread(upstreamUrl, folder.path);
  const outcomes: string[] = [];
  const copier = startCopier({
    db,
    hub: createHub(),
    metrics: { copy: (outcome) => outcomes.push(outcome) },
    log: pino({ level: 'silent' }),
    destination: createFileDestination(folder.path),
    transfers,
    retryGapsMs: [1, 1],
  });
  return {
    outcomes,
    readStates: () =>
      Promise.all(ids.map(async (id) => (await findVideo(db, 'open', id))?.copies?.state)),
    readFailures: () => db.selectFrom('file_copy').select(['failures', 'reason']).execute(),
    async [Symbol.asyncDispose]() {
      await copier.stop();
      await transfers.close();
      await close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function openThread(upstreamUrl: string, path: string) {
  const thread = createTransferThread(
    {
      KEEP_URL: { kind: 'file', path },
      KEEP_MAX_BYTES: 10_000_000,
      KEEP_ALLOWED_HOSTS: [],
      UPSTREAM_URL: upstreamUrl,
      NO_PROXY: [],
    },
    {},
    pino({ level: 'silent' }),
  );
  return { ...thread, [Symbol.asyncDispose]: thread.close };
}

describe('the thread', () => {
  it('stores a file and reports its length and hash', async () => {
    await using folder = await makeFolder();
    await using server = await serveFilm();
    await using thread = openThread(server.url, folder.path);

    const transfer = await thread.start(`${server.url}/1`, 'film', signal);
    const stored = await transfer.store('1/film-1.webm');

    expect(transfer.extension).toBe('webm');
    expect(stored).toEqual({ bytes: FILM.length, sha256: toSha256(FILM) });
    expect((await readFile(join(folder.path, '1/film-1.webm'))).equals(FILM)).toBe(true);
  });

  const isLinux = process.platform === 'linux';
  const { PRIORITY_BELOW_NORMAL, PRIORITY_LOW } = constants.priority;
  const own = getPriority();

  it.runIf(isLinux && own < PRIORITY_BELOW_NORMAL)(
    'has a lower priority than requests',
    async () => {
      await using folder = await makeFolder();
      await using server = await serveFilm();
      await using thread = openThread(server.url, folder.path);

      await (await thread.start(`${server.url}/1`, 'film', signal)).store('1/film-1.webm');

      expect(getPriority(process.pid)).toBe(own);
      const ids = (await readdir('/proc/self/task')).map(Number);
      expect(ids.filter((id) => getPriority(id) > own)).toHaveLength(1);
    },
  );

  it.runIf(isLinux)('does not raise a low priority', async () => {
    await using folder = await makeFolder();
    await using server = await serveFilm();

    const program = [process.execPath, TRANSFER_ONCE, `${server.url}/1`, folder.path];
    const { stdout } = await run('nice', ['-n', '15', ...program]);

    expect(JSON.parse(stdout)).toEqual({
      bytes: FILM.length,
      priorities: [Math.min(own + 15, PRIORITY_LOW)],
    });
  });

  it.each([
    ['npm start', ['--max-semi-space-size=8', '--import', './src/compile-cache.js']],
    ['an operator', [`--import=${PRELOADED}`, '--expose-gc', '--use-system-ca']],
  ])('has the flags of Node for connections that %s sets', async (_who, flags) => {
    await using folder = await makeFolder();
    // Node reads 16 KiB of headers unless `--max-http-header-size` allows more.
    const headers = { ...HEADERS, 'x-long': 'x'.repeat(30_000) };
    await using server = await startScriptedUpstream((_request, response) => {
      response.writeHead(200, headers).end(FILM);
    });

    const options = [...flags, '--max-http-header-size', '60000', '--dns-result-order=ipv4first'];
    const program = [TRANSFER_ONCE, `${server.url}/1`, folder.path];
    const { stdout } = await run(process.execPath, [...options, ...program]);

    expect(JSON.parse(stdout).bytes).toBe(FILM.length);
  });

  it('reports whether the source or the destination failed', async () => {
    await using folder = await makeFolder();
    await using server = await startScriptedUpstream((request, response) => {
      response.writeHead(request.path === '/1' ? 200 : 500, HEADERS).end(FILM);
    });
    await using thread = openThread(server.url, folder.path);

    const start = (url: string) => thread.start(url, 'film', signal);
    const failed = await start(`${server.url}/2`).catch(String);
    const refused = await start('http://user:password@127.0.0.1/').catch((error) => error);
    // A file where the folder of the video has to be.
    await writeFile(join(folder.path, '1'), '');
    const transfer = await start(`${server.url}/1`);
    const unstored = await transfer.store('1/film-1.webm').catch((error) => error);

    expect(failed).toContain('HTTP status 500');
    expect(refused).toBeInstanceOf(SourceError);
    expect(refused.isFinal).toBe(true);
    expect(unstored).toBeInstanceOf(DestinationError);
  });

  it('ends a transfer that is aborted, and leaves nothing of it', async () => {
    await using folder = await makeFolder();
    const begun = Promise.withResolvers<ServerResponse>();
    await using server = await startScriptedUpstream((_request, response) => {
      response.writeHead(200, HEADERS);
      response.write(FILM.subarray(0, 100_000), () => begun.resolve(response));
    });
    await using thread = openThread(server.url, folder.path);
    const aborting = new AbortController();
    const transfer = await thread.start(`${server.url}/1`, 'film', aborting.signal);
    const stored = transfer.store('1/film-1.webm');
    stored.catch(() => undefined);
    const response = await begun.promise;
    const closed = new Promise((resolve) => response.on('close', resolve));
    await expect.poll(() => listFiles(folder.path)).toHaveLength(1);

    aborting.abort();

    await expect(stored).rejects.toThrow();
    await closed;
    expect(await listFiles(folder.path)).toEqual([]);
  });

  it('fails its transfers when it ends, and starts again for the next one', async () => {
    await using folder = await makeFolder();
    await using server = await startScriptedUpstream((request, response) => {
      response.writeHead(200, HEADERS);
      if (request.path === '/2') response.end(FILM);
      else response.write(FILM.subarray(0, 100_000));
    });
    await using thread = openThread(server.url, folder.path);
    const transfer = await thread.start(`${server.url}/1`, 'film', signal);
    const stored = transfer.store('1/film-1.webm');
    stored.catch(() => undefined);

    await thread.close();

    await expect(stored).rejects.toThrow('the thread that copies files has ended');
    const next = await thread.start(`${server.url}/2`, 'film', signal);
    expect((await next.store('2/film-1.webm')).bytes).toBe(FILM.length);
  });
});

describe('a thread that dies', () => {
  it('at its start: copying pauses, and no failure of a file is counted', async () => {
    preload(AT_THE_START);
    await using server = await serveFilm();
    await using copying = await startCopying(server.url, [`${server.url}/1`]);

    await expect.poll(() => copying.outcomes).toContain('destination_failed');
    await expect
      .poll(copying.readFailures)
      .toEqual([{ failures: 0, reason: 'the thread that copies files has ended' }]);
    vi.unstubAllEnvs();

    await expect.poll(copying.readStates).toEqual(['KEPT']);
    expect(copying.outcomes.at(-1)).toBe('kept');
  });

  it('because of a file: that file is given up, and the others are copied', async () => {
    preload(AT_A_FILE);
    await using server = await serveFilm();
    const films = [`${server.url}/crash`, `${server.url}/1`];
    await using copying = await startCopying(server.url, films);

    await expect.poll(copying.readStates).toEqual(['FAILED', 'KEPT']);

    expect(await copying.readFailures()).toContainEqual({ failures: 0, reason: null });
    expect(copying.outcomes.filter((outcome) => outcome === 'retried')).toHaveLength(2);
    expect(copying.outcomes).toContain('given_up');
  });
});
