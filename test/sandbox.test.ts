import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { createInterface } from 'node:readline';
import { json, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Sandbox } from '../src/sandbox/sandbox.ts';
import { ORIGINAL_TASK_ID, startSandbox } from '../src/sandbox/sandbox.ts';
import { SCENARIOS } from '../src/sandbox/scenarios.ts';
import { createTasks } from '../src/sandbox/tasks.ts';

const CONFIRMATION = JSON.stringify({ code: 200, msg: 'success' });

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: { code: number; msg: string; data: { task_id: string } | null };
}

/** What a callback is answered with; `cut` ends the connection instead. */
type Answer = { status: number; body: string; headers?: Record<string, string> } | 'cut';

/** Receives callbacks; answers them as given, by default with an acknowledgement. */
async function startReceiver(
  answer: (received: Received) => Answer | Promise<Answer> = () => ({
    status: 200,
    body: CONFIRMATION,
  }),
) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const body = (await json(request)) as Received['body'];
    const callback = { headers: request.headers, body };
    received.push(callback);
    const given = await answer(callback);
    if (given === 'cut') response.destroy();
    else response.writeHead(given.status, given.headers).end(given.body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/callbacks/secret`,
    received,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Envelope<Data> {
  readonly code: number;
  readonly msg: string;
  readonly data: Data;
}

/** What the tests take from a record; the rest they compare whole. */
interface WireRecord {
  readonly state: string;
  readonly videoInfo: { videoId: string; videoUrl: string; imageUrl: string };
}

/** A closed port, for tests in which callbacks do not matter. */
const NOWHERE = 'http://127.0.0.1:9/callback';

function post(sandbox: Sandbox, body: unknown, key = 'sandbox-key'): Promise<Response> {
  return fetch(`${sandbox.url}/api/v1/runway/extend`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

function toInput(prompt: string, callBackUrl = NOWHERE) {
  return { taskId: ORIGINAL_TASK_ID, prompt, quality: '720p', callBackUrl };
}

function extend(sandbox: Sandbox, prompt: string, callBackUrl?: string): Promise<Response> {
  return post(sandbox, toInput(prompt, callBackUrl));
}

/** The task id of an extension that was accepted and answered. */
async function submit(sandbox: Sandbox, prompt: string, callBackUrl?: string): Promise<string> {
  const { data } = await toAcceptance(await extend(sandbox, prompt, callBackUrl));
  return data.taskId;
}

async function toAcceptance(response: Response): Promise<Envelope<{ taskId: string }>> {
  return (await response.json()) as Envelope<{ taskId: string }>;
}

/** The task of the latest extend request, for answers that do not name it. */
async function nextTaskId(sandbox: Sandbox): Promise<string> {
  const { taskId } = await sandbox.nextRequest((request) => request.method === 'POST');
  return taskId ?? expect.unreachable('the request made no task');
}

async function readEnvelope(sandbox: Sandbox, taskId: string): Promise<Envelope<WireRecord>> {
  const response = await fetch(
    `${sandbox.url}/api/v1/runway/record-detail?taskId=${encodeURIComponent(taskId)}`,
    { headers: { authorization: 'Bearer sandbox-key' } },
  );
  return (await response.json()) as Envelope<WireRecord>;
}

async function readRecord(sandbox: Sandbox, taskId: string) {
  const { data } = await readEnvelope(sandbox, taskId);
  return data;
}

describe('the extend endpoint', () => {
  it('accepts a request and records it with its task', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    const input = { ...toInput('The cat dances on'), waterMark: '', expandPrompt: true };

    const response = await post(sandbox, input);

    const { code, msg, data } = await toAcceptance(response);
    expect({ status: response.status, code, msg }).toEqual({
      status: 200,
      code: 200,
      msg: 'success',
    });
    expect(data.taskId).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
    expect(sandbox.requests).toEqual([
      {
        method: 'POST',
        path: '/api/v1/runway/extend',
        body: input,
        at: expect.any(Number),
        taskId: data.taskId,
      },
    ]);
  });

  it.each([
    ['no taskId', { taskId: undefined }, 'taskId'],
    ['no prompt', { prompt: undefined }, 'prompt'],
    ['an empty prompt', { prompt: '' }, 'prompt'],
    ['a prompt of 2049 characters', { prompt: '🐈'.repeat(2049) }, 'prompt'],
    ['no quality', { quality: undefined }, 'quality'],
    ['an unknown quality', { quality: '4k' }, 'quality'],
    ['no callBackUrl', { callBackUrl: undefined }, 'callBackUrl'],
    ['a callBackUrl that is not http', { callBackUrl: 'ftp://example.com' }, 'callBackUrl'],
  ])('answers code 422 to %s', async (_fault, change, field) => {
    await using sandbox = await startSandbox();

    const response = await post(sandbox, { ...toInput('On'), ...change });

    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      code: 422,
      msg: expect.stringContaining(`${field}: `),
      data: null,
    });
    expect(sandbox.tasks.size).toBe(1);
  });

  it('counts the characters of a prompt in code points', async () => {
    await using sandbox = await startSandbox({ autoplay: false });

    const response = await extend(sandbox, '🐈'.repeat(2048));

    expect(await response.json()).toMatchObject({ code: 200 });
  });

  it('answers code 401 for another key and creates no task', async () => {
    await using sandbox = await startSandbox({ apiKey: 'right' });

    const response = await post(sandbox, toInput('On'), 'wrong');

    expect(await response.json()).toMatchObject({ code: 401, data: null });
    expect(sandbox.tasks.size).toBe(1);
  });

  it('extends finished videos, and refuses unfinished and unknown ones', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    const first = await submit(sandbox, 'On #callback-lost');
    const unfinished = await post(sandbox, { ...toInput('On'), taskId: first });
    await sandbox.complete(first);

    const finished = await post(sandbox, { ...toInput('And on'), taskId: first });
    const unknown = await post(sandbox, { ...toInput('On'), taskId: 'unknown' });

    expect(await unfinished.json()).toMatchObject({ code: 422, data: null });
    expect(await unknown.json()).toMatchObject({ code: 404, data: null });
    const { data } = await toAcceptance(finished);
    expect(await readRecord(sandbox, data.taskId)).toMatchObject({ parentTaskId: first });
  });

  it('refuses requests above the limit with code 429 and Retry-After', async () => {
    await using sandbox = await startSandbox({
      autoplay: false,
      rateLimit: { requests: 2, windowMs: 60_000 },
    });

    const first = await toAcceptance(await extend(sandbox, 'One'));
    const second = await toAcceptance(await extend(sandbox, 'Two'));
    const third = await extend(sandbox, 'Three');

    expect([first.code, second.code]).toEqual([200, 200]);
    expect(await third.json()).toMatchObject({ code: 429, data: null });
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(third.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect(sandbox.tasks.size).toBe(3);
  });
});

describe('the record-detail endpoint', () => {
  it('has the original video of the reference from the start', async () => {
    await using sandbox = await startSandbox();

    const record = await readRecord(sandbox, 'ee603959-debb-48d1-98c4-a6d1c717eba6');

    expect(record).toMatchObject({ parentTaskId: '', state: 'success', expireFlag: 0 });
    const file = await fetch(record.videoInfo.videoUrl);
    expect(file.status).toBe(200);
  });

  it('reports each state, and the files at the end', async () => {
    await using sandbox = await startSandbox({ autoplay: false, stepMs: 0 });
    const taskId = await submit(sandbox, 'On #callback-lost');

    const states = [];
    for (let step = 0; step < 3; step++) {
      const record = await readRecord(sandbox, taskId);
      states.push([record.state, record.videoInfo]);
      await sandbox.advance(taskId);
    }

    expect(states).toEqual([
      ['wait', null],
      ['queueing', null],
      ['generating', null],
    ]);
    expect(await readRecord(sandbox, taskId)).toEqual({
      taskId,
      parentTaskId: ORIGINAL_TASK_ID,
      generateParam: { prompt: 'On #callback-lost', imageUrl: '', expandPrompt: false },
      state: 'success',
      generateTime: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
      videoInfo: {
        videoId: expect.any(String),
        taskId,
        videoUrl: expect.stringMatching(/^http:.*\.mp4$/),
        imageUrl: expect.stringMatching(/^http:.*\.png$/),
      },
      failCode: '',
      failMsg: '',
      expireFlag: 0,
    });
  });

  it('answers code 422 and no data for an unknown task', async () => {
    await using sandbox = await startSandbox();

    const envelope = await readEnvelope(sandbox, 'unknown');

    expect(envelope).toEqual({ code: 422, msg: 'recordInfo is null', data: null });
  });

  it('requires the key', async () => {
    await using sandbox = await startSandbox();

    const response = await fetch(
      `${sandbox.url}/api/v1/runway/record-detail?taskId=${ORIGINAL_TASK_ID}`,
    );

    expect(await response.json()).toMatchObject({ code: 401, data: null });
  });
});

describe('callbacks', () => {
  it('are sent when a task has ended by autoplay', async () => {
    await using receiver = await startReceiver();
    await using sandbox = await startSandbox({ stepMs: 1 });

    const taskId = await submit(sandbox, 'On', receiver.url);
    const delivery = await sandbox.nextCallback();

    const { videoInfo, state } = await readRecord(sandbox, taskId);
    expect(state).toBe('success');
    expect(receiver.received.map(({ body }) => body)).toEqual([
      {
        code: 200,
        msg: 'All generated successfully.',
        data: {
          task_id: taskId,
          video_id: videoInfo.videoId,
          video_url: videoInfo.videoUrl,
          image_url: videoInfo.imageUrl,
        },
      },
    ]);
    expect(delivery).toMatchObject({
      taskId,
      callBackUrl: receiver.url,
      attempt: 1,
      status: 200,
      error: null,
      acknowledged: true,
    });
  });

  it('are retried until one is acknowledged', async () => {
    const answers: Answer[] = [
      { status: 307, body: CONFIRMATION, headers: { location: '/elsewhere' } },
      { status: 200, body: '<html>' },
      { status: 200, body: JSON.stringify({ code: 500, msg: 'later' }) },
    ];
    await using receiver = await startReceiver(
      () => answers.shift() ?? { status: 200, body: CONFIRMATION },
    );
    await using sandbox = await startSandbox({ autoplay: false, retryDelaysMs: [1, 1, 1] });

    const taskId = await submit(sandbox, 'On', receiver.url);
    await sandbox.complete(taskId);
    await sandbox.nextCallback(({ acknowledged }) => acknowledged);

    expect(
      sandbox.callbacks.map(({ attempt, status, acknowledged }) => [attempt, status, acknowledged]),
    ).toEqual([
      [1, 307, false],
      [2, 200, false],
      [3, 200, false],
      [4, 200, true],
    ]);
  });

  it('are not repeated after an acknowledgement or after the third retry', async () => {
    const given = new Map<string, Answer[]>();
    await using receiver = await startReceiver(
      ({ body }) => given.get(body.data?.task_id ?? '')?.shift() ?? 'cut',
    );
    await using sandbox = await startSandbox({ autoplay: false, retryDelaysMs: [1, 1, 1] });
    const atOnce = await submit(sandbox, 'Acknowledged at once', receiver.url);
    const later = await submit(sandbox, 'Acknowledged later', receiver.url);
    const never = await submit(sandbox, 'Given up', receiver.url);
    const last = await submit(sandbox, 'By whose end all else would have come', receiver.url);
    given.set(atOnce, [{ status: 200, body: CONFIRMATION }]);
    given.set(later, ['cut', { status: 200, body: CONFIRMATION }]);

    await sandbox.complete(atOnce);
    await sandbox.complete(later);
    await sandbox.nextCallback((callback) => callback.taskId === later && callback.acknowledged);
    for (const taskId of [never, last]) {
      await sandbox.complete(taskId);
      await sandbox.nextCallback(
        (callback) => callback.taskId === taskId && callback.attempt === 4,
      );
    }

    const attempts = Map.groupBy(sandbox.callbacks, ({ taskId }) => taskId);
    expect(attempts.get(atOnce)?.map(({ attempt }) => attempt)).toEqual([1]);
    expect(attempts.get(later)?.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(attempts.get(never)?.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
    expect(attempts.get(never)).toEqual(
      Array(4).fill(expect.objectContaining({ status: null, error: expect.any(String) })),
    );
  });

  it('do not wait for an answer forever', async () => {
    await using receiver = await startReceiver(() => new Promise<Answer>(() => {}));
    await using sandbox = await startSandbox({
      autoplay: false,
      // Long enough for the callback to have come on a busy machine.
      callbackTimeoutMs: 1_000,
      retryDelaysMs: [],
    });

    const taskId = await submit(sandbox, 'On', receiver.url);
    await sandbox.complete(taskId);

    expect(sandbox.callbacks).toMatchObject([
      { status: null, error: expect.stringContaining('timeout'), acknowledged: false },
    ]);
    expect(receiver.received).toHaveLength(1);
  });

  it('are signed if there is a key', async () => {
    await using receiver = await startReceiver();
    await using sandbox = await startSandbox({ autoplay: false, webhookHmacKey: 'shared' });

    const taskId = await submit(sandbox, 'On', receiver.url);
    const before = Math.floor(Date.now() / 1000);
    await sandbox.complete(taskId);

    const headers = receiver.received[0]?.headers ?? {};
    const timestamp = String(headers['x-webhook-timestamp']);
    expect(Number(timestamp)).toBeGreaterThanOrEqual(before);
    expect(Number(timestamp)).toBeLessThanOrEqual(Date.now() / 1000);
    expect(headers['x-webhook-signature']).toBe(
      createHmac('sha256', 'shared').update(`${taskId}.${timestamp}`).digest('base64'),
    );
  });

  it('are not signed without a key', async () => {
    await using receiver = await startReceiver();
    await using sandbox = await startSandbox({ autoplay: false });

    await sandbox.complete(await submit(sandbox, 'On', receiver.url));

    expect(Object.keys(receiver.received[0]?.headers ?? {})).toContain('content-type');
    expect(receiver.received[0]?.headers).not.toHaveProperty('x-webhook-signature');
    expect(receiver.received[0]?.headers).not.toHaveProperty('x-webhook-timestamp');
  });
});

describe('words in the prompt', () => {
  it.each([401, 404, 422, 429, 451, 455, 500])(
    '#%i refuses with this code, and its #http- form with this status',
    async (code) => {
      await using sandbox = await startSandbox();

      const byEnvelope = await extend(sandbox, `On #${code}`);
      const byStatus = await extend(sandbox, `On #http-${code}`);

      expect([byEnvelope.status, byStatus.status]).toEqual([200, code]);
      for (const response of [byEnvelope, byStatus]) {
        expect(await response.json()).toEqual({
          code,
          msg: expect.stringMatching(/\w/),
          data: null,
        });
        expect(response.headers.get('retry-after')).toBe(code === 429 ? '10' : null);
      }
      expect(sandbox.tasks.size).toBe(1);
    },
  );

  it.each([
    ['#html-429', 429, '10'],
    ['#html', 502, null],
  ])('%s refuses with an HTML page', async (word, status, retryAfter) => {
    await using sandbox = await startSandbox();

    const response = await extend(sandbox, word);

    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('text/html');
    expect(response.headers.get('retry-after')).toBe(retryAfter);
    expect(await response.text()).toMatch(/^<html>/);
    expect(sandbox.tasks.size).toBe(1);
  });

  it.each([
    ['#bad-image', 400, 'Get image info failed.'],
    ['#inappropriate', 400, 'Inappropriate content detected. Please replace the image or video.'],
    ['#image-format', 400, 'Incorrect image format.'],
    [
      '#membership',
      400,
      'Please try again later. You can upgrade to Standard membership to start generating now.',
    ],
    ['#concurrency', 400, 'Reached the limit for concurrent generations.'],
    ['#dimensions', 400, 'Unsupported width or height. Please adjust the size and try again.'],
    ['#upload', 400, 'Upload failed due to network reasons, please re-enter.'],
    [
      '#moderated',
      400,
      'Your prompt was caught by our AI moderator. Please adjust it and try again!',
    ],
    [
      '#too-long',
      400,
      'Your prompt/negative prompt cannot exceed 2048 characters. Please check if your input is too long.',
    ],
    [
      '#nsfw',
      400,
      "Your video creation prompt contains NSFW content, which isn't allowed under our policy. Kindly revise your prompt and generate again.",
    ],
    ['#fail-500', 500, 'An unexpected error occurred while processing the request'],
  ])('%s fails the task', async (word, code, msg) => {
    await using receiver = await startReceiver();
    await using sandbox = await startSandbox({ stepMs: 1 });

    const taskId = await submit(sandbox, `A cat, ${word.toUpperCase()}.`, receiver.url);
    await sandbox.nextCallback();

    const data = { task_id: taskId, video_id: '', video_url: '', image_url: '' };
    expect(receiver.received[0]?.body).toEqual({ code, msg, data: code === 400 ? data : null });
    expect(await readRecord(sandbox, taskId)).toMatchObject({
      state: 'fail',
      failCode: code,
      failMsg: msg,
      videoInfo: null,
    });
  });

  it('#empty creates the task and answers with an empty body', async () => {
    await using receiver = await startReceiver();
    await using sandbox = await startSandbox({ stepMs: 1 });

    const response = await extend(sandbox, '#empty', receiver.url);

    expect([response.status, await response.text()]).toEqual([200, '']);
    const { taskId, acknowledged } = await sandbox.nextCallback();
    expect({ taskId, acknowledged }).toEqual({
      taskId: await nextTaskId(sandbox),
      acknowledged: true,
    });
  });

  it('#no-task-id creates the task and does not name it', async () => {
    await using receiver = await startReceiver();
    await using sandbox = await startSandbox({ stepMs: 1 });

    const response = await extend(sandbox, '#no-task-id', receiver.url);

    expect(await response.json()).toEqual({ code: 200, msg: 'success', data: {} });
    expect((await sandbox.nextCallback()).taskId).toBe(await nextTaskId(sandbox));
  });

  it('#cut-off creates the task and truncates the answer', async () => {
    await using receiver = await startReceiver();
    await using sandbox = await startSandbox({ stepMs: 1 });

    const response = await extend(sandbox, '#cut-off', receiver.url);

    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
    expect((await sandbox.nextCallback()).taskId).toBe(await nextTaskId(sandbox));
  });

  it('#answer-lost creates the task and cuts the connection', async () => {
    await using receiver = await startReceiver();
    await using sandbox = await startSandbox({ stepMs: 1 });

    const answer = extend(sandbox, '#answer-lost', receiver.url);

    await expect(answer).rejects.toThrow();
    expect((await sandbox.nextCallback()).taskId).toBe(await nextTaskId(sandbox));
  });

  it('#timeout creates the task and never answers', async () => {
    await using receiver = await startReceiver();
    await using sandbox = await startSandbox({ stepMs: 1 });

    const answer = extend(sandbox, '#timeout', receiver.url);
    const outcome = expect(answer).rejects.toThrow();
    const { taskId } = await sandbox.nextCallback();

    expect(taskId).toBe(await nextTaskId(sandbox));
    // Had there been an answer it would have been kept, whatever happens to the connection later.
    await sandbox.close();
    await outcome;
  });

  it('#slow-answer answers after the time of ten steps', async () => {
    await using sandbox = await startSandbox({ stepMs: 20 });

    const before = Date.now();
    const response = await extend(sandbox, '#slow-answer');

    expect(await response.json()).toMatchObject({ code: 200 });
    expect(Date.now() - before).toBeGreaterThanOrEqual(190);
  });

  it('#callback-first answers after the callback was answered', async () => {
    const gate = Promise.withResolvers<Answer>();
    await using receiver = await startReceiver(() => gate.promise);
    await using sandbox = await startSandbox({ autoplay: false });

    let answered = false;
    const answer = extend(sandbox, '#callback-first', receiver.url).finally(() => {
      answered = true;
    });
    const taskId = await nextTaskId(sandbox);
    // A round trip that begins after the request's: an answer that did not wait would be here.
    expect(await readRecord(sandbox, taskId)).toMatchObject({ state: 'success' });
    expect(answered).toBe(false);
    gate.resolve({ status: 200, body: CONFIRMATION });

    const response = await answer;
    expect(await response.json()).toMatchObject({ code: 200, data: { taskId } });
    expect(sandbox.callbacks).toMatchObject([{ taskId, acknowledged: true }]);
  });

  it('#callback-twice sends the same callback again', async () => {
    await using receiver = await startReceiver();
    await using sandbox = await startSandbox({ autoplay: false });

    await sandbox.complete(await submit(sandbox, '#callback-twice', receiver.url));

    const [first, second, ...more] = receiver.received.map(({ body }) => body);
    expect(first).toMatchObject({ code: 200 });
    expect(second).toEqual(first);
    expect(more).toEqual([]);
  });

  it('#callback-lost sends none', async () => {
    await using receiver = await startReceiver();
    await using sandbox = await startSandbox({ autoplay: false });

    const taskId = await submit(sandbox, '#callback-lost', receiver.url);
    await sandbox.complete(taskId);

    expect(await readRecord(sandbox, taskId)).toMatchObject({ state: 'success' });
    expect(receiver.received).toEqual([]);
  });

  it('#slow takes ten times as long', async () => {
    await using receiver = await startReceiver();
    await using sandbox = await startSandbox({ stepMs: 10 });

    const before = Date.now();
    await submit(sandbox, '#slow', receiver.url);
    const { at } = await sandbox.nextCallback();

    expect(at - before).toBeGreaterThanOrEqual(290);
  });

  it('#forever stays at generating', async () => {
    await using sandbox = await startSandbox({ autoplay: false });

    const taskId = await submit(sandbox, '#forever');
    for (let step = 0; step < 9; step++) await sandbox.advance(taskId);

    expect(await readRecord(sandbox, taskId)).toMatchObject({ state: 'generating' });
    expect(sandbox.callbacks).toEqual([]);
  });

  it('#no-url succeeds without URLs', async () => {
    await using receiver = await startReceiver();
    await using sandbox = await startSandbox({ autoplay: false });

    const taskId = await submit(sandbox, '#no-url', receiver.url);
    await sandbox.complete(taskId);

    expect(receiver.received[0]?.body).toMatchObject({
      code: 200,
      data: { task_id: taskId, video_url: '', image_url: '' },
    });
    expect(await readRecord(sandbox, taskId)).toMatchObject({
      state: 'success',
      videoInfo: { videoUrl: '', imageUrl: '' },
    });
  });

  it('#expired succeeds, and its files are gone', async () => {
    await using receiver = await startReceiver();
    await using sandbox = await startSandbox({ autoplay: false });

    const taskId = await submit(sandbox, '#expired', receiver.url);
    await sandbox.complete(taskId);

    expect(receiver.received[0]?.body).toMatchObject({
      code: 200,
      data: { task_id: taskId, video_url: '', image_url: '' },
    });
    const record = await readRecord(sandbox, taskId);
    expect(record).toMatchObject({ state: 'success', expireFlag: 1 });
    expect((await fetch(record.videoInfo.videoUrl)).status).toBe(404);
  });

  it('refuse only the first request with the prompt: #busy', async () => {
    await using sandbox = await startSandbox({ autoplay: false });

    const codes: number[] = [];
    for (const prompt of ['The sea #busy', 'The sea #busy', 'The moon #busy']) {
      codes.push((await toAcceptance(await extend(sandbox, prompt))).code);
    }

    expect(codes).toEqual([429, 200, 429]);
  });

  it('must be whole words: parts and unknown words are ignored', async () => {
    await using sandbox = await startSandbox({ autoplay: false });

    const response = await extend(sandbox, 'Room 429, #4290, #nsfw-not, #constructor');

    const { code, data } = await toAcceptance(response);
    expect(code).toBe(200);
    expect(sandbox.tasks.get(data.taskId)?.behaviour).toEqual({});
  });

  it('are listed in docs/sandbox.md with the descriptions of the code', async () => {
    const page = await readFile(new URL('../docs/sandbox.md', import.meta.url), 'utf8');

    const rows = page.matchAll(/^\| `(#.*?)` \| (.*) \|$/gm);

    expect(Array.from(rows, ([, word, description]) => ({ word, description }))).toEqual(
      SCENARIOS.map(({ word, description }) => ({ word, description })),
    );
  });
});

describe('an original', () => {
  const REQUEST = {
    prompt: 'A cat dances',
    aspectRatio: '16:9',
    duration: 5,
    quality: '720p',
    callBackUrl: 'http://127.0.0.1:1/callback',
  };

  function generate(sandbox: Sandbox, changes: object = {}) {
    return fetch(`${sandbox.url}/api/v1/runway/generate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer sandbox-key' },
      body: JSON.stringify({ ...REQUEST, ...changes }),
    });
  }

  it('is made from a prompt, extends no video, and shows another film than the next one', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    const films: string[] = [];
    for (const _ of [1, 2]) {
      const { data } = await toAcceptance(await generate(sandbox));
      await sandbox.complete(data.taskId);
      const record = await readRecord(sandbox, data.taskId);
      expect(record).toMatchObject({ state: 'success', parentTaskId: '' });
      films.push(await (await fetch(record.videoInfo.videoUrl)).text());
    }
    expect(films[0]).not.toBe(films[1]);
  });

  it.each([
    ['neither image nor aspect ratio', { aspectRatio: undefined }],
    ['another length', { duration: 7 }],
    ['ten seconds in 1080p', { duration: 10, quality: '1080p' }],
    ['1801 characters', { prompt: 'x'.repeat(1801) }],
  ])('is refused with 422: %s', async (_what, changes) => {
    await using sandbox = await startSandbox();
    expect(await (await generate(sandbox, changes)).json()).toMatchObject({ code: 422 });
  });

  it('reduces the balance', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    const read = async () => {
      const response = await fetch(`${sandbox.url}/api/v1/chat/credit`, {
        headers: { authorization: 'Bearer sandbox-key' },
      });
      return ((await response.json()) as { data: number }).data;
    };
    const before = await read();
    await generate(sandbox);
    expect(await read()).toBe(before - 12);
  });
});

describe('files', () => {
  it('are a video and an image that pages of any origin may load', async () => {
    await using sandbox = await startSandbox();
    const { videoInfo } = await readRecord(sandbox, ORIGINAL_TASK_ID);

    const video = await fetch(videoInfo.videoUrl);
    const cover = await fetch(videoInfo.imageUrl);

    expect(video.headers.get('content-type')).toBe('video/mp4');
    expect(video.headers.get('access-control-allow-origin')).toBe('*');
    expect(Buffer.from(await video.arrayBuffer()).toString('latin1', 4, 8)).toBe('ftyp');
    expect(cover.headers.get('content-type')).toBe('image/png');
    expect(Buffer.from(await cover.arrayBuffer()).toString('latin1', 1, 4)).toBe('PNG');
  });

  it.each([
    ['bytes=4-7', 4, 7],
    ['bytes=100-', 100, Number.POSITIVE_INFINITY],
    ['bytes=-10', -10, Number.POSITIVE_INFINITY],
    ['bytes=0-99999999', 0, Number.POSITIVE_INFINITY],
  ])('answer %s with that part', async (range, first, last) => {
    await using sandbox = await startSandbox();
    const { videoInfo } = await readRecord(sandbox, ORIGINAL_TASK_ID);
    const whole = Buffer.from(await (await fetch(videoInfo.videoUrl)).arrayBuffer());
    const start = first < 0 ? whole.length + first : first;
    const end = Math.min(last, whole.length - 1);

    const response = await fetch(videoInfo.videoUrl, { headers: { range } });

    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(`bytes ${start}-${end}/${whole.length}`);
    expect(Buffer.from(await response.arrayBuffer()).equals(whole.subarray(start, end + 1))).toBe(
      true,
    );
  });

  it('refuse a range past their end, and ignore several or malformed ranges', async () => {
    await using sandbox = await startSandbox();
    const { videoInfo } = await readRecord(sandbox, ORIGINAL_TASK_ID);
    const ask = (range: string) => fetch(videoInfo.videoUrl, { headers: { range } });

    const statuses = await Promise.all(
      ['bytes=99999999-', 'bytes=-0', 'bytes=7-4', 'bytes=-', 'bytes=0-1,4-5', 'lines=1-2'].map(
        async (range) => (await ask(range)).status,
      ),
    );

    expect(statuses).toEqual([416, 416, 200, 200, 200, 200]);
  });

  it('do not exist before the video or under another name', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    const taskId = await submit(sandbox, '#callback-lost');
    const early = `${sandbox.url}/files/${sandbox.tasks.get(taskId)?.videoId}.mp4`;

    const before = await fetch(early);
    await sandbox.complete(taskId);
    const after = await fetch(early);
    const unknown = await fetch(`${sandbox.url}/files/..%2f..%2fpackage.json`);

    expect([before.status, after.status, unknown.status]).toEqual([404, 200, 404]);
  });
});

describe('the control methods', () => {
  it('end a task with the given outcome, also a second time', async () => {
    await using receiver = await startReceiver();
    await using sandbox = await startSandbox({ autoplay: false });
    const taskId = await submit(sandbox, 'On', receiver.url);

    await sandbox.complete(taskId, { code: 400, msg: 'Out of film.' });
    const failed = await readRecord(sandbox, taskId);
    await sandbox.complete(taskId, { code: 200, msg: 'After all.' });

    expect(failed).toMatchObject({ state: 'fail', failCode: 400, failMsg: 'Out of film.' });
    expect(await readRecord(sandbox, taskId)).toMatchObject({ state: 'success' });
    expect(receiver.received.map(({ body }) => body.msg)).toEqual(['Out of film.', 'After all.']);
  });

  it('send a callback on demand, once, with any body', async () => {
    await using receiver = await startReceiver(() => ({ status: 400, body: '' }));
    await using sandbox = await startSandbox({ autoplay: false, retryDelaysMs: [1] });
    const taskId = await submit(sandbox, 'On', receiver.url);

    const delivery = await sandbox.sendCallback(taskId, { code: 'odd' });
    await sandbox.sendCallback(taskId);

    expect(delivery).toMatchObject({ taskId, status: 400, acknowledged: false });
    expect(receiver.received.map(({ body }) => body)).toEqual([
      { code: 'odd' },
      expect.objectContaining({ code: 200 }),
    ]);
    expect(await readRecord(sandbox, taskId)).toMatchObject({ state: 'wait' });
  });

  it('hold a slow answer until it is released', async () => {
    await using sandbox = await startSandbox({ autoplay: false, stepMs: 0 });

    const answer = extend(sandbox, '#slow-answer');
    const taskId = await nextTaskId(sandbox);
    sandbox.answer(taskId);

    expect(await (await answer).json()).toMatchObject({ code: 200, data: { taskId } });
    expect(() => sandbox.answer(taskId)).toThrow('No answer is held back');
  });

  it('give each event to one waiter, whether it came before or after', async () => {
    await using sandbox = await startSandbox({ autoplay: false });

    await submit(sandbox, 'One');
    const waits = [sandbox.nextRequest(), sandbox.nextRequest(), sandbox.nextRequest()];
    await submit(sandbox, 'Two');
    await submit(sandbox, 'Three');

    const bodies = (await Promise.all(waits)).map(({ body }) => body);
    expect(bodies).toEqual([toInput('One'), toInput('Two'), toInput('Three')]);
  });

  it('throw for an unknown task', async () => {
    await using sandbox = await startSandbox();

    await expect(sandbox.advance('unknown')).rejects.toThrow('no task unknown');
    await expect(sandbox.complete('unknown')).rejects.toThrow('no task unknown');
    await expect(sandbox.sendCallback('unknown')).rejects.toThrow('no task unknown');
  });

  it('close ends held answers, waits and the port', async () => {
    const sandbox = await startSandbox({ autoplay: false });
    const answer = expect(extend(sandbox, '#slow-answer')).rejects.toThrow();
    await sandbox.nextRequest();
    const wait = expect(sandbox.nextCallback()).rejects.toThrow('closed');

    await Promise.all([sandbox.close(), sandbox.close()]);

    await Promise.all([answer, wait]);
    await expect(fetch(sandbox.url)).rejects.toThrow();
  });
});

describe('malformed requests', () => {
  it.each([
    ['GET', '/', 404],
    ['POST', '/api/v1/runway/unknown', 404],
    ['GET', '/api/v1/runway/extend', 405],
    ['DELETE', '/api/v1/runway/record-detail', 405],
    ['GET', '/files/', 404],
    ['DELETE', '/files/485da89c-7fca-4340-8c04-101025b2ae71.mp4', 405],
    ['GET', '//', 404],
  ])('%s %s is answered with %i', async (method, path, code) => {
    await using sandbox = await startSandbox();

    const response = await fetch(`${sandbox.url}${path}`, { method });

    expect(response.status).toBe(code);
    expect(await response.json()).toEqual({ code, msg: expect.any(String), data: null });
  });

  it.each(['', 'null', '[]', '"text"', '{"taskId":'])(
    'the body %j is answered with code 422',
    async (body) => {
      await using sandbox = await startSandbox();

      const response = await post(sandbox, body);

      expect(await response.json()).toMatchObject({ code: 422, data: null });
    },
  );

  it('a body over 64 KiB is refused', async () => {
    await using sandbox = await startSandbox();

    const response = await post(sandbox, toInput('x'.repeat(1024 * 1024)));

    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: 413, data: null });
  });

  it('invalid or interrupted HTTP does not stop the server', async () => {
    await using sandbox = await startSandbox();
    const { port } = new URL(sandbox.url);
    const head =
      'POST /api/v1/runway/extend HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"ta';

    const garbage = connect(Number(port), '127.0.0.1').resume();
    garbage.end('\x16\x03\x01 this is not HTTP\r\n\r\n');
    const broken = connect(Number(port), '127.0.0.1').resume();
    broken.end(head);
    await Promise.all([once(garbage, 'close'), once(broken, 'close')]);

    expect(await readRecord(sandbox, ORIGINAL_TASK_ID)).toMatchObject({ state: 'success' });
  });
});

describe('longtake sandbox', () => {
  const main = fileURLToPath(new URL('../src/sandbox/main.ts', import.meta.url));

  it('prints its address and its use, and exits on SIGTERM', async () => {
    const env = { ...process.env, PORT: '0', SANDBOX_API_KEY: '', SANDBOX_WEBHOOK_HMAC_KEY: '' };
    const child = spawn(process.execPath, [main], { env });
    const exit = once(child, 'exit');

    let url: string | undefined;
    for await (const line of createInterface(child.stdout)) {
      url = /UPSTREAM_URL=(\S+) APIKLEY_API_KEY=sandbox-key npx longtake start/.exec(line)?.[1];
      if (url) break;
    }
    const response = await fetch(`${url}/api/v1/runway/record-detail?taskId=${ORIGINAL_TASK_ID}`, {
      headers: { authorization: 'Bearer sandbox-key' },
    });
    child.kill('SIGTERM');

    expect(await response.json()).toMatchObject({ code: 200, data: { state: 'success' } });
    expect(await exit).toEqual([0, null]);
  });

  it('names every fault of the environment and does not start', async () => {
    const env = { ...process.env, PORT: 'http', SANDBOX_STEP_MS: '-1' };
    const child = spawn(process.execPath, [main], { env });
    const exit = once(child, 'exit');

    const message = await text(child.stderr);

    expect(await exit).toEqual([1, null]);
    expect(message).toContain('PORT');
    expect(message).toContain('SANDBOX_STEP_MS');
  });
});

describe('a long-running sandbox', () => {
  it('keeps the original and the latest 10,000 tasks', () => {
    const tasks = createTasks({
      stepMs: 1,
      autoplay: false,
      signal: new AbortController().signal,
      onEnded: async () => {},
    });
    const create = () =>
      tasks.create({
        parentTaskId: ORIGINAL_TASK_ID,
        prompt: 'Dance',
        imageUrl: null,
        expandPrompt: false,
        callBackUrl: 'http://127.0.0.1:9/callback',
        behaviour: {},
      });

    const first = create();
    const all = Array.from({ length: 10_050 }, create);

    expect(tasks.byId.size).toBe(10_000);
    expect(tasks.byId.has(ORIGINAL_TASK_ID)).toBe(true);
    expect(tasks.byId.has(first.taskId)).toBe(false);
    expect(tasks.findByVideoId(first.videoId)).toBeUndefined();
    expect(tasks.byId.get(all.at(-1)?.taskId ?? '')).toBe(all.at(-1));
  });
});
