/** Callbacks as senders and proxies really write them, and progress that is not an end. */

import { createHmac } from 'node:crypto';
import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import {
  ExtendDocument,
  OnExtendedDocument,
  OnUpdatedDocument,
  ReadCompletionsDocument,
  ReadVideoDocument,
} from './generated/graphql.ts';
import { postCallback, toFailure, toSuccess } from './support/callback.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { type HeldUpstream, startHeldUpstream } from './support/held-upstream.ts';
import { INPUT } from './support/operations.ts';

const CONFIRMED = { status: 200, body: { code: 200, msg: 'success' } };
const KEY = 'webhook-key';

let tasks = 0;

/** A confirmed task and where its callback goes. */
async function begin(upstream: HeldUpstream, gateway: TestGateway) {
  const taskId = `task-${++tasks}`;
  const answer = gateway.graphql(ExtendDocument, { input: INPUT });
  const submit = await upstream.nextSubmit();
  submit.accept(taskId);
  await answer;
  return { taskId, ...submit.callback };
}

/** A task whose id the gateway never learned: the answer to its submit was lost. */
async function beginUnconfirmed(upstream: HeldUpstream, gateway: TestGateway) {
  const answer = gateway.graphql(ExtendDocument, { input: INPUT });
  const submit = await upstream.nextSubmit();
  submit.cut();
  await answer;
  return submit.callback;
}

async function readVideo(gateway: TestGateway, taskId: string) {
  return (await gateway.graphql(ReadVideoDocument, { taskId })).data.video;
}

function toForm(callback: { code: number; msg: string; data: object }): string {
  const { code, msg, data } = callback;
  return new URLSearchParams({ code: String(code), msg, data: JSON.stringify(data) }).toString();
}

function compressed(bytes: Buffer): Blob {
  return new Blob([new Uint8Array(bytes)]);
}

describe('a compressed callback', () => {
  it.each<[string, (body: string) => Buffer]>([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
    ['identity', Buffer.from],
  ])('is read: %s', async (encoding, compress) => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream);
    const { taskId, url } = await begin(upstream, gateway);
    const body = compressed(compress(JSON.stringify(toSuccess(taskId))));

    const answer = await postCallback(url, body, { 'content-encoding': encoding });

    expect(answer).toMatchObject(CONFIRMED);
    expect(await readVideo(gateway, taskId)).toMatchObject({ state: 'SUCCEEDED' });
  });

  it('is 413 if it is a decompression bomb', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream);
    const { taskId, url } = await begin(upstream, gateway);
    const bytes = Buffer.from(JSON.stringify(toSuccess(taskId)).padEnd(32 * 1024 * 1024));

    for (const [encoding, body] of [
      ['gzip', gzipSync(bytes)],
      ['br', brotliCompressSync(bytes)],
      ['gzip, gzip', gzipSync(gzipSync(bytes))],
    ] as const) {
      const answer = await postCallback(url, compressed(body), { 'content-encoding': encoding });
      expect(answer).toMatchObject({ status: 413, body: { code: 413 } });
    }

    expect(await readVideo(gateway, taskId)).toMatchObject({ state: 'WAITING' });
  });

  it.each([
    ['is not what its header says', 'gzip'],
    ['has an unknown encoding', 'snappy'],
  ])('is 400 if it %s', async (_what, encoding) => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream);
    const { taskId, url } = await begin(upstream, gateway);

    const answer = await postCallback(url, toSuccess(taskId), { 'content-encoding': encoding });

    expect(answer).toMatchObject({ status: 400, body: { code: 400 } });
    expect(await readVideo(gateway, taskId)).toMatchObject({ state: 'WAITING' });
  });
});

describe('the body of a callback', () => {
  it.each<[string, (taskId: string) => unknown, string]>([
    [
      'be a form',
      (taskId) => toForm(toSuccess(taskId)),
      'application/x-www-form-urlencoded;charset=utf-8',
    ],
    [
      'begin with a byte order mark',
      (taskId) => `\ufeff${JSON.stringify(toSuccess(taskId))}`,
      'application/json',
    ],
    [
      'be UTF-16',
      (taskId) => compressed(Buffer.from(JSON.stringify(toSuccess(taskId)), 'utf16le')),
      'application/json; charset=utf-16le',
    ],
    [
      'contain its data as JSON in a string',
      (taskId) => ({ code: 200, data: JSON.stringify(toSuccess(taskId).data) }),
      'application/json',
    ],
    [
      'be in camel case',
      (taskId) => ({ code: 200, data: { taskId, videoUrl: '//files.example.com/1.mp4' } }),
      'application/json',
    ],
  ])('may %s', async (_what, toBody, type) => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream);
    const { taskId, url } = await begin(upstream, gateway);

    const answer = await postCallback(url, toBody(taskId), { 'content-type': type });

    expect(answer).toMatchObject(CONFIRMED);
    expect(await readVideo(gateway, taskId)).toMatchObject({
      state: 'SUCCEEDED',
      videoUrl: expect.stringMatching(/^https:\/\/files\.example\.com\/.+\.mp4$/),
    });
  });

  it('may contain the task id as a number', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream);
    const { url, id } = await beginUnconfirmed(upstream, gateway);

    const answer = await postCallback(url, toSuccess('', { task_id: 2_151_574_698 }));

    expect(answer).toMatchObject(CONFIRMED);
    expect(await readVideo(gateway, '2151574698')).toMatchObject({ id, state: 'SUCCEEDED' });
  });
});

describe('the address of a callback', () => {
  it.each<[string, (url: string) => string]>([
    ['a slash at its end', (url) => `${url}/`],
    ['slashes that a proxy has doubled', (url) => url.replace(/(?<!:)\//g, '//')],
    ['a query that a proxy has added', (url) => `${url}?utm_source=x&taskId=1`],
    ['all of it', (url) => `${url.replace('/callbacks/', '//callbacks//')}//?`],
  ])('may have %s', async (_what, change) => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream);
    const { taskId, url } = await begin(upstream, gateway);

    const answer = await postCallback(change(url), toSuccess(taskId));

    expect(answer).toMatchObject(CONFIRMED);
    expect(await readVideo(gateway, taskId)).toMatchObject({ state: 'SUCCEEDED' });
  });
});

describe('a signed callback without a task id', () => {
  const ENV = { WEBHOOK_HMAC_KEY: KEY };
  const FAILURE = { code: 500, msg: 'over', data: null };

  /** Of a task id that only the sender knows. */
  function sign(offsetSeconds = 0) {
    const timestamp = String(Math.floor(Date.now() / 1_000) + offsetSeconds);
    const mac = createHmac('sha256', KEY).update(`known-to-the-sender.${timestamp}`);
    return { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': mac.digest('base64') };
  }

  it('fails a task whose id is not known: the URL proves it', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream, ENV);
    const { url, id } = await beginUnconfirmed(upstream, gateway);

    const unsigned = await postCallback(url, FAILURE);
    const late = await postCallback(url, FAILURE, sign(-600));
    const success = await postCallback(url, toSuccess(''), sign());
    const before = await readVideo(gateway, id);
    const signed = await postCallback(url, FAILURE, sign());

    expect([unsigned.status, late.status, success.status]).toEqual([401, 401, 401]);
    expect(before).toMatchObject({ state: 'UNCONFIRMED' });
    expect(signed).toMatchObject(CONFIRMED);
    expect(await readVideo(gateway, id)).toMatchObject({
      state: 'FAILED',
      failure: { reason: 'PROVIDER_ERROR', message: 'over' },
    });
  });

  it('must be signed for the known task id', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream, ENV);
    const { taskId, url } = await begin(upstream, gateway);

    expect((await postCallback(url, FAILURE, sign())).status).toBe(401);
    expect(await readVideo(gateway, taskId)).toMatchObject({ state: 'WAITING' });
  });
});

describe('a progress report to the callback URL', () => {
  it.each([201, 202, 102])('is acknowledged and does not end the task: code %i', async (code) => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream);
    const { taskId, url } = await begin(upstream, gateway);
    const updates = (await gateway.socket()).subscribe(OnUpdatedDocument, { taskId });
    await updates.next();

    const answer = await postCallback(url, {
      code,
      msg: 'processing',
      data: { task_id: taskId },
    });
    expect(answer).toMatchObject(CONFIRMED);
    expect(await readVideo(gateway, taskId)).toMatchObject({ state: 'WAITING', failure: null });
    await postCallback(url, toSuccess(taskId));

    const states = (await updates.rest()).map(({ data }) => data.videoUpdated.state);
    expect(states).toEqual(['SUCCEEDED']);
  });

  it('triggers a read of the task', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { data } = await gateway.graphql(ExtendDocument, { input: INPUT });
    if (data.extendVideo.__typename !== 'ExtendVideoSuccess') throw new Error('refused');
    const taskId = data.extendVideo.video.taskId ?? '';
    await sandbox.advance(taskId);
    const { callBackUrl = '' } = sandbox.tasks.get(taskId) ?? {};

    await postCallback(callBackUrl, { code: 201, msg: 'processing', data: { task_id: taskId } });

    const read = await sandbox.nextRequest(({ method }) => method === 'GET');
    expect(read.path).toContain(`taskId=${taskId}`);
  });

  it('confirms a task whose id is not known', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream);
    const { url, id } = await beginUnconfirmed(upstream, gateway);

    await postCallback(url, { code: 202, data: { task_id: 'task-x' } });

    expect(await readVideo(gateway, id)).toMatchObject({ taskId: 'task-x', state: 'WAITING' });
  });
});

describe('a success after a failure', () => {
  it('is a second completion in videoExtended and completions, after videoUpdated has ended', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream);
    const { taskId, url, id } = await begin(upstream, gateway);
    const socket = await gateway.socket();
    const updates = socket.subscribe(OnUpdatedDocument, { taskId });
    const ends = socket.subscribe(OnExtendedDocument, { after: await readEnd(gateway) });
    await updates.next();

    await postCallback(url, toFailure(taskId));
    const last = (await updates.rest()).map(({ data }) => data.videoUpdated);
    const failure = (await ends.next())?.data.videoExtended;
    await postCallback(url, toSuccess(taskId));
    const success = (await ends.next())?.data.videoExtended;

    expect(last).toMatchObject([{ id, state: 'FAILED' }]);
    expect(failure?.video).toMatchObject({ id, state: 'FAILED' });
    expect(success?.video).toMatchObject({ id, state: 'SUCCEEDED', failure: null });
    const { data } = await gateway.graphql(ReadCompletionsDocument, { after: failure?.cursor });
    expect(data.completions.edges.map(({ node }) => node.cursor)).toEqual([success?.cursor]);
    // A new subscription delivers the current state.
    const again = await socket.subscribe(OnUpdatedDocument, { taskId }).rest();
    expect(again.map((event) => event.data.videoUpdated.state)).toEqual(['SUCCEEDED']);
  });
});

async function readEnd(gateway: TestGateway): Promise<string> {
  const { data } = await gateway.graphql(ReadCompletionsDocument, { first: 0 });
  return data.completions.pageInfo.endCursor ?? '';
}
