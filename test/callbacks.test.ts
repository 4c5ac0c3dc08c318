import { describe, expect, it } from 'vitest';
import { ORIGINAL_TASK_ID, type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { createVideoId, toVideoId } from '../src/video-id.ts';
import {
  ExtendDocument,
  OnUpdatedDocument,
  ReadCompletionsDocument,
  type ReadCompletionsQuery,
  ReadVideoDocument,
} from './generated/graphql.ts';
import { DAY_MS } from './support/backdate.ts';
import { postCallback, readCallbackUrl, toFailure, toSuccess } from './support/callback.ts';
import { type GraphQLAnswer, startGateway, type TestGateway } from './support/gateway.ts';
import { startHeldUpstream } from './support/held-upstream.ts';
import { extend, INPUT } from './support/operations.ts';
import { startGatewayProcess } from './support/process.ts';
import { startScriptedUpstream } from './support/scripted-upstream.ts';

/** The answer that the upstream expects (reference, callback responses). */
const CONFIRMED = { status: 200, body: { code: 200, msg: 'success' } };

/** A confirmed task and where its callback goes. */
async function begin(sandbox: Sandbox, gateway: TestGateway, prompt = 'Dance on') {
  const { id, taskId } = await extend(gateway, { prompt });
  return { id, taskId, url: urlOf(sandbox, taskId) };
}

function urlOf(sandbox: Sandbox, taskId: string): string {
  return sandbox.tasks.get(taskId)?.callBackUrl ?? '';
}

/** A task whose id the gateway never learned: the answer to its submit was lost. */
async function beginUnconfirmed(sandbox: Sandbox, gateway: TestGateway) {
  const input = { ...INPUT, prompt: 'Dance on #answer-lost' };
  const { data } = await gateway.graphql(ExtendDocument, { input });
  if (data.extendVideo.__typename !== 'OutcomeUnknownError') throw new Error(JSON.stringify(data));
  const taskId = [...sandbox.tasks.keys()].at(-1) ?? '';
  return { id: data.extendVideo.video.id, taskId, url: urlOf(sandbox, taskId) };
}

async function readVideo(gateway: Pick<TestGateway, 'graphql'>, taskId: string) {
  return (await gateway.graphql(ReadVideoDocument, { taskId })).data.video;
}

/** The whole log, each entry by its video and the state in which that is now. */
async function readLog(gateway: Pick<TestGateway, 'graphql'>) {
  const entries: { id: string; taskId: string | null; state: string }[] = [];
  let after: string | null = null;
  for (;;) {
    const page: GraphQLAnswer<ReadCompletionsQuery> = await gateway.graphql(
      ReadCompletionsDocument,
      { first: 100, after },
    );
    const { edges, pageInfo } = page.data.completions;
    entries.push(...edges.map(({ node }) => node.video));
    if (!pageInfo.hasNextPage) return entries;
    after = pageInfo.endCursor;
  }
}

describe('a callback', () => {
  it('before the answer to the submit: the caller gets the finished video', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const input = { ...INPUT, prompt: 'Dance on #callback-first' };

    const { data } = await gateway.graphql(ExtendDocument, { input });

    const taskId = [...sandbox.tasks.keys()].at(-1);
    expect(data.extendVideo).toMatchObject({
      __typename: 'ExtendVideoSuccess',
      video: { taskId, state: 'SUCCEEDED', videoUrl: expect.stringMatching(/\.mp4$/) },
    });
    await sandbox.nextCallback();
    expect(sandbox.callbacks).toMatchObject([{ status: 200, acknowledged: true, attempt: 1 }]);
    expect(await readLog(gateway)).toHaveLength(1);
  });

  it('that is repeated is acknowledged and changes nothing', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId } = await begin(sandbox, gateway, 'Dance on #callback-twice');

    await sandbox.complete(taskId);

    expect(sandbox.callbacks).toMatchObject([{ acknowledged: true }, { acknowledged: true }]);
    expect(await readLog(gateway)).toMatchObject([{ taskId, state: 'SUCCEEDED' }]);
  });

  it('that is repeated with other files changes nothing', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId, url } = await begin(sandbox, gateway);
    await postCallback(url, toSuccess(taskId));
    const before = await readVideo(gateway, taskId);

    const answer = await postCallback(
      url,
      toSuccess(taskId, { video_url: 'https://elsewhere.example.com/other.mp4' }),
    );

    expect(answer).toMatchObject(CONFIRMED);
    expect(before).toMatchObject({ state: 'SUCCEEDED' });
    expect(await readVideo(gateway, taskId)).toEqual(before);
  });

  it('sent twenty times at once causes one completion', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId, url } = await begin(sandbox, gateway);

    const answers = await Promise.all(
      Array.from({ length: 20 }, () => postCallback(url, toSuccess(taskId))),
    );

    for (const answer of answers) expect(answer).toMatchObject(CONFIRMED);
    expect(await readLog(gateway)).toMatchObject([{ taskId, state: 'SUCCEEDED' }]);
  });

  it('of a success after a failure is a second completion, and the file is available', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { id, taskId, url } = await begin(sandbox, gateway);
    await postCallback(url, toFailure(taskId));
    expect(await readVideo(gateway, taskId)).toMatchObject({
      state: 'FAILED',
      failure: { reason: 'INAPPROPRIATE_CONTENT', retryable: false, upstreamCode: 400 },
    });

    const answer = await postCallback(url, toSuccess(taskId));

    expect(answer).toMatchObject(CONFIRMED);
    expect(await readVideo(gateway, taskId)).toMatchObject({
      state: 'SUCCEEDED',
      failure: null,
      videoId: `video-of-${taskId}`,
      videoUrl: `https://files.example.com/${taskId}.mp4`,
      coverUrl: `https://files.example.com/${taskId}.png`,
    });
    const entry = { id, taskId, state: 'SUCCEEDED' };
    expect(await readLog(gateway)).toEqual([entry, entry]);
  });

  it('of a failure after a success changes nothing', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId, url } = await begin(sandbox, gateway);
    await postCallback(url, toSuccess(taskId));
    const before = await readVideo(gateway, taskId);

    const answer = await postCallback(url, toFailure(taskId));

    expect(answer).toMatchObject(CONFIRMED);
    expect(before).toMatchObject({ state: 'SUCCEEDED', failure: null });
    expect(await readVideo(gateway, taskId)).toEqual(before);
    expect(await readLog(gateway)).toHaveLength(1);
  });

  it('of another failure after a failure changes nothing', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId, url } = await begin(sandbox, gateway);
    await postCallback(url, toFailure(taskId));

    const answer = await postCallback(url, { code: 500, msg: 'another one' });

    expect(answer).toMatchObject(CONFIRMED);
    expect(await readVideo(gateway, taskId)).toMatchObject({
      failure: { reason: 'INAPPROPRIATE_CONTENT' },
    });
    expect(await readLog(gateway)).toHaveLength(1);
  });

  it('among hundreds at once is acknowledged and causes one completion', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { UPSTREAM_REQUESTS: '1000' });
    const tasks = await Promise.all(Array.from({ length: 150 }, () => begin(sandbox, gateway)));

    // Every one twice, the repeat right behind it.
    const answers = await Promise.all(
      tasks.flatMap(({ taskId, url }) => [
        postCallback(url, toSuccess(taskId)),
        postCallback(url, toSuccess(taskId)),
      ]),
    );

    for (const answer of answers) expect(answer).toMatchObject(CONFIRMED);
    const log = await readLog(gateway);
    expect(log.map(({ id }) => id).sort()).toEqual(tasks.map(({ id }) => id).sort());
  });
});

describe('the address of a callback', () => {
  it('names one row and contains an unguessable token', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, {
      PUBLIC_URL: 'https://video.example.com/',
      AUTH: 'none',
    });
    const { id, url } = await begin(sandbox, gateway);
    const other = await begin(sandbox, gateway);

    const [base, rowId, token] = url.split(/\/callbacks\/|\/(?=[^/]*$)/);

    expect(base).toBe('https://video.example.com');
    expect(rowId).toBe(id);
    expect(Buffer.from(token ?? '', 'base64url')).toHaveLength(32);
    expect(other.url).not.toContain(token);
  });

  it.each<[string, (url: string, otherUrl: string) => string]>([
    ['a wrong token', (url) => url.slice(0, -1) + (url.endsWith('A') ? 'E' : 'A')],
    ['a token cut short', (url) => url.slice(0, -1)],
    ['no token', (url) => url.slice(0, url.lastIndexOf('/'))],
    ["another row's token", (url, other) => replaceEnd(url, other)],
    ['an id that was never given', (url) => replaceId(url, createVideoId())],
    ['an id that is none', (url) => replaceId(url, 'x'.repeat(36))],
  ])('is 404 with %s, whatever the body', async (_what, change) => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId, url } = await begin(sandbox, gateway);
    const other = await begin(sandbox, gateway);
    const wrong = change(url, other.url);

    const answer = await postCallback(wrong, toSuccess(taskId));
    const toNonsense = await postCallback(wrong, 'nonsense');

    expect(answer).toMatchObject({ status: 404, body: { code: 404, msg: expect.any(String) } });
    expect(toNonsense.status).toBe(404);
    expect(await readVideo(gateway, taskId)).toMatchObject({ state: 'WAITING' });
    expect(await readLog(gateway)).toEqual([]);
  });

  it('is 410 for a pruned row', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { RETENTION_DAYS: '3' });
    const { taskId, url } = await begin(sandbox, gateway);

    const older = await postCallback(
      replaceId(url, toVideoId(Date.now() - 4 * DAY_MS, 0)),
      toSuccess(taskId),
    );
    const younger = await postCallback(
      replaceId(url, toVideoId(Date.now() - 2 * DAY_MS, 0)),
      toSuccess(taskId),
    );

    expect(older).toMatchObject({ status: 410, body: { code: 410 } });
    expect(younger.status).toBe(404);
  });

  it('is 405 for any method but POST', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId, url } = await begin(sandbox, gateway);

    const response = await fetch(url);

    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
    expect(await response.json()).toMatchObject({ code: 405 });
    expect(await readVideo(gateway, taskId)).toMatchObject({ state: 'WAITING' });
  });
});

describe('the task that a callback names', () => {
  it("is 409 if it is not the row's", async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId, url } = await begin(sandbox, gateway);
    const other = await begin(sandbox, gateway);

    for (const wrong of ['a-task-nobody-knows', other.taskId]) {
      for (const body of [toSuccess(wrong), toFailure(wrong)]) {
        const answer = await postCallback(url, body);
        expect(answer).toMatchObject({ status: 409, body: { code: 409 } });
      }
    }

    expect(await readVideo(gateway, taskId)).toMatchObject({ state: 'WAITING' });
    expect(await readVideo(gateway, other.taskId)).toMatchObject({ state: 'WAITING' });
    expect(await readLog(gateway)).toEqual([]);
  });

  it('is 409 if the row has none yet and it belongs to another row', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { id, url } = await beginUnconfirmed(sandbox, gateway);
    const other = await begin(sandbox, gateway);

    const success = await postCallback(url, toSuccess(other.taskId));
    const failure = await postCallback(url, toFailure(other.taskId));

    expect([success.status, failure.status]).toEqual([409, 409]);
    expect(await readVideo(gateway, id)).toMatchObject({ state: 'UNCONFIRMED', taskId: null });
    expect(await readLog(gateway)).toEqual([]);
  });

  it('is taken from the URL if a success omits it', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId, url } = await begin(sandbox, gateway);

    const answer = await postCallback(url, toSuccess(taskId, { task_id: undefined }));

    expect(answer).toMatchObject(CONFIRMED);
    expect(await readVideo(gateway, taskId)).toMatchObject({ taskId, state: 'SUCCEEDED' });
  });

  it.each([
    ['without data', { code: 400, msg: 'Get image info failed.' }],
    ['with data null', { code: 400, msg: 'Get image info failed.', data: null }],
    ['with empty texts', { ...toFailure(''), msg: 'Get image info failed.' }],
    ['with data of another kind', { code: 400, msg: 'Get image info failed.', data: 'none' }],
  ])('is taken from the URL in a failure %s, confirmed or not', async (_how, body) => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const confirmed = await begin(sandbox, gateway);
    const unconfirmed = await beginUnconfirmed(sandbox, gateway);

    for (const { id, url } of [confirmed, unconfirmed]) {
      expect(await postCallback(url, body)).toMatchObject(CONFIRMED);
      expect(await readVideo(gateway, id)).toMatchObject({
        state: 'FAILED',
        failure: { reason: 'IMAGE_UNREADABLE', message: 'Get image info failed.' },
      });
    }
  });
});

describe('a success without a file', () => {
  it.each([
    ['empty', { video_url: '' }],
    ['missing', { video_url: undefined }],
    ['no address', { video_url: 'soon' }],
    ['not of the web', { video_url: 'ftp://files.example.com/1.mp4' }],
    ['a script', { video_url: 'javascript:alert(1)' }],
  ])(
    'whose URL is %s is acknowledged, changes nothing, and triggers a read at once',
    async (_how, data) => {
      await using sandbox = await startSandbox({ autoplay: false });
      await using gateway = await startGateway(sandbox);
      const { id, taskId, url } = await begin(sandbox, gateway);

      const answer = await postCallback(url, toSuccess(taskId, data));

      expect(answer).toMatchObject(CONFIRMED);
      const read = await sandbox.nextRequest(({ method }) => method === 'GET');
      expect(read.path).toContain(`taskId=${taskId}`);
      expect(await readLog(gateway)).toEqual([]);
      await sandbox.complete(taskId);
      expect(await readVideo(gateway, id)).toMatchObject({ state: 'SUCCEEDED' });
    },
  );

  it('confirms a task whose id is not known', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { id, taskId, url } = await beginUnconfirmed(sandbox, gateway);

    const answer = await postCallback(url, toSuccess(taskId, { video_url: '' }));

    expect(answer).toMatchObject(CONFIRMED);
    expect(await readVideo(gateway, id)).toMatchObject({ taskId, state: 'WAITING' });
  });

  it('and without an id proves that a refused submit was started: its key is not paid again', async () => {
    await using upstream = await startScriptedUpstream((_request, response) =>
      response.writeHead(403, { 'content-type': 'text/html' }).end('<html>'),
    );
    await using gateway = await startGateway(upstream);
    const input = { ...INPUT, idempotencyKey: 'order-4711' };
    const submit = async () => (await gateway.graphql(ExtendDocument, { input })).data.extendVideo;
    expect(await submit()).toMatchObject({ __typename: 'UpstreamError', upstreamCode: 403 });
    const { url, id } = readCallbackUrl(upstream.requests[0]?.json());

    const { status } = await postCallback(url, { code: 200, msg: 'success', data: {} });

    expect(status).toBe(200);
    expect(await submit()).toMatchObject({ video: { id, state: 'WAITING', taskId: null } });
    expect(upstream.requests).toHaveLength(1);
    expect((await postCallback(url, toSuccess('task-1'))).status).toBe(200);
    expect(await submit()).toMatchObject({ video: { id, state: 'SUCCEEDED', taskId: 'task-1' } });
  });

  it('after a real success changes nothing and triggers no read', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId, url } = await begin(sandbox, gateway);
    await sandbox.complete(taskId);
    const before = await readVideo(gateway, taskId);

    const answer = await postCallback(url, toSuccess(taskId, { video_url: '' }));

    expect(answer).toMatchObject(CONFIRMED);
    expect(before).toMatchObject({ state: 'SUCCEEDED' });
    expect(await readVideo(gateway, taskId)).toEqual(before);
    expect(sandbox.requests.filter(({ method }) => method === 'GET')).toEqual([]);
  });

  it('fails the task after three reads without a file', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { RECONCILE_AFTER_MS: '300' });
    const { id, taskId } = await begin(sandbox, gateway, 'Dance on #no-url');
    const socket = await gateway.socket();
    const updates = socket.subscribe(OnUpdatedDocument, { taskId: id });
    expect((await updates.next())?.data.videoUpdated.state).toBe('WAITING');

    const before = sandbox.requests.length;
    await sandbox.complete(taskId);

    expect((await updates.rest()).map(({ data }) => data.videoUpdated)).toMatchObject([
      { state: 'FAILED', failure: { reason: 'PROVIDER_ERROR' } },
    ]);
    expect(sandbox.callbacks).toMatchObject([{ acknowledged: true, attempt: 1 }]);
    expect(sandbox.requests.slice(before).map(({ method }) => method)).toEqual(
      Array(3).fill('GET'),
    );
    expect(await readLog(gateway)).toMatchObject([{ taskId, state: 'FAILED' }]);
  });
});

describe('the body of a callback', () => {
  it('may contain numbers as strings', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const good = await begin(sandbox, gateway);
    const bad = await begin(sandbox, gateway);

    const answers = [
      await postCallback(good.url, { ...toSuccess(good.taskId), code: '200' }),
      await postCallback(bad.url, { ...toFailure(bad.taskId), code: '400' }),
    ];

    expect(answers).toMatchObject([CONFIRMED, CONFIRMED]);
    expect(await readVideo(gateway, good.id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(await readVideo(gateway, bad.id)).toMatchObject({
      state: 'FAILED',
      failure: { upstreamCode: 400 },
    });
  });

  it.each([
    ['application/json; charset=utf-8', 'Ошибка: é', Buffer.from('Ошибка: é')],
    ['application/json;charset="UTF-8"', 'Ошибка: é', Buffer.from('Ошибка: é')],
    ['application/json; charset=iso-8859-1', 'Échec', Buffer.from('Échec', 'latin1')],
    ['application/json; charset=no-such-thing', 'Ошибка: é', Buffer.from('Ошибка: é')],
    ['text/plain', 'Ошибка: é', Buffer.from('Ошибка: é')],
  ])('is decoded as its content type says: %s', async (type, message, bytes) => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { id, url } = await begin(sandbox, gateway);
    const body = new Blob(['{"code":400,"msg":"', bytes, '"}']);

    const answer = await postCallback(url, body, { 'content-type': type });

    expect(answer).toMatchObject(CONFIRMED);
    expect(await readVideo(gateway, id)).toMatchObject({ failure: { message } });
  });

  it.each([
    ['empty', ''],
    ['no JSON', 'code=200&task_id=1'],
    ['JSON cut short', '{"code":200,"msg":"suc'],
    ['an array', [toSuccess('1')]],
    ['a number', '200'],
    ['null', 'null'],
    ['an object without a code', { msg: 'success', data: toSuccess('1').data }],
    ['a code that is no number', { ...toSuccess('1'), code: 'ok' }],
  ])('is 400 if it is %s', async (_what, body) => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId, url } = await begin(sandbox, gateway);

    const answer = await postCallback(url, body);

    expect(answer).toMatchObject({ status: 400, body: { code: 400, msg: expect.any(String) } });
    expect(await readVideo(gateway, taskId)).toMatchObject({ state: 'WAITING' });
    expect(await readLog(gateway)).toEqual([]);
  });

  it('is 413 over 64 KiB, and accepted at exactly 64 KiB', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId, url } = await begin(sandbox, gateway);
    const toBody = (bytes: number) => JSON.stringify(toSuccess(taskId)).padEnd(bytes);

    const over = await postCallback(url, toBody(64 * 1024 + 1));
    const before = await readVideo(gateway, taskId);
    const upTo = await postCallback(url, toBody(64 * 1024));

    expect(over).toMatchObject({ status: 413, body: { code: 413 } });
    expect(before).toMatchObject({ state: 'WAITING' });
    expect(upTo).toMatchObject(CONFIRMED);
    expect(await readVideo(gateway, taskId)).toMatchObject({ state: 'SUCCEEDED' });
  });
});

describe('a callback is acknowledged only after its commit', () => {
  it('also during a drain', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream);
    const answer = gateway.graphql(ExtendDocument, { input: INPUT });
    const held = await upstream.nextSubmit();
    const stopped = gateway.stop();
    expect((await fetch(`${gateway.url}/ready`)).status).toBe(503);

    const callback = await postCallback(held.callback.url, toSuccess('task-1'));
    held.accept('task-1');

    expect(callback).toMatchObject(CONFIRMED);
    const video = { id: held.callback.id, taskId: 'task-1', state: 'SUCCEEDED' };
    expect((await answer).data.extendVideo).toMatchObject({
      __typename: 'ExtendVideoSuccess',
      video,
    });
    await stopped;
    await gateway.restart();
    expect(await readLog(gateway)).toEqual([video]);
  });

  // The limit on a process's files is Linux's; elsewhere nothing as honest is at hand.
  it.skipIf(process.platform !== 'linux')(
    'with 503 while the disk is full, and with 200 afterwards',
    async () => {
      await using sandbox = await startSandbox({ autoplay: false });
      await using gateway = await startGatewayProcess(sandbox);
      const { data } = await gateway.graphql(ExtendDocument, { input: INPUT });
      const taskId = [...sandbox.tasks.keys()].at(-1) ?? '';
      expect(data.extendVideo.__typename).toBe('ExtendVideoSuccess');
      gateway.limitFileSize(1);

      const refused = [
        await sandbox.sendCallback(taskId),
        await postCallback(urlOf(sandbox, taskId), toSuccess(taskId)),
        await postCallback(urlOf(sandbox, taskId), toFailure(taskId)),
      ];

      expect(refused).toMatchObject([
        { status: 503, acknowledged: false },
        { status: 503, body: { code: 503, msg: expect.any(String) } },
        { status: 503 },
      ]);
      expect(await readLog(gateway)).toEqual([]);
      gateway.limitFileSize('unlimited');
      expect(await sandbox.sendCallback(taskId)).toMatchObject({ acknowledged: true });
      expect(await readLog(gateway)).toMatchObject([{ taskId, state: 'SUCCEEDED' }]);
      expect(await readVideo(gateway, taskId)).toMatchObject({ state: 'SUCCEEDED' });
    },
  );

  it('and survives a process that is killed right after the answer', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using doomed = await startGatewayProcess(sandbox);
    await doomed.graphql(ExtendDocument, { input: INPUT });
    const taskId = [...sandbox.tasks.keys()].at(-1) ?? '';

    await sandbox.complete(taskId);
    await doomed.kill();

    expect(sandbox.callbacks).toMatchObject([{ acknowledged: true }]);
    await using gateway = await startGateway(sandbox, {
      DATABASE_URL: `sqlite:${doomed.folder}/gateway.db`,
    });
    expect(await readLog(gateway)).toMatchObject([{ taskId, state: 'SUCCEEDED' }]);
  });
});

describe('the log of the process', () => {
  it('reports callbacks without tokens or keys', async () => {
    await using sandbox = await startSandbox({ autoplay: false, apiKey: 'upstream-secret' });
    await using gateway = await startGatewayProcess(sandbox, {
      APIKLEY_API_KEY: 'upstream-secret',
      LOG_LEVEL: 'trace',
    });
    await gateway.graphql(ExtendDocument, { input: INPUT });
    await gateway.graphql(ExtendDocument, { input: { ...INPUT, prompt: '#500' } });
    await gateway.graphql(ExtendDocument, { input: { ...INPUT, prompt: '#cut-off' } });
    const tokens = sandbox.requests
      .filter(({ method }) => method === 'POST')
      .map(({ body }) => readCallbackUrl(body));
    const [first, ...others] = tokens;
    if (!first) throw new Error('no submit came');
    const good = await postCallback(first.url, toSuccess([...sandbox.tasks.keys()][1] ?? ''));
    for (const { url } of others) {
      await postCallback(url, 'nonsense');
      await postCallback(url, { code: 400, msg: `cannot reach ${url}` });
    }
    await postCallback(first.url, toSuccess('another-task'));
    await postCallback(`${first.url}?taskId=${ORIGINAL_TASK_ID}`, toSuccess('1'));
    await fetch(first.url);

    const log = await gateway.stop();

    expect(good.status).toBe(200);
    expect(log).toContain(first.id);
    expect(log).toContain('"status":409');
    expect(tokens).toHaveLength(3);
    for (const { token } of tokens) {
      expect(token).toHaveLength(43);
      expect(log).not.toContain(token);
    }
    expect(log).not.toContain('upstream-secret');
  });
});

function replaceId(url: string, id: string): string {
  return url.replace(/(?<=\/callbacks\/)[^/]+/, id);
}

/** The one URL with the other's token. */
function replaceEnd(url: string, other: string): string {
  return url.slice(0, url.lastIndexOf('/')) + other.slice(other.lastIndexOf('/'));
}
