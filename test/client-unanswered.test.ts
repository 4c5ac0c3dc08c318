/** `longtake/client` after a submit whose answer was lost: it may have been paid for. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { createClient, type LongtakeError } from '../client/index.ts';
import { ORIGINAL_TASK_ID, type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { startLine } from './browser/support/line.ts';
import { backdate, DAY_MS } from './support/backdate.ts';
import { countSubmits, createStorage, nextTask, toClient } from './support/client.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { sharedPostgres } from './support/postgres.ts';

type Storage = ReturnType<typeof createStorage>;

const ORIGINAL = { prompt: 'A cat', aspectRatio: 'SQUARE_1_1', quality: 'P720' } as const;
const FILM = {
  start: { video: ORIGINAL_TASK_ID },
  shots: [{ prompt: 'One' }],
  quality: 'P720',
} as const;
const HOUR_MS = 60 * 60 * 1000;

afterEach(() => vi.restoreAllMocks());

const refuse = (code: string, retryable: boolean, path?: unknown[]) =>
  Response.json({
    errors: [{ message: 'No', path, extensions: { code, retryable, retryAfter: path ? 0 : null } }],
  });

/** Loses the answer to the first submit, which the gateway gets, and answers the others itself. */
function loseFirst(answer: () => Response) {
  let submits = 0;
  return {
    async fetch(url: string, init: RequestInit) {
      submits += 1;
      if (submits > 1) return answer();
      await fetch(url, init);
      throw new TypeError('fetch failed');
    },
  };
}

/** What a page leaves in the storage that ends before the answer. */
async function leave(gateway: TestGateway, sandbox: Sandbox, storage: Storage) {
  const leaving = new AbortController();
  const { signal } = leaving;
  const left = toClient(gateway, { storage }).generateVideo(
    { ...ORIGINAL, prompt: '#slow-answer' },
    { signal },
  );
  const taskId = await nextTask(sandbox);
  leaving.abort();
  await expect(left).rejects.toBe(signal.reason);
  sandbox.answer(taskId);
  return taskId;
}

function age(storage: Storage, ms: number): void {
  for (const [name, text] of Object.entries(storage)) {
    if (!name.includes('.submit.')) continue;
    const submit = JSON.parse(String(text));
    storage[name] = JSON.stringify({ ...submit, startedAt: submit.startedAt - ms });
  }
}

describe('a submit whose answer was lost', () => {
  it.each([0, 1])(
    'stays pending while the database is away, with maxRefusals: %i',
    async (maxRefusals) => {
      await using sandbox = await startSandbox({ autoplay: false });
      const database = new URL(await sharedPostgres().createDatabase());
      await using databaseLine = await startLine(database.href);
      database.port = new URL(databaseLine.url).port;
      await using gateway = await startGateway(sandbox, { DATABASE_URL: database.href });
      await using line = await startLine(gateway.url);
      const storage = createStorage();

      const making = toClient(line, { storage }).generateVideo(
        { ...ORIGINAL, prompt: '#slow-answer' },
        { maxRefusals, onRetry: line.mend },
      );
      // It may reject before it is awaited.
      making.catch(() => {});
      const taskId = await nextTask(sandbox);
      databaseLine.cut();
      line.cut();
      const error: LongtakeError = await making.catch((thrown) => thrown);
      const [pending, ...others] = await toClient(gateway, { storage }).pending();
      databaseLine.mend();
      sandbox.answer(taskId);
      const resumed = pending?.resume();
      await sandbox.complete(taskId);

      expect(error).toMatchObject({ code: 'GATEWAY_UNAVAILABLE', pending: true });
      expect(others).toEqual([]);
      expect(await resumed).toMatchObject({ taskId, state: 'SUCCEEDED' });
      expect(countSubmits(sandbox)).toBe(1);
      expect(Object.keys(storage)).toEqual(['longtake.cursor']);
    },
  );

  it.each([
    ['GATEWAY_UNAVAILABLE', true, true],
    ['RATE_LIMITED', true, true],
    ['UNAUTHENTICATED', true, false],
    ['INVALID_INPUT', true, false],
    ['VIDEO_NOT_FOUND', true, false],
    ['SOURCE_UNAVAILABLE', false, false],
    ['UPSTREAM_ERROR', false, false],
  ])('is refused with %s, and stays pending: %s', async (code, isPending, retryable) => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const storage = createStorage();
    const client = toClient(gateway, { storage, ...loseFirst(() => refuse(code, retryable)) });

    const making = client.generateVideo(ORIGINAL, { maxRefusals: 0 });

    await expect(making).rejects.toMatchObject({ code, retryable, pending: isPending });
    expect(await toClient(gateway, { storage }).pending()).toHaveLength(isPending ? 1 : 0);
    expect(countSubmits(sandbox)).toBe(1);
  });

  it('stays pending when it is refused after a reload', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const storage = createStorage();
    const taskId = await leave(gateway, sandbox, storage);
    const later = { storage, fetch: async () => refuse('GATEWAY_UNAVAILABLE', true) };

    const [refused] = await toClient(gateway, later).pending();
    const error = await refused?.resume({ maxRefusals: 0 }).catch((thrown) => thrown);
    const [pending] = await toClient(gateway, { storage }).pending();
    const resumed = pending?.resume();
    await sandbox.complete(taskId);

    expect(error).toMatchObject({ code: 'GATEWAY_UNAVAILABLE', pending: true });
    expect(await resumed).toMatchObject({ taskId });
    expect(countSubmits(sandbox)).toBe(1);
  });

  it("stays pending when it is refused to another call with the caller's key", async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const storage = createStorage();
    const input = { ...ORIGINAL, idempotencyKey: 'order-4711' };
    const leaving = new AbortController();
    const left = toClient(gateway, { storage }).generateVideo(input, { signal: leaving.signal });
    await nextTask(sandbox);
    leaving.abort();
    await expect(left).rejects.toBe(leaving.signal.reason);
    const later = { storage, fetch: async () => refuse('RATE_LIMITED', true) };

    const again = toClient(gateway, later).generateVideo(input, { maxRefusals: 0 });
    const other = { ...input, prompt: 'A dog' };
    const conflicting = toClient(gateway, { storage }).generateVideo(other);

    await expect(again).rejects.toMatchObject({ code: 'RATE_LIMITED', pending: true });
    await expect(conflicting).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    expect(await toClient(gateway, { storage }).pending()).toMatchObject([{ input }]);
  });

  it('is sent again when a part of the answer could not be read', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const partial = refuse('GATEWAY_UNAVAILABLE', true, ['result', 'video', 'schedule']);
    const codes: string[] = [];
    let submits = 0;
    const client = toClient(gateway, {
      async fetch(url: string, init: RequestInit) {
        const answer = await fetch(url, init);
        submits += 1;
        return submits === 1 ? partial : answer;
      },
    });

    const making = client.generateVideo(ORIGINAL, {
      maxRefusals: 1,
      onRetry: ({ code }) => codes.push(code),
    });
    await sandbox.complete(await nextTask(sandbox));

    expect((await making).state).toBe('SUCCEEDED');
    expect(codes).toEqual(['GATEWAY_UNAVAILABLE']);
    expect(countSubmits(sandbox)).toBe(1);
  });

  it.each([
    ['INTERNAL', false, 3],
    ['GATEWAY_UNAVAILABLE', true, 3],
    ['UPSTREAM_ERROR', false, 1],
    ['BAD_REQUEST', false, 1],
  ])(
    'stays pending when a part of the answer always fails with %s',
    async (code, retryable, tries) => {
      let sent = 0;
      const client = createClient({
        url: 'https://gateway.example.com/graphql',
        async fetch() {
          sent += 1;
          return refuse(code, retryable, ['result', 'video', 'schedule']);
        },
      });

      const error = await client
        .generateVideo(ORIGINAL, { maxRefusals: 2 })
        .catch((thrown) => thrown);

      expect(error).toMatchObject({ name: 'LongtakeError', code, message: 'No', pending: true });
      expect(sent).toBe(tries);
      expect(await client.pending()).toMatchObject([{ id: null }]);
    },
  );
});

describe('a read that always fails with INTERNAL', () => {
  it('ends the wait for a video, which stays pending', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const client = toClient(gateway, {
      fetch: async (url: string, init: RequestInit) =>
        String(init.body).includes('mutation')
          ? fetch(url, init)
          : refuse('INTERNAL', false, ['made', 'schedule']),
    });

    const making = client.generateVideo(ORIGINAL);

    await expect(making).rejects.toMatchObject({ code: 'INTERNAL', message: 'No', pending: true });
    expect(await client.pending()).toHaveLength(1);
  });

  it('ends the completions', async () => {
    let sent = 0;
    const client = createClient({
      url: 'https://gateway.example.com/graphql',
      async fetch() {
        sent += 1;
        return refuse('INTERNAL', false, ['completions', 'edges']);
      },
    });

    const next = client.completions().next();

    await expect(next).rejects.toMatchObject({ code: 'INTERNAL', message: 'No', pending: false });
    expect(sent).toBe(6);
  });
});

describe('a submit that was refused at once', () => {
  it.each([
    ['generateVideo', 'GATEWAY_UNAVAILABLE', false],
    ['generateVideo', 'RATE_LIMITED', false],
    ['generateVideo', 'INVALID_INPUT', false],
    // Signing in helps.
    ['generateVideo', 'UNAUTHENTICATED', true],
    // The commit may have reached the database.
    ['createSequence', 'GATEWAY_UNAVAILABLE', true],
    ['resumeSequence', 'GATEWAY_UNAVAILABLE', true],
    ['createSequence', 'RATE_LIMITED', false],
    ['resumeSequence', 'SEQUENCE_NOT_FOUND', false],
  ] as const)('%s with %s stays pending: %s', async (operation, code, isPending) => {
    const storage = createStorage();
    const url = 'https://gateway.example.com/graphql';
    const client = createClient({ url, storage, fetch: async () => refuse(code, false) });

    const error: LongtakeError = await (operation === 'generateVideo'
      ? client.generateVideo(ORIGINAL)
      : operation === 'createSequence'
        ? client.createSequence(FILM)
        : client.resumeSequence({ id: 'sequence' })
    ).catch((thrown) => thrown);

    expect(error).toMatchObject({ code, pending: isPending });
    expect(await client.pending()).toHaveLength(isPending ? 1 : 0);
  });
});

describe('a sequence whose answer was lost', () => {
  it.each(['createSequence', 'resumeSequence'] as const)(
    'stays pending when a repeat is refused: %s',
    async (operation) => {
      await using sandbox = await startSandbox({ autoplay: false });
      await using gateway = await startGateway(sandbox);
      const storage = createStorage();
      const paused = toClient(gateway).createSequence({ ...FILM, shots: [{ prompt: '#nsfw' }] });
      paused.catch(() => {});
      await sandbox.complete(await nextTask(sandbox));
      const { sequence }: LongtakeError = await paused.catch((thrown) => thrown);
      const losing = { storage, ...loseFirst(() => refuse('RATE_LIMITED', true)) };
      const client = toClient(gateway, losing);

      const input = { id: sequence?.id ?? '', shots: [{ prompt: 'One' }] };
      const options = { maxRefusals: 0 };
      const error: LongtakeError = await (operation === 'createSequence'
        ? client.createSequence(FILM, options)
        : client.resumeSequence(input, options)
      ).catch((thrown) => thrown);
      const [pending] = await toClient(gateway, { storage }).pending();
      const resumed = pending?.resume();
      await sandbox.complete(await nextTask(sandbox));

      expect(error).toMatchObject({ code: 'RATE_LIMITED', pending: true });
      expect(await resumed).toMatchObject({ state: 'COMPLETED' });
      expect(countSubmits(sandbox)).toBe(2);
    },
  );
});

describe('a submit of long ago', () => {
  it('is not sent again when the gateway may have forgotten its key', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { RETENTION_DAYS: '1' });
    const storage = createStorage();
    await sandbox.complete(await leave(gateway, sandbox, storage));
    await gateway.stop();
    const days = 3 * DAY_MS;
    backdate(gateway, 'update video set finished_at = finished_at - ?', days);
    backdate(gateway, 'update completion set created_at = created_at - ?', days);
    age(storage, days);
    await gateway.restart();
    const count = () => gateway.send('{ videos { edges { node { id } } } }');
    await expect.poll(count).toEqual({ data: { videos: { edges: [] } } });

    const [pending] = await toClient(gateway, { storage }).pending();
    const error = await pending?.resume().catch((thrown) => thrown);

    expect(error).toMatchObject({ code: 'OUTCOME_UNKNOWN', retryable: false, pending: false });
    expect(countSubmits(sandbox)).toBe(1);
    expect(Object.keys(storage)).toEqual([]);
  });

  it.each([
    [22, { state: 'SUCCEEDED' }],
    [24, { code: 'OUTCOME_UNKNOWN' }],
    // The clock was wrong when it was sent.
    [-24, { code: 'OUTCOME_UNKNOWN' }],
  ])('is resumed after %i hours with %j', async (hours, outcome) => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const storage = createStorage();
    await sandbox.complete(await leave(gateway, sandbox, storage));
    age(storage, hours * HOUR_MS);

    const [pending] = await toClient(gateway, { storage }).pending();
    const settled = await pending?.resume().catch((thrown) => thrown);

    expect(settled).toMatchObject(outcome);
    expect(countSubmits(sandbox)).toBe(1);
  });

  it.each(['the wait for a retry', 'the wait for a token'])(
    'is not sent again by a page that slept during %s',
    async (moment) => {
      const started = Date.now();
      const sleep = () => vi.spyOn(Date, 'now').mockReturnValue(started + DAY_MS);
      const sent: unknown[] = [];
      const client = createClient({
        url: 'https://gateway.example.com/graphql',
        token() {
          if (moment.endsWith('token') && sent.length > 0) sleep();
          return null;
        },
        async fetch(url) {
          sent.push(url);
          throw new TypeError('fetch failed');
        },
      });

      const making = client.generateVideo(ORIGINAL, {
        onRetry: () => void (moment.endsWith('retry') && sleep()),
      });

      await expect(making).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', pending: false });
      expect(sent).toHaveLength(1);
    },
  );
});

describe('an answered submit whose key is sent again after a day', () => {
  const INPUT = { ...ORIGINAL, idempotencyKey: 'order-1' };

  /** Leaves a submit that has its answer, and is 25 hours old. */
  async function leaveAnswered(gateway: TestGateway, storage: Storage) {
    const leaving = new AbortController();
    const { signal } = leaving;
    const onUpdate = () => leaving.abort('left');
    const left = toClient(gateway, { storage }).generateVideo(INPUT, { signal, onUpdate });
    await expect(left).rejects.toBe('left');
    age(storage, 25 * HOUR_MS);
  }

  it.each([
    ['another order', Object.fromEntries(Object.entries(INPUT).reverse()) as typeof INPUT],
    ['an empty water mark', { ...INPUT, waterMark: '' }],
    ['another whenBusy', { ...INPUT, whenBusy: 'QUEUE' as const }],
  ])('is followed when its input has %s', async (_case, input) => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const storage = createStorage();
    await leaveAnswered(gateway, storage);
    const taskId = await nextTask(sandbox);

    const again = toClient(gateway, { storage }).generateVideo(input);
    await sandbox.complete(taskId);

    expect(await again).toMatchObject({ taskId, state: 'SUCCEEDED' });
    expect(countSubmits(sandbox)).toBe(1);
  });

  it('stays stored and is not sent when its input differs', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const storage = createStorage();
    await leaveAnswered(gateway, storage);
    const stored = { ...storage };

    const again = toClient(gateway, { storage }).generateVideo({ ...INPUT, prompt: 'A dog' });

    await expect(again).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT', pending: true });
    expect({ ...storage }).toEqual(stored);
    expect(countSubmits(sandbox)).toBe(1);
  });
});
