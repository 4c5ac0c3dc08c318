/** Sequences through `longtake/client` in Node, against a gateway over real sockets. */

import { describe, expect, it } from 'vitest';
import type { CreateSequenceInput, Sequence } from '../client/index.ts';
import { LongtakeError } from '../client/index.ts';
import { ORIGINAL_TASK_ID, startSandbox } from '../src/sandbox/sandbox.ts';
import { startLine } from './browser/support/line.ts';
import { startChildGateway } from './support/child-gateway.ts';
import { countSubmits, createStorage, nextTask, toClient } from './support/client.ts';
import { makeFolder } from './support/folder.ts';
import { startGateway } from './support/gateway.ts';
import { bearerOf, inSeconds, JWT_ENV } from './support/tokens.ts';

const ORIGINAL = { prompt: 'A cat dances', aspectRatio: 'SQUARE_1_1' } as const;
const toFilm = (...prompts: string[]): CreateSequenceInput => ({
  start: { video: ORIGINAL_TASK_ID },
  shots: prompts.map((prompt) => ({ prompt })),
  quality: 'P720',
});

/** Resolves with the first update that is as described. */
function watch(isThere: (sequence: Sequence) => boolean) {
  const states: string[] = [];
  const waiting = Promise.withResolvers<Sequence>();
  return {
    /** Of the sequence and its shots, without repeats. */
    states,
    reached: waiting.promise,
    onUpdate(sequence: Sequence) {
      const shots = sequence.shots.map(({ video }) => video?.state ?? '–');
      const text = [sequence.state, ...shots].join(' ');
      if (states.at(-1) !== text) states.push(text);
      if (isThere(sequence)) waiting.resolve(sequence);
    },
  };
}
const isSent = ({ shots }: Sequence) => shots.some(({ video }) => video?.state === 'WAITING');

describe('a sequence', () => {
  it('resolves with the finished film, and shows the states of its shots', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const storage = createStorage();
    const client = toClient(gateway, { storage });
    const { states, onUpdate } = watch(isSent);

    const making = client.createSequence(
      { ...toFilm('One', 'Two'), start: { original: ORIGINAL } },
      { onUpdate },
    );
    const tasks = [];
    while (tasks.length < 3) {
      const task = await nextTask(sandbox);
      await sandbox.complete(task);
      tasks.push(task);
    }
    const film = await making;

    expect(film).toMatchObject({ state: 'COMPLETED', problem: null });
    expect(
      [film.start, ...film.shots.map(({ video }) => video)].map((video) => video?.taskId),
    ).toEqual(tasks);
    expect(film.shots.at(-1)?.video?.videoUrl).toMatch(/^http/);
    expect(states[0]).toBe('RUNNING – –');
    expect(states.at(-1)).toBe('COMPLETED SUCCEEDED SUCCEEDED');
    expect(Object.keys(storage)).toEqual([]);
  });

  it('is made once when its connection is lost before the answer', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    await using line = await startLine(gateway.url);
    const lost = Promise.withResolvers<LongtakeError>();
    line.cut();

    const making = toClient(line).createSequence(toFilm('One'), { onRetry: lost.resolve });
    const error = await lost.promise;
    line.mend();
    await sandbox.complete(await nextTask(sandbox));

    expect((await making).state).toBe('COMPLETED');
    expect(error).toMatchObject({ code: 'NO_ANSWER', retryable: true });
    expect(countSubmits(sandbox)).toBe(1);
  });

  it('is found after a reload before its answer, and made once', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const storage = createStorage();
    const leaving = new AbortController();
    // The gateway gets the request, and the page ends before the answer.
    const sent = Promise.withResolvers<void>();
    const client = toClient(gateway, {
      storage,
      async fetch(url: string, init: RequestInit) {
        await fetch(url, { ...init, signal: null });
        sent.resolve();
        return new Promise((_, reject) => {
          init.signal?.addEventListener('abort', () => reject(init.signal?.reason));
        });
      },
    });
    const input = toFilm('One');

    const left = client.createSequence(input, { signal: leaving.signal });
    await sent.promise;
    leaving.abort();
    await expect(left).rejects.toBe(leaving.signal.reason);
    const [pending, ...others] = await toClient(gateway, { storage }).pending();
    const resumed = pending?.resume();
    await sandbox.complete(await nextTask(sandbox));

    expect(pending).toMatchObject({ operation: 'createSequence', input, id: null });
    expect(others).toEqual([]);
    expect(await resumed).toMatchObject({ state: 'COMPLETED' });
    expect(countSubmits(sandbox)).toBe(1);
    expect(await toClient(gateway, { storage }).pending()).toEqual([]);
  });

  it('is followed after a reload that came after its answer', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const storage = createStorage();
    const leaving = new AbortController();
    const { reached, onUpdate } = watch(isSent);
    const { signal } = leaving;

    const left = toClient(gateway, { storage }).createSequence(toFilm('One'), { signal, onUpdate });
    const { id } = await reached;
    leaving.abort();
    await expect(left).rejects.toBe(signal.reason);
    await sandbox.complete(await nextTask(sandbox));
    const [pending] = await toClient(gateway, { storage }).pending();
    const film = await pending?.resume();

    expect(pending).toMatchObject({ operation: 'createSequence', id });
    expect(film).toMatchObject({ id, state: 'COMPLETED' });
    expect(countSubmits(sandbox)).toBe(1);
  });

  it('survives a gateway that is killed between two shots', async () => {
    await using folder = await makeFolder();
    await using sandbox = await startSandbox({ autoplay: false });
    const options = { folder: folder.path, upstreamUrl: sandbox.url };
    let gateway = await startChildGateway(options);
    const { url } = gateway;

    const making = toClient({ url }).createSequence(toFilm('One', 'Two'));
    await sandbox.complete(await nextTask(sandbox));
    const second = await nextTask(sandbox);
    await gateway.kill();
    gateway = await startChildGateway({ ...options, env: { PORT: new URL(url).port } });
    await sandbox.complete(second);

    expect((await making).shots.at(-1)?.video).toMatchObject({ taskId: second });
    expect(countSubmits(sandbox)).toBe(2);
    await gateway.stop();
  });

  it('throws when a shot has failed, and goes on with new words when it is resumed', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const storage = createStorage();
    const client = toClient(gateway, { storage });
    const { states, onUpdate } = watch(isSent);

    const making = client.createSequence(toFilm('One', '#nsfw'), { onUpdate });
    // It may reject before it is awaited.
    making.catch(() => {});
    await sandbox.complete(await nextTask(sandbox));
    await sandbox.complete(await nextTask(sandbox));
    const error: LongtakeError = await making.catch((thrown) => thrown);
    const id = error.sequence?.id ?? '';
    const [paused] = await toClient(gateway, { storage }).pending();
    const asked = paused?.resume();
    await expect(asked).rejects.toMatchObject({ code: 'SEQUENCE_PAUSED', sequence: { id } });
    const resuming = client.resumeSequence({ id, shots: [{ prompt: 'Two' }] });
    await sandbox.complete(await nextTask(sandbox));
    const film = await resuming;

    expect(error).toBeInstanceOf(LongtakeError);
    expect(error).toMatchObject({
      code: 'SEQUENCE_PAUSED',
      message: expect.stringMatching(/^Shot 2 failed: /),
      retryable: false,
      failure: { reason: 'PROMPT_NSFW' },
      video: { prompt: '#nsfw', state: 'FAILED' },
      sequence: { state: 'PAUSED', problem: { code: null } },
    });
    expect(states.at(-1)).toBe('PAUSED SUCCEEDED FAILED');
    expect(film.shots.map(({ prompt, tries }) => [prompt, tries.length])).toEqual([
      ['One', 1],
      ['Two', 2],
    ]);
    expect(film.state).toBe('COMPLETED');
    expect(Object.keys(storage)).toEqual([]);
    expect(countSubmits(sandbox)).toBe(3);
  });

  it('that is paused is followed again after a late success', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const client = toClient(gateway, { storage: createStorage() });
    const making = client.createSequence(toFilm('#nsfw'));
    // It may reject before it is awaited.
    making.catch(() => {});
    const taskId = await nextTask(sandbox);
    await sandbox.complete(taskId);
    await expect(making).rejects.toMatchObject({ code: 'SEQUENCE_PAUSED' });

    const file = { video_id: 'film', video_url: `${sandbox.url}/files/late.mp4`, image_url: '' };
    await sandbox.sendCallback(taskId, {
      code: 200,
      msg: 'All generated successfully.',
      data: { task_id: taskId, ...file },
    });
    const [pending] = await client.pending();
    const film = await pending?.resume();

    expect(film).toMatchObject({ state: 'COMPLETED', problem: null });
    expect(countSubmits(sandbox)).toBe(1);
    expect(await client.pending()).toEqual([]);
  });

  it('goes on with a new token when its own has expired', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { ...JWT_ENV, AUTH_CLOCK_TOLERANCE_S: '0' });
    const toToken = (seconds: number) =>
      bearerOf('alice', { exp: inSeconds(seconds) }).replace('Bearer ', '');
    const tokens = [toToken(3_600), toToken(2)];
    const renewed = Promise.withResolvers<void>();
    const token = () => {
      const next = tokens.shift();
      if (!next) renewed.resolve();
      return next ?? toToken(3_600);
    };

    const making = toClient(gateway, { token }).createSequence({
      ...toFilm('One'),
      start: { original: ORIGINAL },
    });
    const original = await nextTask(sandbox);
    await renewed.promise;
    await sandbox.complete(original);
    await sandbox.complete(await nextTask(sandbox));

    expect((await making).state).toBe('COMPLETED');
    expect(countSubmits(sandbox)).toBe(2);
  });

  it('is resumed once when the page is reloaded meanwhile', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const storage = createStorage();
    const leaving = new AbortController();
    const { signal } = leaving;
    const client = toClient(gateway, { storage });
    const making = client.createSequence(toFilm('#nsfw'));
    // It may reject before it is awaited.
    making.catch(() => {});
    await sandbox.complete(await nextTask(sandbox));
    const { sequence }: LongtakeError = await making.catch((thrown) => thrown);
    const { reached, onUpdate } = watch(isSent);

    const input = { id: sequence?.id ?? '', shots: [{ prompt: 'One' }] };
    const left = client.resumeSequence(input, { signal, onUpdate });
    await reached;
    leaving.abort();
    await expect(left).rejects.toBe(signal.reason);
    const pending = await toClient(gateway, { storage }).pending();
    const resumed = pending[0]?.resume();
    await sandbox.complete(await nextTask(sandbox));

    expect(pending).toMatchObject([{ operation: 'resumeSequence', input, id: input.id }]);
    expect(await resumed).toMatchObject({ state: 'COMPLETED' });
    expect(countSubmits(sandbox)).toBe(2);
    expect(Object.keys(storage)).toEqual([]);
  });

  it('resolves as CANCELLED when it is cancelled, also in another tab', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const storage = createStorage();
    const { reached, onUpdate } = watch(isSent);

    const making = toClient(gateway, { storage }).createSequence(toFilm('One', 'Two'), {
      onUpdate,
    });
    const { id } = await reached;
    const cancelled = await toClient(gateway, { storage }).cancelSequence(id);
    const film = await making;

    expect(cancelled).toMatchObject({ id, state: 'CANCELLED' });
    expect(film).toMatchObject({ id, state: 'CANCELLED' });
    expect(Object.keys(storage)).toEqual([]);
  });

  it('is forgotten when it is cancelled after a shot has failed', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const client = toClient(gateway, { storage: createStorage() });
    const making = client.createSequence(toFilm('#nsfw'));
    // It may reject before it is awaited.
    making.catch(() => {});
    await sandbox.complete(await nextTask(sandbox));
    const { sequence }: LongtakeError = await making.catch((thrown) => thrown);

    const before = await client.pending();
    await client.cancelSequence(sequence?.id ?? '');

    expect(before).toHaveLength(1);
    expect(await client.pending()).toEqual([]);
  });

  it.each([
    [{ shots: [] }, { code: 'INVALID_INPUT', issues: [{ path: ['shots'] }] }],
    [{ shots: [{ prompt: ' ' }] }, { code: 'INVALID_INPUT', sequence: null, video: null }],
  ])('throws a typed error when it is refused: %j', async (change, facts) => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const client = toClient(gateway);

    const making = client.createSequence({ ...toFilm('One'), ...change });

    await expect(making).rejects.toMatchObject(facts);
    expect(await client.pending()).toEqual([]);
  });

  it.each(['resumeSequence', 'cancelSequence'] as const)(
    'throws when there is none: %s',
    async (name) => {
      await using sandbox = await startSandbox({ autoplay: false });
      await using gateway = await startGateway(sandbox);
      const client = toClient(gateway);
      const id = 'sequence-01a2238c-81f0-7000-a3e9-9e06d8bc8c93';

      const called = name === 'cancelSequence' ? client[name](id) : client[name]({ id });

      await expect(called).rejects.toMatchObject({ code: 'SEQUENCE_NOT_FOUND', retryable: false });
    },
  );

  it('is made once when two tabs create it with the same key', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const storage = createStorage();
    const input = { ...toFilm('One'), idempotencyKey: 'order-4711' };

    const tabs = [1, 2].map(() => toClient(gateway, { storage }).createSequence(input));
    await sandbox.complete(await nextTask(sandbox));
    const [first, second] = await Promise.all(tabs);

    // Each tab may read the foreign start for itself, at another time.
    const start = { ...first?.start, checkedAt: second?.start?.checkedAt };
    expect({ ...first, start }).toEqual(second);
    expect(first?.state).toBe('COMPLETED');
    expect(countSubmits(sandbox)).toBe(1);
    expect(Object.keys(storage)).toEqual([]);
  });

  it('keeps its key apart from that of a video', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const storage = createStorage();
    const leaving = new AbortController();
    const { signal } = leaving;
    const idempotencyKey = 'order-4711';
    const client = toClient(gateway, { storage });
    const { reached, onUpdate } = watch(isSent);

    const video = client.generateVideo(
      { ...ORIGINAL, quality: 'P720', idempotencyKey },
      { signal },
    );
    const film = client.createSequence({ ...toFilm('One'), idempotencyKey }, { signal, onUpdate });
    await reached;
    leaving.abort();
    await Promise.allSettled([video, film]);
    const pending = await toClient(gateway, { storage }).pending();

    expect(pending.map(({ operation }) => operation).sort()).toEqual([
      'createSequence',
      'generateVideo',
    ]);
  });
});
