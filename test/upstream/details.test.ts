import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { UpstreamError, UpstreamUnreachableError } from '../../src/errors.ts';
import { fetchDetails } from '../../src/upstream/details.ts';
import {
  answerJson,
  type RecordedRequest,
  type Script,
  startScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { API_KEY, failureOf, startClient } from './support.ts';

const task = {
  taskId: 'task-1',
  parentTaskId: 'source-1',
  generateParam: {
    prompt: 'The cat dances on.',
    imageUrl: 'https://p.example/a.png',
    expandPrompt: true,
  },
  state: 'success',
  generateTime: '2023-08-15 14:30:45',
  videoInfo: {
    videoId: 'video-1',
    taskId: 'task-1',
    videoUrl: 'https://files.example/v.mp4',
    imageUrl: 'https://files.example/c.png',
  },
  failCode: '',
  failMsg: '',
  expireFlag: 0,
};

/** What a read of task-1 makes of this `data`. */
async function reportOf(data: unknown) {
  await using upstream = await startScriptedUpstream((_, response) =>
    answerJson(response, { code: 200, msg: 'success', data }),
  );
  await using client = startClient(upstream.url);
  return await fetchDetails(client, 'task-1');
}

/** Reads task-1 from an upstream with this script; returns the outcome and the number of requests. */
async function readAgainst(script: Script) {
  await using upstream = await startScriptedUpstream(script);
  await using client = startClient(upstream.url);
  const outcome = await fetchDetails(client, 'task-1').then(
    (report) => ({ report, error: null }),
    (error: unknown) => ({ report: null, error }),
  );
  return { ...outcome, gets: upstream.requests.length };
}

describe('the details of a task', () => {
  it('are requested by its id', async () => {
    await using upstream = await startScriptedUpstream((_, response) =>
      answerJson(response, { code: 200, data: null }),
    );
    await using client = startClient(upstream.url);

    await fetchDetails(client, 'a&b=c/ü \ud800');

    const [request] = upstream.requests as [RecordedRequest];
    expect(request.method).toBe('GET');
    expect(request.path).toBe('/api/v1/runway/record-detail');
    expect([...request.query]).toEqual([['taskId', 'a&b=c/ü \ufffd']]);
    expect(request.headers.authorization).toBe(`Bearer ${API_KEY}`);
    expect(request.body).toBe('');
  });

  it('are logged without the id', async () => {
    await using upstream = await startScriptedUpstream((_, response) =>
      answerJson(response, { code: 200, data: task }),
    );
    const lines: object[] = [];
    const log = (fields: object) => lines.push(fields);
    await using client = startClient(upstream.url, { logger: { debug: log, warn: log } });

    await fetchDetails(client, 'task-1');

    const path = '/api/v1/runway/record-detail';
    expect(lines).toEqual([expect.objectContaining({ method: 'GET', path, status: 200 })]);
  });

  it('are parsed as a report', async () => {
    expect(await reportOf(task)).toEqual({
      taskId: 'task-1',
      state: 'SUCCEEDED',
      sourceTaskId: 'source-1',
      prompt: 'The cat dances on.',
      imageUrl: 'https://p.example/a.png',
      expandPrompt: true,
      files: {
        videoId: 'video-1',
        videoUrl: 'https://files.example/v.mp4',
        coverUrl: 'https://files.example/c.png',
      },
      failure: null,
      expired: false,
    });
  });

  it.each([
    ['wait', 'WAITING'],
    ['waiting', 'WAITING'],
    ['queueing', 'QUEUED'],
    ['queuing', 'QUEUED'],
    ['generating', 'GENERATING'],
    ['success', 'SUCCEEDED'],
    ['fail', 'FAILED'],
    [' Generating ', 'GENERATING'],
  ])('with %j mean %s', async (word, state) => {
    expect(await reportOf({ ...task, state: word })).toHaveProperty('state', state);
  });

  const WORDS = [
    ...['completed', 'done', 'succeeded', 'failed', 'error', 'cancelled', 'timeout'],
    ...['paused', 'constructor', '', 3, undefined],
  ];
  it.each(WORDS)('depend on file and failure text with the state %j', async (state) => {
    const open = { ...task, state, videoInfo: { videoUrl: '' } };

    expect(await reportOf({ ...task, state, failMsg: 'x' })).toMatchObject({
      state: 'SUCCEEDED',
      failure: null,
    });
    expect(await reportOf({ ...open, failMsg: 'Incorrect image format.' })).toMatchObject({
      state: 'FAILED',
      files: null,
      failure: { reason: 'INCORRECT_IMAGE_FORMAT' },
    });
    expect(await reportOf({ ...open, failCode: 500 })).toMatchObject({
      state: null,
      files: null,
      failure: null,
    });
  });

  it('with an unknown word are logged once', async () => {
    const states = ['done', 'DONE ', 'error', '', 'x'.repeat(100), 'done', 'success'];
    await using upstream = await startScriptedUpstream((_, response) =>
      answerJson(response, { code: 200, data: { state: states[upstream.requests.length - 1] } }),
    );
    const lines: object[] = [];
    const logger = { debug: () => {}, warn: (fields: object) => lines.push(fields) };
    await using client = startClient(upstream.url, { logger });

    for (const _state of states) await fetchDetails(client, 'task-1');

    expect(lines).toEqual([
      { state: 'done' },
      { state: 'error' },
      { state: '' },
      { state: expect.stringMatching(/^x{39}…$/) },
    ]);
  });

  it('may have numbers as ids, JSON in strings, and URLs without a scheme', async () => {
    const { parentTaskId: _parent, ...rest } = task;
    const numbered = {
      ...rest,
      parentId: 12,
      generateParam: JSON.stringify(task.generateParam),
      videoInfo: JSON.stringify({
        videoId: 34,
        videoUrl: '//files.example/v.mp4',
        imageUrl: '//files.example/c.png',
      }),
    };

    const expected = await reportOf(task);
    const report = await reportOf(numbered);

    const files = { ...expected?.files, videoId: '34' };
    expect(report).toEqual({ ...expected, sourceTaskId: '12', files });
    expect(await reportOf(JSON.stringify(numbered))).toEqual(report);
  });

  it.each([2_151_574_698, '2151574698'])('are of the requested task: %j', async (taskId) => {
    await using upstream = await startScriptedUpstream((_, response) =>
      answerJson(response, { code: 200, data: { ...task, taskId } }),
    );
    await using client = startClient(upstream.url);

    expect(await fetchDetails(client, '2151574698')).toMatchObject({ state: 'SUCCEEDED' });
  });

  it('show that a video succeeded and its file has expired', async () => {
    const videoInfo = { videoId: 'video-1', videoUrl: '' };

    expect(await reportOf({ ...task, videoInfo, expireFlag: 1 })).toMatchObject({
      state: 'SUCCEEDED',
      files: { videoId: 'video-1', videoUrl: null, coverUrl: null },
      expired: true,
    });
    expect(await reportOf({ ...task, videoInfo, expireFlag: 1, state: 'done' })).toMatchObject({
      state: null,
      files: null,
    });
  });

  it('show that the video is an original, and that its files have expired', async () => {
    const original = await reportOf({ ...task, parentTaskId: '', expireFlag: 1 });

    expect(original).toMatchObject({ sourceTaskId: null, expired: true });
  });

  it.each([
    [400, 400],
    ['400', 400],
    ['', null],
    [null, null],
    [{}, null],
  ])('contain why the task failed, with failCode %j', async (failCode, upstreamCode) => {
    const report = await reportOf({
      ...task,
      state: 'fail',
      videoInfo: null,
      failCode,
      failMsg: 'Incorrect image format.',
    });

    expect(report).toMatchObject({
      state: 'FAILED',
      files: null,
      failure: {
        reason: 'INCORRECT_IMAGE_FORMAT',
        message: 'Incorrect image format.',
        upstreamCode,
      },
    });
  });

  it('contain no failure while the task has not failed', async () => {
    const report = await reportOf({ ...task, state: 'generating', failCode: 0, failMsg: 'none' });

    expect(report).toHaveProperty('failure', null);
  });

  it.each(['', 'v.mp4', 'ftp://files.example/v.mp4', 'javascript:alert(1)', 7, null, undefined])(
    'contain no files with the video URL %j',
    async (videoUrl) => {
      const report = await reportOf({ ...task, videoInfo: { ...task.videoInfo, videoUrl } });

      expect(report).toMatchObject({ state: 'SUCCEEDED', files: null });
    },
  );

  it.each([
    ['missing', { taskId: 'task-1', state: 'generating' }],
    [
      'null',
      {
        taskId: 'task-1',
        parentTaskId: null,
        generateParam: null,
        state: 'generating',
        videoInfo: null,
        failCode: null,
        failMsg: null,
        expireFlag: null,
      },
    ],
    [
      'of an odd type',
      {
        taskId: 'task-1',
        parentTaskId: true,
        generateParam: 'x',
        state: 'generating',
        videoInfo: [],
        failCode: {},
        failMsg: [],
        expireFlag: 'soon',
      },
    ],
    [
      'of an odd type further in',
      {
        state: 'generating',
        generateParam: { prompt: 1, imageUrl: 'no address', expandPrompt: 'yes' },
        videoInfo: { videoId: 1, videoUrl: {}, imageUrl: false },
      },
    ],
  ])('tolerate optional fields that are %s', async (_name, data) => {
    expect(await reportOf(data)).toEqual({
      taskId: 'task-1',
      state: 'GENERATING',
      sourceTaskId: null,
      prompt: null,
      imageUrl: null,
      expandPrompt: null,
      files: null,
      failure: null,
      expired: false,
    });
  });

  it.each([
    ['another task', { ...task, taskId: 'task-2' }],
    ['no task at all', 'task-1'],
    ['a list of tasks', [task]],
  ])('are an error if they are about %s', async (_name, data) => {
    const error = await failureOf(reportOf(data));

    expect(error).toBeInstanceOf(UpstreamError);
    expect(error).toMatchObject({ upstreamCode: null, retryable: true });
  });
});

describe('an unknown task', () => {
  it.each<[string, Script]>([
    ['404', (_, response) => answerJson(response, { code: 404, msg: 'not found' })],
    ['404 twice over', (_, response) => answerJson(response, { code: 404 }, { status: 404 })],
    ['422', (_, response) => answerJson(response, { code: 422, msg: 'recordInfo is null' })],
    ['HTTP 422', (_, response) => response.writeHead(422).end()],
    ['data null', (_, response) => answerJson(response, { code: 200, data: null })],
    ['no data', (_, response) => answerJson(response, { code: 200 })],
    ['data without anything in it', (_, response) => answerJson(response, { code: 200, data: {} })],
    ['an empty list', (_, response) => answerJson(response, { code: 200, data: [] })],
  ])('is null: %s', async (_name, script) => {
    expect(await readAgainst(script)).toEqual({ report: null, error: null, gets: 1 });
  });
});

describe('a read that fails', () => {
  it.each<[string, Script, string, number | null]>([
    ['401', (_, response) => answerJson(response, { code: 401 }), 'UpstreamUnauthorizedError', 401],
    ['429', (_, response) => answerJson(response, { code: 429 }), 'RateLimitedError', 429],
    ['HTTP 429', (_, response) => response.writeHead(429).end(), 'RateLimitedError', 429],
    ['455', (_, response) => answerJson(response, { code: 455 }), 'UpstreamMaintenanceError', 455],
    ['451', (_, response) => answerJson(response, { code: 451 }), 'SourceUnavailableError', 451],
    ['a bare 404', (_, response) => response.writeHead(404).end('nginx'), 'UpstreamError', 404],
    ['another code', (_, response) => answerJson(response, { code: 400 }), 'UpstreamError', 400],
    ['a redirect', (_, response) => response.writeHead(302).end(), 'UpstreamError', 302],
  ])('is not retried: %s', async (_name, script, name, upstreamCode) => {
    const { error, gets } = await readAgainst(script);

    expect(error).toMatchObject({ name, upstreamCode });
    expect(gets).toBe(1);
  });

  it.each<[string, Script, number | null]>([
    ['500', (_, response) => answerJson(response, { code: 500 }), 500],
    ['HTTP 502', (_, response) => response.writeHead(502).end('<html>'), null],
    ['HTML', (_, response) => response.end('<html>'), null],
    ['nothing', (_, response) => response.end(), null],
    ['a reset', (_, _response, socket) => socket.resetAndDestroy(), null],
    ['a cut', (_, response) => response.writeHead(200).write('{', () => response.destroy()), null],
  ])('is sent three times, then an error: %s', async (_name, script, upstreamCode) => {
    const { error, gets } = await readAgainst(script);

    expect(error).toBeInstanceOf(UpstreamError);
    expect(error).toMatchObject({ upstreamCode, retryable: true });
    expect(gets).toBe(3);
  });

  it('succeeds if a retry does, as after a stale connection', async () => {
    let reads = 0;
    const { report, gets } = await readAgainst((_, response, socket) => {
      reads++;
      if (reads === 1) socket.resetAndDestroy();
      else if (reads === 2) answerJson(response, { code: 500 });
      else answerJson(response, { code: 200, data: task });
    });

    expect(report).toMatchObject({ taskId: 'task-1', state: 'SUCCEEDED' });
    expect(gets).toBe(3);
  });

  it('is not retried if Retry-After exceeds the deadline', async () => {
    const { error, gets } = await readAgainst((_, response) =>
      answerJson(response, { code: 503 }, { headers: { 'retry-after': '60' } }),
    );

    expect(error).toMatchObject({ upstreamCode: 503, retryAfter: 60 });
    expect(gets).toBe(1);
  });

  it('keeps the Retry-After of a bare 5xx', async () => {
    const { error } = await readAgainst((_, response) =>
      response.writeHead(503, { 'retry-after': '60' }).end(),
    );

    expect(error).toMatchObject({ name: 'UpstreamError', upstreamCode: null, retryAfter: 60 });
  });

  it('is tried three times against a closed port, and reports that it was not reached', async () => {
    const upstream = await startScriptedUpstream(() => {});
    await upstream.close();
    const attempts: string[] = [];
    await using client = startClient(upstream.url, {
      logger: { debug: () => {}, warn: (_fields, message) => attempts.push(message) },
    });

    const error = await failureOf(fetchDetails(client, 'task-1'));

    expect(error).toBeInstanceOf(UpstreamUnreachableError);
    expect(attempts).toHaveLength(3);
  });
});

describe('a caller that cancels', () => {
  it('ends the read with its reason, and closes the connection', async () => {
    const hungUp = Promise.withResolvers<void>();
    await using upstream = await startScriptedUpstream((_, _response, socket) => {
      socket.on('close', () => hungUp.resolve());
    });
    const warnings: string[] = [];
    await using client = startClient(upstream.url, {
      logger: { debug: () => {}, warn: (_fields, message) => warnings.push(message) },
    });
    const caller = new AbortController();
    const reason = new Error('gone');

    const failure = failureOf(fetchDetails(client, 'task-1', { signal: caller.signal }));
    await upstream.nextRequest();
    caller.abort(reason);

    expect(await failure).toBe(reason);
    await hungUp.promise;
    expect(upstream.requests).toHaveLength(1);
    expect(warnings).toEqual([]);
  });

  it('ends the wait before a retry', async () => {
    const caller = new AbortController();
    const reason = new Error('gone');
    await using upstream = await startScriptedUpstream((_, response) =>
      answerJson(response, { code: 500 }, { headers: { 'retry-after': '10' } }),
    );
    const waiting = Promise.withResolvers<void>();
    await using client = startClient(upstream.url, {
      logger: { debug: () => waiting.resolve(), warn: () => {} },
    });

    const failure = failureOf(fetchDetails(client, 'task-1', { signal: caller.signal }));
    await waiting.promise;
    await setImmediate();
    caller.abort(reason);

    expect(await failure).toBe(reason);
    expect(upstream.requests).toHaveLength(1);
  });

  it('in advance causes no request', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using client = startClient(upstream.url);

    const failure = failureOf(
      fetchDetails(client, 'task-1', { signal: AbortSignal.abort('gone') }),
    );

    expect(await failure).toBe('gone');
    expect(upstream.requests).toEqual([]);
  });

  it('also ends a read that waits for a connection', async () => {
    const release = Promise.withResolvers<void>();
    await using upstream = await startScriptedUpstream(async (_, response) => {
      await release.promise;
      answerJson(response, { code: 404 });
    });
    await using client = startClient(upstream.url);
    const caller = new AbortController();

    const reads = Array.from({ length: 10 }, () => fetchDetails(client, 'task-1'));
    for (const _ of reads) await upstream.nextRequest();
    const failure = failureOf(fetchDetails(client, 'abandoned', { signal: caller.signal }));
    caller.abort('gone');
    expect(await failure).toBe('gone');
    release.resolve();
    await Promise.all(reads);
    await fetchDetails(client, 'later');

    const asked = upstream.requests.map((request) => request.query.get('taskId'));
    expect(asked.slice(10)).toEqual(['later']);
  });
});

describe('the deadline of a read', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('covers all attempts', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    await using upstream = await startScriptedUpstream(() => {});
    await using client = startClient(upstream.url, { timeoutMs: 5000 });

    const failure = failureOf(fetchDetails(client, 'task-1'));
    await upstream.nextRequest();
    vi.advanceTimersByTime(5000);

    expect(await failure).toMatchObject({ name: 'UpstreamError', upstreamCode: null });
    expect(upstream.requests).toHaveLength(1);
  });
});
