import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Socket as TcpSocket } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { ORIGINAL_TASK_ID, type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { toVideoId } from '../src/video-id.ts';
import {
  ExtendDocument,
  type ExtendVideoInput,
  OnExtendedDocument,
  OnUpdatedDocument,
  ReadCompletionsDocument,
  ReadNodeDocument,
  ReadVideoDocument,
  ReadVideosDocument,
} from './generated/graphql.ts';
import { postCallback, readCallbackUrl, toFailure, toSuccess } from './support/callback.ts';
import { openReadyBareSocket } from './support/frames.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { startHeldUpstream } from './support/held-upstream.ts';
import { extend, INPUT } from './support/operations.ts';
import { startGatewayProcess } from './support/process.ts';
import { createQueue } from './support/queue.ts';

const KEYED: ExtendVideoInput = { ...INPUT, idempotencyKey: 'order 1' };

/** Submits with the same key by default; returns the member of the union. */
async function submit(gateway: TestGateway, changes: Partial<ExtendVideoInput> = {}) {
  const { data } = await gateway.graphql(ExtendDocument, { input: { ...KEYED, ...changes } });
  return data.extendVideo;
}

/** A submit whose answer is lost on the way, and the id that its caller learns all the same. */
async function loseAnswer(gateway: TestGateway, changes: Partial<ExtendVideoInput> = {}) {
  const answer = await submit(gateway, { prompt: 'Dance on #answer-lost', ...changes });
  if (answer.__typename !== 'OutcomeUnknownError') throw new Error(JSON.stringify(answer));
  return answer.video.id;
}

function countSubmits(sandbox: Sandbox): number {
  return sandbox.requests.filter((request) => request.method === 'POST').length;
}

/** The callback URL of the sandbox's n-th submit, one that it refused too. */
function callbackOf(sandbox: Sandbox, n = 0) {
  const submits = sandbox.requests.filter((request) => request.method === 'POST');
  return readCallbackUrl(submits[n]?.body);
}

async function readVideo(gateway: TestGateway, taskId: string) {
  return (await gateway.graphql(ReadVideoDocument, { taskId })).data.video;
}

async function readCompletions(gateway: TestGateway) {
  const { data } = await gateway.graphql(ReadCompletionsDocument, { first: 100 });
  return data.completions.edges.map(({ node }) => node);
}

async function listIds(gateway: TestGateway) {
  const { data } = await gateway.graphql(ReadVideosDocument, { first: 100 });
  return data.videos.edges.map(({ node }) => node.id);
}

/** Follows a video until it has ended, and answers with its states. */
async function followToEnd(gateway: TestGateway, id: string): Promise<unknown[]> {
  const socket = await gateway.socket();
  const events = await socket.subscribe(OnUpdatedDocument, { taskId: id }).rest();
  return events.map((event) => event.data.videoUpdated);
}

/** A TLS upstream that takes connections and says nothing: no request can leave before it does. */
async function startMuteUpstream() {
  const connections = createQueue<TcpSocket>();
  const opened = new Set<TcpSocket>();
  const server = createServer((socket) => {
    opened.add(socket.on('error', () => {}));
    connections.push(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    nextConnection: connections.next,
    connectionCount: () => opened.size,
    [Symbol.asyncDispose]: async () => {
      for (const socket of opened) socket.destroy();
      server.close();
    },
  };
}

/** Sends thirty equal submits and a last, other one, in this order, down one socket. */
async function submitTogether(gateway: TestGateway) {
  const socket = await gateway.socket();
  const equal = Array.from({ length: 30 }, () =>
    socket.subscribe(ExtendDocument, { input: KEYED }),
  );
  const last = socket.subscribe(ExtendDocument, {
    input: { ...KEYED, idempotencyKey: 'order 2', prompt: 'the last one' },
  });
  const toAnswer = async (stream: (typeof equal)[number]) =>
    (await stream.next())?.data.extendVideo;
  return {
    answers: () => Promise.all(equal.map(toAnswer)),
    lastAnswer: () => toAnswer(last),
  };
}

describe('thirty equal concurrent submits', () => {
  it('send one paid request and get the same video', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);

    const answers = await Promise.all(Array.from({ length: 30 }, () => submit(gateway)));

    const [first] = answers;
    expect(first).toMatchObject({
      __typename: 'ExtendVideoSuccess',
      video: { state: 'WAITING', taskId: expect.any(String) },
    });
    for (const answer of answers) expect(answer).toEqual(first);
    expect(countSubmits(sandbox)).toBe(1);
    expect(await listIds(gateway)).toHaveLength(1);
  });

  it.each(['#answer-lost', '#timeout', '#cut-off', '#empty', '#no-task-id', '#html'])(
    'send one paid request, and all get OutcomeUnknownError after %s',
    async (word) => {
      await using sandbox = await startSandbox({ autoplay: false });
      await using gateway = await startGateway(sandbox, { UPSTREAM_TIMEOUT_MS: '500' });

      const answers = await Promise.all(
        Array.from({ length: 30 }, () => submit(gateway, { prompt: `Dance on ${word}` })),
      );

      const [first] = answers;
      expect(first).toMatchObject({
        __typename: 'OutcomeUnknownError',
        code: 'OUTCOME_UNKNOWN',
        retryable: false,
        video: { state: 'UNCONFIRMED', taskId: null },
      });
      for (const answer of answers) expect(answer).toEqual(first);
      expect(countSubmits(sandbox)).toBe(1);
    },
  );

  it.each([
    { code: 401, type: 'UpstreamUnauthorizedError', retryable: false },
    { code: 404, type: 'VideoNotFoundError', retryable: false, taskId: ORIGINAL_TASK_ID },
    { code: 422, type: 'InvalidInputError', retryable: false },
    { code: 429, type: 'RateLimitedError', retryable: true, retryAfter: 1 },
    { code: 451, type: 'SourceUnavailableError', retryable: false },
    { code: 455, type: 'UpstreamMaintenanceError', retryable: true, retryAfter: 1 },
    { code: 402, type: 'InsufficientCreditsError', retryable: false, retryAfter: null },
    { code: 415, type: 'UpstreamError', retryable: false, inDoubt: null },
  ])(
    'get the same refusal, $code, which then frees their key',
    async ({ code, type, ...facts }) => {
      await using upstream = await startHeldUpstream();
      await using gateway = await startGateway(upstream);
      const { answers, lastAnswer } = await submitTogether(gateway);
      const submits = [await upstream.nextSubmit(), await upstream.nextSubmit()];
      const [refused, last] = submits.sort((one) => (one.prompt === KEYED.prompt ? -1 : 1));

      // The last submit of the socket is at the upstream: those before it wait for the first one.
      refused?.refuse(code, { 'retry-after': '1' });
      const [first, ...others] = await answers();

      expect(first).toMatchObject({ __typename: type, upstreamCode: code, ...facts });
      for (const answer of others) expect(answer).toEqual(first);
      expect(upstream.submits).toHaveLength(2);
      last?.accept('task-2');
      expect(await lastAnswer()).toMatchObject({ __typename: 'ExtendVideoSuccess' });
      const later = submit(gateway);
      (await upstream.nextSubmit()).accept('task-1');
      expect(await later).toMatchObject({ video: { taskId: 'task-1', state: 'WAITING' } });
    },
  );

  it('get the same error if it asserts no refusal, and the key is kept', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream);
    const { answers, lastAnswer } = await submitTogether(gateway);
    const submits = [await upstream.nextSubmit(), await upstream.nextSubmit()];
    const [doubtful, last] = submits.sort((one) => (one.prompt === KEYED.prompt ? -1 : 1));

    doubtful?.refuse(500, { 'retry-after': '1' });
    const [first, ...others] = await answers();

    const video = { id: doubtful?.callback.id, state: 'UNCONFIRMED', taskId: null };
    expect(first).toMatchObject({
      __typename: 'UpstreamError',
      retryable: false,
      retryAfter: null,
      upstreamCode: 500,
      upstreamMessage: 'refused',
      inDoubt: video,
    });
    for (const answer of others) expect(answer).toEqual(first);
    last?.accept('task-2');
    await lastAnswer();
    // Who comes later has waited for nothing.
    expect(await submit(gateway)).toMatchObject({ __typename: 'OutcomeUnknownError', video });
    expect(upstream.submits).toHaveLength(2);
    // The task ran all the same.
    await postCallback(doubtful?.callback.url ?? '', toSuccess('task-1'));
    expect(await submit(gateway)).toMatchObject({
      __typename: 'ExtendVideoSuccess',
      video: { id: video.id, taskId: 'task-1', state: 'SUCCEEDED' },
    });
    expect(upstream.submits).toHaveLength(2);
  });

  it('get UpstreamUnreachableError, which then frees their key', async () => {
    await using upstream = await startMuteUpstream();
    await using gateway = await startGateway(upstream);
    const { answers } = await submitTogether(gateway);
    const connections = [await upstream.nextConnection(), await upstream.nextConnection()];

    for (const connection of connections) connection?.destroy();
    const [first, ...others] = await answers();

    expect(first).toMatchObject({
      __typename: 'UpstreamUnreachableError',
      code: 'UPSTREAM_UNREACHABLE',
      retryable: true,
    });
    for (const answer of others) expect(answer).toEqual(first);
    expect(upstream.connectionCount()).toBe(2);
    await using sandbox = await startSandbox({ autoplay: false });
    await gateway.restart({ UPSTREAM_URL: sandbox.url });
    expect(await submit(gateway)).toMatchObject({ __typename: 'ExtendVideoSuccess' });
    expect(countSubmits(sandbox)).toBe(1);
  });
});

describe('a repeat with the same key and input', () => {
  it.each([
    { state: 'WAITING', steps: 0 },
    { state: 'QUEUED', steps: 1 },
    { state: 'GENERATING', steps: 2 },
    { state: 'SUCCEEDED', steps: 3 },
  ])('gets the video with its current state: $state', async ({ state, steps }) => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { id, taskId } = await extend(gateway, KEYED);
    for (let step = 0; step < steps; step++) await sandbox.advance(taskId);
    await readVideo(gateway, id);

    const again = await submit(gateway);

    expect(again).toMatchObject({ __typename: 'ExtendVideoSuccess', video: { id, taskId, state } });
    expect(countSubmits(sandbox)).toBe(1);
  });

  it('gets the video with its current state: FAILED', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const prompt = 'Dance on #nsfw';
    const { id, taskId } = await extend(gateway, { ...KEYED, prompt });
    await sandbox.complete(taskId);

    const again = await submit(gateway, { prompt });

    expect(again).toMatchObject({
      __typename: 'ExtendVideoSuccess',
      video: { id, state: 'FAILED', failure: { reason: 'PROMPT_NSFW' } },
    });
    expect(countSubmits(sandbox)).toBe(1);
  });

  it('gets a cursor before the completion while the task is open', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { id, taskId } = await extend(gateway, KEYED);
    const again = await submit(gateway);

    await sandbox.complete(taskId);

    const after = again.__typename === 'ExtendVideoSuccess' ? again.cursor : '';
    const { data } = await gateway.graphql(ReadCompletionsDocument, { after });
    expect(data.completions.edges.map(({ node }) => node.video.id)).toEqual([id]);
  });

  it('gets the same video after a restart', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { id } = await extend(gateway, KEYED);
    await gateway.restart();

    const again = await submit(gateway);

    expect(again).toMatchObject({ __typename: 'ExtendVideoSuccess', video: { id } });
    expect(countSubmits(sandbox)).toBe(1);
  });

  it('gets OutcomeUnknownError with the same video while the outcome is unknown', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const id = await loseAnswer(gateway);

    const again = await loseAnswer(gateway);

    expect(again).toBe(id);
    expect(countSubmits(sandbox)).toBe(1);
    expect(await listIds(gateway)).toEqual([id]);
  });

  it('gets OutcomeUnknownError for a task that was given up unconfirmed, too', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, {
      UNCONFIRMED_DEADLINE_MS: '20',
      RECONCILE_AFTER_MS: '20',
    });
    const id = await loseAnswer(gateway);
    const states = await followToEnd(gateway, id);

    const again = await submit(gateway, { prompt: 'Dance on #answer-lost' });

    expect(states.at(-1)).toMatchObject({ failure: { reason: 'NEVER_CONFIRMED' } });
    expect(again).toMatchObject({
      __typename: 'OutcomeUnknownError',
      video: { id, state: 'FAILED', failure: { reason: 'NEVER_CONFIRMED' } },
    });
    expect(countSubmits(sandbox)).toBe(1);
  });

  it('under a new key sends a new paid request', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const id = await loseAnswer(gateway);

    const another = await loseAnswer(gateway, { idempotencyKey: 'order 2' });

    expect(another).not.toBe(id);
    expect(countSubmits(sandbox)).toBe(2);
  });
});

describe('an unknown outcome', () => {
  it('returns a video that can be read and watched until its callback arrives', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const id = await loseAnswer(gateway);
    const socket = await gateway.socket();
    const updates = socket.subscribe(OnUpdatedDocument, { taskId: id });
    const ends = socket.subscribe(OnExtendedDocument, { taskId: id });
    expect(await readVideo(gateway, id)).toMatchObject({ id, state: 'UNCONFIRMED', taskId: null });
    expect((await updates.next())?.data.videoUpdated.state).toBe('UNCONFIRMED');

    const [taskId = ''] = [...sandbox.tasks.keys()].filter((key) => key !== ORIGINAL_TASK_ID);
    await sandbox.complete(taskId);

    const video = { id, taskId, state: 'SUCCEEDED' };
    expect((await updates.rest()).map(({ data }) => data.videoUpdated)).toMatchObject([video]);
    expect((await ends.rest()).map(({ data }) => data.videoExtended.video)).toMatchObject([video]);
    expect(await submit(gateway, { prompt: 'Dance on #answer-lost' })).toMatchObject({
      __typename: 'ExtendVideoSuccess',
      video,
    });
    expect(countSubmits(sandbox)).toBe(1);
  });

  it('is resolved by a callback after the task was given up', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, {
      UNCONFIRMED_DEADLINE_MS: '20',
      RECONCILE_AFTER_MS: '20',
    });
    const id = await loseAnswer(gateway);
    await followToEnd(gateway, id);

    const { status } = await postCallback(callbackOf(sandbox).url, toSuccess('task-1'));

    expect(status).toBe(200);
    const video = { id, taskId: 'task-1', state: 'SUCCEEDED' };
    expect(await readVideo(gateway, id)).toMatchObject({ ...video, failure: null });
    expect((await readCompletions(gateway)).map((entry) => entry.video)).toEqual([video, video]);
    expect(await submit(gateway, { prompt: 'Dance on #answer-lost' })).toMatchObject({
      __typename: 'ExtendVideoSuccess',
      video,
    });
    expect(countSubmits(sandbox)).toBe(1);
  });
});

describe('a refused submit', () => {
  it('joins the submit in flight, and not a refusal by a replica whose clock is ahead', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream);
    const input = { ...INPUT, idempotencyKey: 'key' };
    const refused = gateway.graphql(ExtendDocument, { input });
    (await upstream.nextSubmit()).refuse(451);
    await refused;
    await gateway.stop();
    const database = new DatabaseSync(join(gateway.folder, 'gateway.db'));
    database.prepare('update video set id = ?').run(toVideoId(Date.now() + 60_000, 0));
    database.close();
    await gateway.restart();
    const { connection, send } = await openReadyBareSocket(gateway.url);

    // In one packet, so that each searches for a holder of the key before there is one.
    const payload = { query: ExtendDocument.toString(), variables: { input } };
    const ids = ['1', '2', '3'];
    send(...ids.map((id) => ({ type: 'subscribe', id, payload })));
    (await upstream.nextSubmit()).accept('task-1');
    for (const id of ids) await connection.until(`{"id":"${id}","type":"complete"`);

    connection.socket.destroy();

    expect(connection.received.split('"taskId":"task-1"')).toHaveLength(1 + ids.length);
    expect(upstream.submits).toHaveLength(2);
  });

  it('is not listed, found or counted', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    await submit(gateway, { prompt: 'Dance on #451' });
    const { id } = callbackOf(sandbox);

    const video = await readVideo(gateway, id);
    const node = await gateway.graphql(ReadNodeDocument, { id });
    const stream = (await gateway.socket()).subscribe(OnExtendedDocument, { taskId: id });

    expect(video).toBeNull();
    expect(node.data.node).toBeNull();
    expect((await stream.next())?.errors).toMatchObject([
      { extensions: { code: 'VIDEO_NOT_FOUND' } },
    ]);
    expect(await listIds(gateway)).toEqual([]);
    expect(await readCompletions(gateway)).toEqual([]);
    expect(sandbox.requests.filter(({ method }) => method === 'GET')).toEqual([]);
  });

  it('also frees its key for another input', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    await submit(gateway, { prompt: 'Dance on #451' });

    const answer = await submit(gateway, { prompt: 'Dance on' });

    expect(answer).toMatchObject({ __typename: 'ExtendVideoSuccess' });
    expect(countSubmits(sandbox)).toBe(2);
  });

  it('that got no place in time sends nothing and frees its key', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, {
      UPSTREAM_REQUESTS: '1',
      UPSTREAM_WINDOW_MS: '600000',
      SUBMIT_MAX_WAIT_MS: '200',
    });
    const first = await extend(gateway);

    const answers = await Promise.all(Array.from({ length: 5 }, () => submit(gateway)));

    for (const answer of answers) {
      expect(answer).toMatchObject({ __typename: 'RateLimitedError', upstreamCode: null });
    }
    expect(countSubmits(sandbox)).toBe(1);
    expect(await listIds(gateway)).toEqual([first.id]);
    await gateway.restart({ UPSTREAM_REQUESTS: '2' });
    expect(await submit(gateway)).toMatchObject({ __typename: 'ExtendVideoSuccess' });
    expect(countSubmits(sandbox)).toBe(2);
  });

  it('becomes a task when a callback proves it, and takes its key back', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const prompt = 'Dance on #451';
    await submit(gateway, { prompt });
    const { id, url } = callbackOf(sandbox);

    const { status } = await postCallback(url, toSuccess('task-1'));

    expect(status).toBe(200);
    const video = { id, taskId: 'task-1', state: 'SUCCEEDED' };
    expect(await listIds(gateway)).toEqual([id]);
    expect((await readCompletions(gateway)).map((entry) => entry.video)).toEqual([video]);
    expect(await submit(gateway, { prompt })).toMatchObject({
      __typename: 'ExtendVideoSuccess',
      video,
    });
    expect(countSubmits(sandbox)).toBe(1);
  });

  it('becomes a task when a callback of a failure proves it', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const prompt = 'Dance on #451';
    await submit(gateway, { prompt });
    const { id, url } = callbackOf(sandbox);

    await postCallback(url, toFailure('task-1'));

    expect(await submit(gateway, { prompt })).toMatchObject({
      __typename: 'ExtendVideoSuccess',
      video: { id, state: 'FAILED', failure: { reason: 'INAPPROPRIATE_CONTENT' } },
    });
    expect(countSubmits(sandbox)).toBe(1);
  });

  it('takes its key back from a later refused one', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const prompt = 'Dance on #451';
    await submit(gateway, { prompt });
    await submit(gateway, { prompt });
    const { id, url } = callbackOf(sandbox, 0);

    await postCallback(url, toSuccess('task-1'));

    expect(await submit(gateway, { prompt })).toMatchObject({ video: { id, state: 'SUCCEEDED' } });
    expect(countSubmits(sandbox)).toBe(2);
  });

  it('does not take its key from a later submit that holds it', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream);
    const first = submit(gateway);
    const refused = await upstream.nextSubmit();
    refused.refuse(451);
    await first;
    const second = submit(gateway);
    (await upstream.nextSubmit()).accept('task-2');
    const holder = await second;

    const { status } = await postCallback(refused.callback.url, toSuccess('task-1'));

    expect(status).toBe(200);
    expect(await readVideo(gateway, 'task-1')).toMatchObject({
      id: refused.callback.id,
      state: 'SUCCEEDED',
    });
    expect(await listIds(gateway)).toHaveLength(2);
    const again = await submit(gateway);
    expect(again).toMatchObject({ video: { taskId: 'task-2', state: 'WAITING' } });
    expect(holder).toMatchObject({ video: { taskId: 'task-2' } });
    expect(upstream.submits).toHaveLength(2);
  });
});

describe('another input under the same key', () => {
  it.each<[string, Partial<ExtendVideoInput>]>([
    ['taskId', { taskId: 'another-task' }],
    ['prompt', { prompt: `${INPUT.prompt} ` }],
    ['quality', { quality: 'P1080' }],
    ['waterMark', { waterMark: 'mine' }],
    ['imageUrl', { imageUrl: 'https://images.example.com/cat.png' }],
    ['expandPrompt', { expandPrompt: true }],
  ])('is a conflict: %s', async (_field, change) => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    await extend(gateway, KEYED);

    const answer = await submit(gateway, change);

    expect(answer).toMatchObject({
      __typename: 'IdempotencyConflictError',
      code: 'IDEMPOTENCY_CONFLICT',
      retryable: false,
    });
    expect(countSubmits(sandbox)).toBe(1);
  });

  it.each<[string, Partial<ExtendVideoInput>]>([
    ['an empty waterMark', { waterMark: '' }],
    ['waterMark null', { waterMark: null }],
    ['imageUrl null', { imageUrl: null }],
    ['expandPrompt null', { expandPrompt: null }],
  ])('is no conflict if the defaults make it equal: %s', async (_what, change) => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { id } = await extend(gateway, KEYED);

    const answer = await submit(gateway, change);

    expect(answer).toMatchObject({ __typename: 'ExtendVideoSuccess', video: { id } });
    expect(countSubmits(sandbox)).toBe(1);
  });

  it("is no conflict if it names the same source by the gateway's id", async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const source = await extend(gateway);
    await sandbox.complete(source.taskId);
    const { id } = await extend(gateway, { ...KEYED, taskId: source.taskId });

    const answer = await submit(gateway, { taskId: source.id });

    expect(answer).toMatchObject({ __typename: 'ExtendVideoSuccess', video: { id } });
    expect(countSubmits(sandbox)).toBe(2);
  });

  it('is a conflict at once while the first is in flight or has an unknown outcome', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream);
    const first = submit(gateway);
    const held = await upstream.nextSubmit();

    const during = await submit(gateway, { quality: 'P1080' });
    held.cut();
    await first;
    const after = await submit(gateway, { quality: 'P1080' });

    expect(during.__typename).toBe('IdempotencyConflictError');
    expect(after.__typename).toBe('IdempotencyConflictError');
    expect(upstream.submits).toHaveLength(1);
  });
});

describe('a submit whose client disconnects', () => {
  it('continues: one request, and the row is confirmed', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream);
    const leaving = new AbortController();
    const left = nextLeaver();
    const answer = fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: ExtendDocument.toString(), variables: { input: KEYED } }),
      signal: leaving.signal,
    });
    const held = await upstream.nextSubmit();

    leaving.abort();
    await expect(answer).rejects.toThrow();
    await left;
    const socket = await gateway.socket();
    const updates = socket.subscribe(OnUpdatedDocument, { taskId: held.callback.id });
    expect((await updates.next())?.data.videoUpdated.state).toBe('UNCONFIRMED');
    held.accept('task-1');

    expect((await updates.next())?.data.videoUpdated).toMatchObject({
      taskId: 'task-1',
      state: 'WAITING',
    });
    expect(await submit(gateway)).toMatchObject({ video: { id: held.callback.id } });
    expect(upstream.submits).toHaveLength(1);
  });

  it('becomes an orphan when the process dies: never sent again, outcome unknown', async () => {
    await using upstream = await startHeldUpstream();
    await using doomed = await startGatewayProcess(upstream);
    const answer = doomed.graphql(ExtendDocument, { input: KEYED });
    const cutOff = expect(answer).rejects.toThrow();
    const { callback } = await upstream.nextSubmit();
    await doomed.kill();
    await cutOff;

    await using gateway = await startGateway(upstream, {
      DATABASE_URL: `sqlite:${join(doomed.folder, 'gateway.db')}`,
    });
    const again = await submit(gateway);

    const { id } = callback;
    expect(again).toMatchObject({
      __typename: 'OutcomeUnknownError',
      video: { id, state: 'UNCONFIRMED' },
    });
    expect(upstream.submits).toHaveLength(1);
    const { status } = await postCallback(
      gateway.url + new URL(callback.url).pathname,
      toSuccess('task-1'),
    );
    expect(status).toBe(200);
    expect(await readVideo(gateway, id)).toMatchObject({ taskId: 'task-1', state: 'SUCCEEDED' });
  });
});

// The limit on a process's files is Linux's; elsewhere nothing as honest is at hand.
describe.skipIf(process.platform !== 'linux')('a full disk', () => {
  it('prevents submits from being sent', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGatewayProcess(sandbox);
    gateway.limitFileSize(1);

    const refused = await gateway.graphql(ExtendDocument, { input: KEYED });

    expect(refused.data.extendVideo).toMatchObject({
      __typename: 'GatewayUnavailableError',
      code: 'GATEWAY_UNAVAILABLE',
      retryable: true,
    });
    expect(countSubmits(sandbox)).toBe(0);
    gateway.limitFileSize('unlimited');
    const { data } = await gateway.graphql(ExtendDocument, { input: KEYED });
    expect(data.extendVideo).toMatchObject({ video: { state: 'WAITING' } });
    expect(countSubmits(sandbox)).toBe(1);
  });

  it('refuses submits that would be scheduled: nothing of them is stored', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGatewayProcess(sandbox);
    const input = { ...KEYED, notBefore: new Date(Date.now() + 3_600_000).toISOString() };
    gateway.limitFileSize(1);

    const refused = await gateway.graphql(ExtendDocument, { input });

    expect(refused.data.extendVideo).toMatchObject({
      __typename: 'GatewayUnavailableError',
      retryable: true,
    });
    gateway.limitFileSize('unlimited');
    const { data } = await gateway.graphql(ExtendDocument, { input });
    expect(data.extendVideo).toMatchObject({ video: { state: 'SCHEDULED' } });
  });

  it('delays storing an answer until there is space', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGatewayProcess(upstream);
    const answer = gateway.graphql(ExtendDocument, { input: KEYED });
    const held = await upstream.nextSubmit();
    gateway.limitFileSize(1);
    held.accept('task-1');
    await gateway.logged('an answer could not be stored yet');

    gateway.limitFileSize('unlimited');

    expect((await answer).data.extendVideo).toMatchObject({
      __typename: 'ExtendVideoSuccess',
      video: { id: held.callback.id, taskId: 'task-1', state: 'WAITING' },
    });
    expect(upstream.submits).toHaveLength(1);
  });
});

describe('submits without a key', () => {
  it('each send a paid request', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);

    const [one, two] = await Promise.all([extend(gateway), extend(gateway)]);

    expect(one.id).not.toBe(two.id);
    expect(one.taskId).not.toBe(two.taskId);
    expect(countSubmits(sandbox)).toBe(2);
  });
});

/** Resolves when the server has seen that the next caller of /graphql left before its answer. */
function nextLeaver(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const channel = 'http.server.request.start';
  function note(message: unknown): void {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    if (request.url !== '/graphql') return;
    unsubscribe(channel, note);
    response.on('close', () => {
      if (!response.writableFinished) resolve();
    });
  }
  subscribe(channel, note);
  return promise;
}
