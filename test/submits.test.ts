/** Both mutations that cost money go through one pipeline: whatever holds for one holds for the other. */

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  ExtendDocument,
  GenerateDocument,
  OnExtendedDocument,
  ReadVideoDocument,
  ReadVideosDocument,
} from './generated/graphql.ts';
import { postCallback, readCallbackUrl, toFailure, toSuccess } from './support/callback.ts';
import { startGateway, type TestCaller } from './support/gateway.ts';
import { INPUT } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import { startGatewayProcess } from './support/process.ts';
import { createQueue } from './support/queue.ts';
import { createFleet, type Replica } from './support/replicas.ts';
import {
  answerJson,
  type RecordedRequest,
  startScriptedUpstream,
} from './support/scripted-upstream.ts';

type Changes = { prompt?: string; idempotencyKey?: string };

interface SubmitResult {
  readonly __typename: string;
  readonly code?: string;
  readonly retryable?: boolean;
  readonly cursor?: string;
  readonly video?: { id: string; taskId?: string | null; state: string };
}

const MUTATIONS = [
  {
    name: 'extendVideo',
    path: '/api/v1/runway/extend',
    submit: async (caller: TestCaller, changes: Changes = {}): Promise<SubmitResult> =>
      (await caller.graphql(ExtendDocument, { input: { ...INPUT, ...changes } })).data.extendVideo,
  },
  {
    name: 'generateVideo',
    path: '/api/v1/runway/generate',
    submit: async (caller: TestCaller, changes: Changes = {}): Promise<SubmitResult> => {
      const input = {
        prompt: 'A cat dances',
        aspectRatio: 'LANDSCAPE_16_9',
        duration: 5,
        quality: 'P720',
        ...changes,
      } as const;
      return (await caller.graphql(GenerateDocument, { input })).data.generateVideo;
    },
  },
];

const KEYED = { idempotencyKey: 'order-4711' };

/** An upstream whose submits the test answers; reads know no task. */
async function startHeldUpstream() {
  const held = createQueue<{
    request: RecordedRequest;
    url: string;
    accept(taskId: string): void;
    refuse(code: number): void;
    cut(): void;
  }>();
  const upstream = await startScriptedUpstream((request, response, socket) => {
    if (request.method === 'GET') {
      return answerJson(response, { code: 422, msg: 'recordInfo is null', data: null });
    }
    return held.push({
      request,
      url: readCallbackUrl(request.json()).url,
      accept: (taskId) => answerJson(response, { code: 200, msg: 'success', data: { taskId } }),
      refuse: (code) => answerJson(response, { code, msg: 'refused', data: null }),
      cut: () => socket.destroy(),
    });
  });
  return {
    url: upstream.url,
    countSubmits: () => upstream.requests.filter(({ method }) => method === 'POST').length,
    async nextSubmit() {
      const submit = await held.next();
      if (!submit) throw new Error('no submit will come');
      return submit;
    },
    [Symbol.asyncDispose]: upstream.close,
  };
}

/** Accepts everything as task-1, task-2, … */
async function startAcceptingUpstream() {
  let tasks = 0;
  return startScriptedUpstream((_request, response) => {
    tasks += 1;
    answerJson(response, { code: 200, msg: 'success', data: { taskId: `task-${tasks}` } });
  });
}

async function readVideo(caller: TestCaller, taskId: string) {
  return (await caller.graphql(ReadVideoDocument, { taskId })).data.video;
}

describe.each(MUTATIONS)('$name', ({ name, path, submit }) => {
  const Success = name === 'extendVideo' ? 'ExtendVideoSuccess' : 'GenerateVideoSuccess';

  it.each([
    [401, 'UpstreamUnauthorizedError', false],
    [402, 'InsufficientCreditsError', false],
    [433, 'InsufficientCreditsError', false],
    [404, name === 'extendVideo' ? 'VideoNotFoundError' : 'UpstreamError', false],
    [405, 'UpstreamError', false],
    [422, 'InvalidInputError', false],
    [429, 'RateLimitedError', true],
    [451, 'SourceUnavailableError', false],
    [455, 'UpstreamMaintenanceError', true],
    [505, 'UpstreamError', false],
  ])('answers code %i with %s, lists nothing and frees the key', async (code, type, retryable) => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream);
    const answer = submit(gateway, KEYED);
    const held = await upstream.nextSubmit();
    held.refuse(code);

    expect(await answer).toMatchObject({ __typename: type, retryable });
    expect(held.request.path).toBe(path);
    const { data } = await gateway.graphql(ReadVideosDocument, {});
    expect(data.videos.edges).toEqual([]);

    const again = submit(gateway, KEYED);
    (await upstream.nextSubmit()).accept('task-1');
    expect(await again).toMatchObject({ __typename: Success, video: { taskId: 'task-1' } });
  });

  it.each([500, 408, 501, 502])(
    'keeps the key after code %i, which asserts no refusal',
    async (code) => {
      await using upstream = await startHeldUpstream();
      await using gateway = await startGateway(upstream);
      const answer = submit(gateway, KEYED);
      const held = await upstream.nextSubmit();
      held.refuse(code);

      expect(await answer).toMatchObject({ __typename: 'UpstreamError', retryable: false });
      expect((await submit(gateway, KEYED)).__typename).toBe('OutcomeUnknownError');
      expect((await postCallback(held.url, toSuccess('task-1'))).status).toBe(200);
      expect(await submit(gateway, KEYED)).toMatchObject({
        __typename: Success,
        video: { taskId: 'task-1', state: 'SUCCEEDED' },
      });
      expect(upstream.countSubmits()).toBe(1);
    },
  );

  it('pays once for 20 equal concurrent submits, and gives the same answer to all', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream);
    const answers = Array.from({ length: 20 }, () => submit(gateway, KEYED));
    (await upstream.nextSubmit()).accept('task-1');

    const ids = (await Promise.all(answers)).map(({ video }) => video?.id);
    expect(new Set(ids).size).toBe(1);
    expect(upstream.countSubmits()).toBe(1);
  });

  it('refuses another input with the same key, also of the other mutation', async () => {
    await using upstream = await startAcceptingUpstream();
    await using gateway = await startGateway(upstream);
    await submit(gateway, KEYED);

    for (const mutation of MUTATIONS) {
      const answer = await mutation.submit(gateway, { ...KEYED, prompt: 'Something else' });
      expect(answer.__typename).toBe('IdempotencyConflictError');
    }
    expect(upstream.requests).toHaveLength(1);
  });

  it('answers OutcomeUnknownError for a lost answer, until the callback proves the task', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream);
    const answer = submit(gateway, KEYED);
    const held = await upstream.nextSubmit();
    held.cut();
    const lost = await answer;
    expect(lost).toMatchObject({
      __typename: 'OutcomeUnknownError',
      video: { state: 'UNCONFIRMED' },
    });

    expect((await postCallback(held.url, toSuccess('task-1'))).status).toBe(200);

    expect(await readVideo(gateway, lost.video?.id ?? '')).toMatchObject({
      taskId: 'task-1',
      state: 'SUCCEEDED',
      videoUrl: 'https://files.example.com/task-1.mp4',
    });
    expect(upstream.countSubmits()).toBe(1);
  });

  it('answers with the finished video when the callback comes before the answer', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream);
    const answer = submit(gateway);
    const held = await upstream.nextSubmit();
    expect((await postCallback(held.url, toSuccess('task-1'))).status).toBe(200);
    held.accept('task-1');
    expect(await answer).toMatchObject({ __typename: Success, video: { state: 'SUCCEEDED' } });
  });

  it('reports why a task failed', async () => {
    await using upstream = await startAcceptingUpstream();
    await using gateway = await startGateway(upstream);
    const { video } = await submit(gateway);
    const { url } = readCallbackUrl(upstream.requests[0]?.json());
    await postCallback(url, toFailure('task-1'));
    expect(await readVideo(gateway, video?.id ?? '')).toMatchObject({
      state: 'FAILED',
      failure: { reason: 'INAPPROPRIATE_CONTENT' },
    });
  });

  it('delivers its completion after a restart, from the cursor of its answer', async () => {
    await using upstream = await startAcceptingUpstream();
    await using gateway = await startGateway(upstream);
    const { video, cursor } = await submit(gateway);
    const { url } = readCallbackUrl(upstream.requests[0]?.json());
    await gateway.restart();

    expect((await postCallback(url, toSuccess('task-1'))).status).toBe(200);

    const events = (await gateway.socket()).subscribe(OnExtendedDocument, { after: cursor });
    expect((await events.next())?.data.videoExtended.video).toMatchObject({
      id: video?.id,
      state: 'SUCCEEDED',
    });
  });

  it('is an orphan after its process was killed during the POST: never sent again', async () => {
    await using upstream = await startHeldUpstream();
    await using doomed = await startGatewayProcess(upstream);
    const caller = { graphql: doomed.graphql } as TestCaller;
    const cutOff = expect(submit(caller, KEYED)).rejects.toThrow();
    const { url } = await upstream.nextSubmit();
    await doomed.kill();
    await cutOff;

    await using gateway = await startGateway(upstream, {
      DATABASE_URL: `sqlite:${join(doomed.folder, 'gateway.db')}`,
    });
    expect((await submit(gateway, KEYED)).__typename).toBe('OutcomeUnknownError');
    const callback = gateway.url + new URL(url).pathname;
    expect((await postCallback(callback, toSuccess('task-1'))).status).toBe(200);
    expect((await submit(gateway, KEYED)).video?.state).toBe('SUCCEEDED');
    expect(upstream.countSubmits()).toBe(1);
  });

  it('pays once with two replicas, and either accepts the callback', async () => {
    await using upstream = await startHeldUpstream();
    await using fleet = await createFleet(upstream, {
      DATABASE_URL: await sharedPostgres().createDatabase(),
    });
    const [first, second] = (await fleet.start(2)) as [Replica, Replica];
    const answers = [first, second, first, second].map((replica) => submit(replica, KEYED));
    const held = await upstream.nextSubmit();
    held.accept('task-1');
    const ids = (await Promise.all(answers)).map(({ video }) => video?.id);

    const { status } = await postCallback(
      second.url + new URL(held.url).pathname,
      toSuccess('task-1'),
    );

    expect(status).toBe(200);
    expect(new Set(ids).size).toBe(1);
    expect(await readVideo(first, ids[0] ?? '')).toMatchObject({ state: 'SUCCEEDED' });
    expect(upstream.countSubmits()).toBe(1);
  });
});
