/** `longtake/client` in Node, against a gateway over real sockets. */

import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bundleClient } from '../build-client.ts';
import { createClient, LongtakeError, type Video } from '../client/index.ts';
import { ORIGINAL_TASK_ID, type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { startLine } from './browser/support/line.ts';
import { backdate, DAY_MS } from './support/backdate.ts';
import { startChildGateway } from './support/child-gateway.ts';
import { countSubmits, createStorage, nextTask, toClient } from './support/client.ts';
import { makeFolder } from './support/folder.ts';
import { startGateway } from './support/gateway.ts';
import { bearerOf, inSeconds, JWT_ENV } from './support/tokens.ts';

const ORIGINAL = {
  prompt: 'A cat dances',
  aspectRatio: 'SQUARE_1_1',
  quality: 'P720',
} as const;
const EXTENSION = { taskId: ORIGINAL_TASK_ID, prompt: 'It dances on', quality: 'P720' } as const;

/** Resolves when the condition holds after an update. */
function watch() {
  const states: string[] = [];
  const waiting = Promise.withResolvers<Video>();
  return {
    states,
    /** Resolves with the video once the upstream has confirmed it. */
    confirmed: waiting.promise,
    onUpdate(video: Video) {
      states.push(video.state);
      if (video.state === 'WAITING') waiting.resolve(video);
    },
  };
}

it('the client has at most 6 KiB compressed, and imports nothing', async () => {
  const code = await bundleClient();

  expect(gzipSync(code).length).toBeLessThanOrEqual(6 * 1024);
  expect(code).not.toMatch(/^import |import\(/m);
});

describe('a submit', () => {
  it('resolves with the finished video, and shows its states', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const storage = createStorage();
    const client = toClient(gateway, { storage });
    const { states, confirmed, onUpdate } = watch();

    const making = client.generateVideo(ORIGINAL, { onUpdate });
    const taskId = await nextTask(sandbox);
    await confirmed;
    await sandbox.complete(taskId);
    const video = await making;
    const extending = client.extendVideo({ ...EXTENSION, taskId: video.id });
    await sandbox.complete(await nextTask(sandbox));
    const extension = await extending;

    expect(video).toMatchObject({ taskId, state: 'SUCCEEDED', kind: 'ORIGINAL', failure: null });
    expect(video.videoUrl).toMatch(/^http/);
    expect(states).toEqual(['WAITING', 'SUCCEEDED']);
    expect(extension).toMatchObject({ state: 'SUCCEEDED', sourceTaskId: taskId });
    expect(Object.keys(storage)).toEqual(['longtake.cursor']);
    expect(await client.pending()).toEqual([]);
  });

  it('is paid once when its connection is lost before the answer', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    await using line = await startLine(gateway.url);
    const lost = Promise.withResolvers<LongtakeError>();

    const making = toClient(line).generateVideo(
      { ...ORIGINAL, prompt: '#slow-answer' },
      { onRetry: lost.resolve },
    );
    const taskId = await nextTask(sandbox);
    line.cut();
    const error = await lost.promise;
    line.mend();
    sandbox.answer(taskId);
    await sandbox.complete(taskId);

    expect((await making).taskId).toBe(taskId);
    expect(error).toMatchObject({ code: 'NO_ANSWER', retryable: true });
    expect(countSubmits(sandbox)).toBe(1);
  });

  it('is found after a reload before its answer, and then paid once', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const storage = createStorage();
    const leaving = new AbortController();
    const input = { ...ORIGINAL, prompt: '#slow-answer' };

    const left = toClient(gateway, { storage }).generateVideo(input, { signal: leaving.signal });
    const taskId = await nextTask(sandbox);
    leaving.abort();
    await expect(left).rejects.toBe(leaving.signal.reason);
    const [pending, ...others] = await toClient(gateway, { storage }).pending();
    const resumed = pending?.resume();
    sandbox.answer(taskId);
    await sandbox.complete(taskId);

    expect(pending).toMatchObject({ operation: 'generateVideo', input, id: null });
    expect(others).toEqual([]);
    expect(await resumed).toMatchObject({ taskId });
    expect(countSubmits(sandbox)).toBe(1);
    expect(await toClient(gateway, { storage }).pending()).toEqual([]);
  });

  it('is stored until its last call has ended, also if React aborts the first of two', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const storage = createStorage();
    const client = toClient(gateway, { storage });
    const leaving = new AbortController();
    const input = { ...ORIGINAL, prompt: '#slow-answer', idempotencyKey: 'order-4711' };

    // As an effect in development: it runs, is cleaned up, and runs again.
    const left = client.generateVideo(input, { signal: leaving.signal });
    leaving.abort();
    const making = client.generateVideo(input);
    await expect(left).rejects.toBe(leaving.signal.reason);
    const taskId = await nextTask(sandbox);
    const here = await client.pending();
    const afterReload = await toClient(gateway, { storage }).pending();
    sandbox.answer(taskId);
    await sandbox.complete(taskId);

    expect(here).toEqual([]);
    expect(afterReload).toMatchObject([{ operation: 'generateVideo', input }]);
    expect(await making).toMatchObject({ taskId, state: 'SUCCEEDED' });
    expect(await client.pending()).toEqual([]);
    expect(countSubmits(sandbox)).toBe(1);
  });

  it('is followed after a reload that came after its answer, without being sent again', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const storage = createStorage();
    const leaving = new AbortController();
    const { confirmed, onUpdate } = watch();
    const { signal } = leaving;

    const left = toClient(gateway, { storage }).extendVideo(EXTENSION, { signal, onUpdate });
    const { id, taskId } = await confirmed;
    await expect.poll(() => JSON.stringify(storage)).toContain(id);
    leaving.abort();
    await expect(left).rejects.toBe(signal.reason);
    await sandbox.complete(taskId ?? '');
    const [pending] = await toClient(gateway, { storage }).pending();
    const video = await pending?.resume();

    expect(pending).toMatchObject({ operation: 'extendVideo', id });
    expect(video).toMatchObject({ id, state: 'SUCCEEDED' });
    expect(countSubmits(sandbox)).toBe(1);
  });

  it('survives a gateway that is killed and started again', async () => {
    await using folder = await makeFolder();
    await using sandbox = await startSandbox({ autoplay: false });
    const options = { folder: folder.path, upstreamUrl: sandbox.url };
    let gateway = await startChildGateway(options);
    const { url } = gateway;
    const { confirmed, onUpdate } = watch();

    const making = toClient({ url }).generateVideo(ORIGINAL, { onUpdate });
    const { taskId } = await confirmed;
    await gateway.kill();
    gateway = await startChildGateway({ ...options, env: { PORT: new URL(url).port } });
    await sandbox.complete(taskId ?? '');

    expect(await making).toMatchObject({ taskId, state: 'SUCCEEDED' });
    expect(countSubmits(sandbox)).toBe(1);
    await gateway.stop();
  });

  it('takes a new token when its own has expired', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { ...JWT_ENV, AUTH_CLOCK_TOLERANCE_S: '0' });
    const toToken = (seconds: number) =>
      bearerOf('alice', { exp: inSeconds(seconds) }).replace('Bearer ', '');
    // The first is refused, the second pays, and the third ends the event stream.
    const lifetimes = [-60, 3_600, 2];
    const renewed = Promise.withResolvers<void>();
    const token = () => {
      const lifetime = lifetimes.shift();
      if (lifetime === undefined) renewed.resolve();
      return toToken(lifetime ?? 3_600);
    };
    const { confirmed, onUpdate } = watch();

    const making = toClient(gateway, { token }).generateVideo(ORIGINAL, { onUpdate });
    const { taskId } = await confirmed;
    await renewed.promise;
    await sandbox.complete(taskId ?? '');

    expect((await making).state).toBe('SUCCEEDED');
    expect(countSubmits(sandbox)).toBe(1);
  });

  it('says that the token is refused, and stays pending until somebody signs in', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, JWT_ENV);
    const storage = createStorage();

    const refused = toClient(gateway, { storage, token: () => 'made-up' }).generateVideo(ORIGINAL);
    await expect(refused).rejects.toMatchObject({ code: 'UNAUTHENTICATED', retryable: false });
    const token = async () => bearerOf('alice').replace('Bearer ', '');
    const [pending] = await toClient(gateway, { storage, token }).pending();
    const resumed = pending?.resume();
    await sandbox.complete(await nextTask(sandbox));

    expect((await resumed)?.state).toBe('SUCCEEDED');
  });

  it('waits as long as a refusal says, and is then accepted', async () => {
    await using sandbox = await startSandbox({
      autoplay: false,
      // Longer than a busy machine takes to send the second one.
      rateLimit: { requests: 1, windowMs: 4_000 },
    });
    await using gateway = await startGateway(sandbox);
    const client = toClient(gateway);
    const refusals: [string, number][] = [];

    const first = client.generateVideo(ORIGINAL);
    const firstTask = await nextTask(sandbox);
    const second = client.generateVideo(ORIGINAL, {
      onRetry: ({ code }, seconds) => refusals.push([code, seconds]),
    });
    await sandbox.complete(firstTask);
    await sandbox.complete(await nextTask(sandbox));

    expect(refusals[0]).toEqual(['RATE_LIMITED', expect.any(Number)]);
    expect([(await first).state, (await second).state]).toEqual(['SUCCEEDED', 'SUCCEEDED']);
  });

  it('keeps following a paid task when its event stream is refused', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    let refusals = 0;
    const client = toClient(gateway, {
      async fetch(url: string, init: RequestInit) {
        const isStream = new Headers(init.headers).get('accept') === 'text/event-stream';
        if (!isStream || refusals === 8) return fetch(url, init);
        refusals += 1;
        const extensions = { code: 'RATE_LIMITED', retryable: true, retryAfter: 0 };
        return Response.json({ errors: [{ message: 'Too many', extensions }] }, { status: 429 });
      },
    });

    const making = client.generateVideo(ORIGINAL);
    const taskId = await nextTask(sandbox);
    await expect.poll(() => refusals).toBe(8);
    await sandbox.complete(taskId);

    expect((await making).state).toBe('SUCCEEDED');
    expect(countSubmits(sandbox)).toBe(1);
  });

  it('follows a task whose outcome is unknown, and never sends it again', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { states, onUpdate } = watch();

    const making = toClient(gateway).generateVideo(
      { ...ORIGINAL, prompt: '#answer-lost' },
      { onUpdate },
    );
    const taskId = await nextTask(sandbox);
    await expect.poll(() => states).toEqual(['UNCONFIRMED']);
    await sandbox.complete(taskId);

    expect((await making).taskId).toBe(taskId);
    expect(countSubmits(sandbox)).toBe(1);
  });

  it.each([
    ['#nsfw', { code: 'VIDEO_FAILED', failure: { reason: 'PROMPT_NSFW' }, retryable: false }],
    [
      '#concurrency',
      { code: 'VIDEO_FAILED', failure: { reason: 'CONCURRENCY_LIMIT' }, retryable: true },
    ],
    ['#451', { code: 'SOURCE_UNAVAILABLE', failure: null, retryable: false }],
    [' ', { code: 'INVALID_INPUT', issues: [{ path: ['prompt'] }], video: null }],
  ])('throws a typed error when there is no video: %s', async (prompt, facts) => {
    await using sandbox = await startSandbox({ stepMs: 1 });
    await using gateway = await startGateway(sandbox);
    const client = toClient(gateway);

    const error = await client.generateVideo({ ...ORIGINAL, prompt }).catch((thrown) => thrown);

    expect(error).toBeInstanceOf(LongtakeError);
    expect(error).toMatchObject(facts);
    expect(await client.pending()).toEqual([]);
  });

  it('waits in the queue if it is told to, and ends when it is withdrawn', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const scheduled = Promise.withResolvers<Video>();

    const notBefore = new Date(Date.now() + DAY_MS).toISOString();
    const making = toClient(gateway).generateVideo(
      { ...ORIGINAL, whenBusy: 'QUEUE', notBefore },
      { onUpdate: scheduled.resolve },
    );
    const { id, state, schedule } = await scheduled.promise;
    void gateway.send('mutation ($id: ID!) { withdrawVideo(id: $id) { __typename } }', { id });

    await expect(making).rejects.toMatchObject({ code: 'VIDEO_WITHDRAWN', video: { id } });
    expect({ state, notBefore: schedule?.notBefore }).toEqual({ state: 'SCHEDULED', notBefore });
  });

  it('stops at an address that has no gateway', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    const making = createClient({ url: `${sandbox.url}/graphql` }).generateVideo(ORIGINAL);

    await expect(making).rejects.toMatchObject({
      code: 'NO_ANSWER',
      message: `The answer of ${sandbox.url}/graphql, with status 404, is no GraphQL result.`,
    });
  });

  it('follows many at once with at most two event streams', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    let open = 0;
    let most = 0;
    const client = toClient(gateway, {
      async fetch(url: string, init: RequestInit) {
        if (!String(new Headers(init.headers).get('accept')).includes('event-stream')) {
          return fetch(url, init);
        }
        open += 1;
        most = Math.max(most, open);
        init.signal?.addEventListener('abort', () => {
          open -= 1;
        });
        return fetch(url, init);
      },
    });

    const making = ['a', 'b', 'c', 'd'].map((prompt) =>
      client.generateVideo({ ...ORIGINAL, prompt }),
    );
    const tasks = [];
    while (tasks.length < making.length) tasks.push(await nextTask(sandbox));
    for (const taskId of tasks) await sandbox.complete(taskId);
    const videos = await Promise.all(making);

    expect(videos.map(({ prompt, state }) => `${prompt} ${state}`)).toEqual([
      'a SUCCEEDED',
      'b SUCCEEDED',
      'c SUCCEEDED',
      'd SUCCEEDED',
    ]);
    expect(most).toBeLessThanOrEqual(2);
  });

  it('keeps two tabs and two users apart', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const storage = createStorage();
    const leaving = new AbortController();
    const { signal } = leaving;
    const tabs = [toClient(gateway, { storage }), toClient(gateway, { storage })];

    const left = tabs.map((tab) => tab.generateVideo(ORIGINAL, { signal }));
    const tasks = [await nextTask(sandbox), await nextTask(sandbox)];
    leaving.abort();
    await Promise.allSettled(left);
    const stranger = await toClient(gateway, { storage, namespace: 'bob' }).pending();
    const pending = await toClient(gateway, { storage }).pending();
    const videos = Promise.all(pending.map((each) => each.resume()));
    for (const taskId of tasks) await sandbox.complete(taskId);

    expect(stranger).toEqual([]);
    const made = (await videos).map((video) => ('taskId' in video ? video.taskId : null));
    expect(made.sort()).toEqual(tasks.sort());
    expect(countSubmits(sandbox)).toBe(2);
  });
});

describe('completions', () => {
  /** Makes a video, and ends it. */
  async function make(client: ReturnType<typeof toClient>, sandbox: Sandbox): Promise<string> {
    const making = client.generateVideo(ORIGINAL);
    await sandbox.complete(await nextTask(sandbox));
    return (await making).id;
  }
  /** The next of them; the loop body of each is finished, unless `signal` says otherwise. */
  async function take(
    client: ReturnType<typeof toClient>,
    count: number,
    meanwhile?: () => unknown,
  ): Promise<string[]> {
    const seen: string[] = [];
    const leaving = new AbortController();
    void meanwhile?.();
    for await (const { video } of client.completions({ signal: leaving.signal })) {
      seen.push(video.id);
      // The place is stored when the next one is asked for.
      if (seen.length === count) setImmediate(() => leaving.abort());
    }
    return seen;
  }

  it('continue where the storage stopped, from its first submit on', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const storage = createStorage();
    const client = toClient(gateway, { storage });
    const first = await make(client, sandbox);
    const second = await make(client, sandbox);

    const before = await take(client, 2);
    const third = await make(client, sandbox);
    const after = await take(toClient(gateway, { storage }), 1);

    expect(before).toEqual([first, second]);
    expect(after).toEqual([third]);
  });

  it('deliver again what the loop did not finish', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const client = toClient(gateway, { storage: createStorage() });
    const first = await make(client, sandbox);

    for await (const { video } of client.completions()) {
      expect(video.id).toBe(first);
      break;
    }

    expect(await take(client, 1)).toEqual([first]);
  });

  it('go on after a lost connection, and after a restart of the gateway', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    await using line = await startLine(gateway.url);
    const maker = toClient(gateway);
    const seen: string[] = [];
    const leaving = new AbortController();
    const counts = [1, 2, 3].map(() => Promise.withResolvers<void>());
    const begun = Promise.withResolvers<void>();
    const storage = createStorage();
    const setItem = storage.setItem.bind(storage);
    storage.setItem = (name, value) => {
      begun.resolve();
      return setItem(name, value);
    };
    const listener = createClient({ url: `${line.url}/graphql`, storage });
    const listening = (async () => {
      for await (const { video } of listener.completions({ signal: leaving.signal })) {
        counts[seen.push(video.id) - 1]?.resolve();
      }
    })();
    await begun.promise;

    const made = [await make(maker, sandbox)];
    await counts[0]?.promise;
    line.cut();
    made.push(await make(maker, sandbox));
    line.mend();
    await counts[1]?.promise;
    await gateway.restart();
    made.push(await make(maker, sandbox));
    await counts[2]?.promise;
    leaving.abort();
    await listening;

    expect(seen).toEqual(made);
  });

  it.each([
    ['has expired', "update owner set pruned = 1 where owner = 'open'", 1],
    ['is of another database', "delete from meta where name = 'database_id'", 0],
  ])('begin with all that are stored when the cursor %s', async (_name, statement, from) => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const storage = createStorage();
    const client = toClient(gateway, { storage });
    const made = [await make(client, sandbox)];
    const cursor = storage.getItem('longtake.cursor');
    made.push(await make(client, sandbox));
    await gateway.stop();
    backdate(gateway, statement);
    await gateway.restart();

    const seen = await take(client, 2 - from);
    const next = await take(client, 1, () => make(client, sandbox));

    expect(seen).toEqual(made.slice(from));
    expect(next).toHaveLength(1);
    expect(storage.getItem('longtake.cursor')).not.toBe(cursor);
  });
});
