import { describe, expect, it } from 'vitest';
import { ORIGINAL_TASK_ID, startSandbox } from '../src/sandbox/sandbox.ts';
import {
  ReadNodeDocument,
  ReadVideoDocument,
  ReadVideosDocument,
  type ReadVideosQuery,
  type VideoState,
} from './generated/graphql.ts';
import { backdate, DAY_MS } from './support/backdate.ts';
import { type GraphQLAnswer, startGateway, type TestGateway } from './support/gateway.ts';
import { extend } from './support/operations.ts';
import {
  answerJson,
  type RecordedRequest,
  startScriptedUpstream,
} from './support/scripted-upstream.ts';

/** One query for many videos: an alias for each key. */
function readMany(gateway: TestGateway, keys: readonly string[]) {
  const fields = keys.map(
    (key, n) => `v${n}: video(taskId: ${JSON.stringify(key)}) { taskId state }`,
  );
  return gateway.send<Record<string, { taskId: string; state: VideoState } | null>>(
    `{ ${fields.join('\n')} }`,
  );
}

async function read(gateway: TestGateway, taskId: string) {
  const { data, errors } = await gateway.graphql(ReadVideoDocument, { taskId });
  expect(errors).toBeUndefined();
  return data.video;
}

function toRecord(taskId: string, state: string) {
  return { code: 200, msg: 'success', data: { taskId, state } };
}

/** An upstream that accepts every submit and holds every read until the test answers it. */
async function startHeldReads() {
  const held = new Map<string, (state: string) => void>();
  const left = Promise.withResolvers<string>();
  let count = 0;
  const upstream = await startScriptedUpstream((request, response) => {
    if (request.method === 'POST') {
      count += 1;
      answerJson(response, { code: 200, msg: 'success', data: { taskId: `task-${count}` } });
      return;
    }
    const taskId = request.query.get('taskId') ?? '';
    held.set(taskId, (state) => answerJson(response, toRecord(taskId, state)));
    response.on('close', () => {
      if (!response.writableFinished) left.resolve(taskId);
    });
  });
  const isRead = ({ method }: RecordedRequest) => method === 'GET';
  return {
    url: upstream.url,
    /** Resolves with the task id of the next read that comes. */
    async nextRead(): Promise<string | null> {
      for (;;) {
        const request = await upstream.nextRequest();
        if (isRead(request)) return request.query.get('taskId');
      }
    },
    get reads() {
      return upstream.requests.filter(isRead).map(({ query }) => query.get('taskId'));
    },
    answer: (taskId: string, state: string) => held.get(taskId)?.(state),
    /** The task of a read whose reader hung up before it was answered. */
    left: left.promise,
    [Symbol.asyncDispose]: upstream[Symbol.asyncDispose],
  };
}

/** A query that its client may abandon. */
function startQuery(gateway: TestGateway, query: string) {
  const leaving = new AbortController();
  const answer = fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
    signal: leaving.signal,
  }).then((response) => response.json());
  // One that was abandoned has nothing to say.
  answer.catch(() => {});
  return { answer, leave: () => leaving.abort() };
}

describe('video and node', () => {
  it('find a video by its task id and by its id', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { id, taskId } = await extend(gateway);
    await sandbox.complete(taskId);

    const found = [await read(gateway, taskId), await read(gateway, id)];
    const { data } = await gateway.graphql(ReadNodeDocument, { id });

    for (const video of found) expect(video).toMatchObject({ id, taskId, state: 'SUCCEEDED' });
    expect(data.node).toEqual({ __typename: 'Video', id, taskId, state: 'SUCCEEDED' });
  });

  it('return every field of a successful video', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const before = Date.now();
    const { id, taskId } = await extend(gateway, {
      prompt: 'Rain sets in',
      quality: 'P1080',
      waterMark: 'Longtake',
      imageUrl: 'https://example.com/rain.png',
      expandPrompt: true,
    });
    await sandbox.complete(taskId);

    const video = await read(gateway, id);

    expect(video).toMatchObject({
      id,
      taskId,
      state: 'SUCCEEDED',
      prompt: 'Rain sets in',
      quality: 'P1080',
      waterMark: 'Longtake',
      imageUrl: 'https://example.com/rain.png',
      expandPrompt: true,
      videoId: sandbox.tasks.get(taskId)?.videoId,
      videoUrl: expect.stringMatching(/^http.*\.mp4$/),
      coverUrl: expect.stringMatching(/^http.*\.png$/),
      failure: null,
      sourceTaskId: ORIGINAL_TASK_ID,
      expired: false,
    });
    const [created, finished, checked, expires] = [
      video?.createdAt,
      video?.finishedAt,
      video?.checkedAt,
      video?.expiresAt,
    ].map((time) => Date.parse(time ?? ''));
    expect(created).toBeGreaterThanOrEqual(before);
    expect(finished).toBeGreaterThanOrEqual(created ?? 0);
    expect(checked).toBeGreaterThanOrEqual(created ?? 0);
    expect(expires).toBeGreaterThanOrEqual((created ?? 0) + 14 * DAY_MS);
    expect(expires).toBeLessThanOrEqual((finished ?? 0) + 14 * DAY_MS);
  });

  it.each(['unknown', 'task-dW5rbm93bg', '0197a2b4-7e4c-7000-8000-000000000000'])(
    'are null for the unknown id %s',
    async (key) => {
      await using sandbox = await startSandbox({ autoplay: false });
      await using gateway = await startGateway(sandbox);

      const { data, errors } = await gateway.graphql(ReadNodeDocument, { id: key });

      expect(await read(gateway, key)).toBeNull();
      expect({ data, errors }).toEqual({ data: { node: null }, errors: undefined });
    },
  );

  it.each(['', ' ', 'a b', 'кот', 'a\0b', 'a'.repeat(256)])(
    'are null for “%s” without an upstream call',
    async (key) => {
      await using sandbox = await startSandbox({ autoplay: false });
      await using gateway = await startGateway(sandbox);

      expect(await read(gateway, key)).toBeNull();

      expect(sandbox.requests).toEqual([]);
    },
  );

  it('cost no upstream call once a video has ended', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const good = await extend(gateway);
    const bad = await extend(gateway, { prompt: '#nsfw' });
    for (const { taskId } of [good, bad]) await sandbox.complete(taskId);
    const before = sandbox.requests.length;

    const states = [];
    for (const key of [good.id, good.taskId, bad.id, bad.taskId]) {
      states.push((await read(gateway, key))?.state);
    }

    expect(states).toEqual(['SUCCEEDED', 'SUCCEEDED', 'FAILED', 'FAILED']);
    expect(sandbox.requests).toHaveLength(before);
  });

  it('cost no upstream call before the upstream has confirmed the task', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    await gateway.send(
      `mutation { extendVideo(input: { taskId: "${ORIGINAL_TASK_ID}", prompt: "#answer-lost", quality: P720 }) { __typename } }`,
    );
    const { data } = await gateway.graphql(ReadVideosDocument, {});
    const id = data.videos.edges[0]?.node.id ?? '';

    const video = await read(gateway, id);

    expect(video).toMatchObject({ id, taskId: null, state: 'UNCONFIRMED', checkedAt: null });
    expect(sandbox.requests).toHaveLength(1);
  });

  it("return the upstream's progress of an open task", async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId } = await extend(gateway);

    // Upstream reads are at least 2 s apart: repeat until one has seen the step.
    for (const state of ['QUEUED', 'GENERATING'] as const) {
      await sandbox.advance(taskId);
      while ((await read(gateway, taskId))?.state !== state);
    }

    expect(await read(gateway, taskId)).toMatchObject({ state: 'GENERATING', videoUrl: null });
  });

  it('find a success whose callback was lost, and log it', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId } = await extend(gateway, { prompt: '#callback-lost' });
    await sandbox.complete(taskId);

    const video = await read(gateway, taskId);

    expect(video).toMatchObject({ state: 'SUCCEEDED', videoUrl: expect.stringMatching(/mp4$/) });
    const { data } = await gateway.send<{ completions: { edges: unknown[] } }>(
      '{ completions { edges { node { video { taskId } } } } }',
    );
    expect(data.completions.edges).toEqual([{ node: { video: { taskId } } }]);
    expect(sandbox.callbacks).toEqual([]);
  });
});

describe('a foreign video', () => {
  it('is read at the upstream, and its id can be used instead of the task id', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);

    const video = await read(gateway, ORIGINAL_TASK_ID);

    expect(video).toMatchObject({
      taskId: ORIGINAL_TASK_ID,
      state: 'SUCCEEDED',
      prompt: 'A cat dances in a room full of colorful lights',
      quality: null,
      waterMark: null,
      expandPrompt: true,
      sourceTaskId: null,
      createdAt: null,
      finishedAt: null,
      expired: false,
      videoUrl: expect.stringMatching(/mp4$/),
    });
    const id = video?.id ?? '';
    expect(id).not.toBe(ORIGINAL_TASK_ID);
    expect(await read(gateway, id)).toMatchObject({ id, taskId: ORIGINAL_TASK_ID });
    const { data } = await gateway.graphql(ReadNodeDocument, { id });
    expect(data.node).toMatchObject({ id, taskId: ORIGINAL_TASK_ID });
    const { taskId } = await extend(gateway, { taskId: id });
    expect(await read(gateway, taskId)).toMatchObject({ sourceTaskId: ORIGINAL_TASK_ID });
    expect(sandbox.tasks.get(taskId)?.parentTaskId).toBe(ORIGINAL_TASK_ID);
  });

  it('is not listed', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);

    await read(gateway, ORIGINAL_TASK_ID);

    const { data } = await gateway.graphql(ReadVideosDocument, {});
    expect(data.videos.edges).toEqual([]);
  });

  it('shows its progress, its failure and its expiry', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using maker = await startGateway(sandbox);
    await using gateway = await startGateway(sandbox);
    const open = await extend(maker);
    const failed = await extend(maker, { prompt: '#moderated' });
    const expired = await extend(maker, { prompt: '#expired' });
    for (const { taskId } of [failed, expired]) await sandbox.complete(taskId);

    expect(await read(gateway, open.taskId)).toMatchObject({
      state: 'WAITING',
      sourceTaskId: ORIGINAL_TASK_ID,
      videoUrl: null,
    });
    expect(await read(gateway, failed.taskId)).toMatchObject({
      state: 'FAILED',
      failure: { reason: 'PROMPT_MODERATED', retryable: false, upstreamCode: 400 },
    });
    expect(await read(gateway, expired.taskId)).toMatchObject({
      state: 'SUCCEEDED',
      expired: true,
      videoUrl: null,
      coverUrl: null,
    });
  });
});

describe('concurrent reads', () => {
  it('50 aliases of one open task cost one upstream read', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { id, taskId } = await extend(gateway);
    await sandbox.advance(taskId);
    const before = sandbox.requests.length;

    const keys = Array.from({ length: 50 }, (_, n) => (n % 2 === 0 ? taskId : id));
    const { data, errors } = await readMany(gateway, keys);

    expect(errors).toBeUndefined();
    expect(Object.values(data)).toEqual(keys.map(() => ({ taskId, state: 'QUEUED' })));
    expect(sandbox.requests).toHaveLength(before + 1);
  });

  it('50 aliases of one unknown task cost one upstream read', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);

    const { data, errors } = await readMany(gateway, Array(50).fill('unknown'));

    expect(errors).toBeUndefined();
    expect(Object.values(data)).toEqual(Array(50).fill(null));
    expect(sandbox.requests).toHaveLength(1);
  });

  it('50 aliases of ended videos cost none, and each gets its own', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { UPSTREAM_REQUESTS: '1000' });
    const made = await Promise.all(Array.from({ length: 50 }, () => extend(gateway)));
    for (const { taskId } of made) await sandbox.complete(taskId);
    const before = sandbox.requests.length;

    const keys = made.map(({ id, taskId }, n) => (n % 2 === 0 ? id : taskId));
    const { data, errors } = await readMany(gateway, keys);

    expect(errors).toBeUndefined();
    expect(Object.values(data)).toEqual(made.map(({ taskId }) => ({ taskId, state: 'SUCCEEDED' })));
    expect(sandbox.requests).toHaveLength(before);
  });

  it('in sequence cost at most one upstream read in 2 s', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId } = await extend(gateway);
    const before = sandbox.requests.length;

    const begun = performance.now();
    for (let n = 0; n < 10; n++) await read(gateway, taskId);
    const windows = 1 + Math.floor((performance.now() - begun) / 2_000);

    expect(sandbox.requests.length - before).toBeGreaterThan(0);
    expect(sandbox.requests.length - before).toBeLessThanOrEqual(windows);
  });

  it('share the running read, which continues until the last reader has left', async () => {
    await using upstream = await startHeldReads();
    await using gateway = await startGateway(upstream);
    const { taskId } = await extend(gateway);
    // The reads that each makes on its own show when it waits for the shared one, and when it has left.
    const first = startQuery(
      gateway,
      `{ shared: video(taskId: "${taskId}") { state } own: video(taskId: "mine") { state } }`,
    );
    expect([await upstream.nextRead(), await upstream.nextRead()].toSorted()).toEqual([
      'mine',
      taskId,
    ]);
    const second = startQuery(
      gateway,
      `{ shared: video(taskId: "${taskId}") { state } own: video(taskId: "other") { state } }`,
    );
    expect(await upstream.nextRead()).toBe('other');

    first.leave();
    expect(await upstream.left).toBe('mine');
    upstream.answer(taskId, 'queueing');
    upstream.answer('other', 'generating');

    expect(await second.answer).toEqual({
      data: { shared: { state: 'QUEUED' }, own: { state: 'GENERATING' } },
    });
    expect(upstream.reads.toSorted()).toEqual(['mine', 'other', taskId]);
  });

  it.each(['task-1', 'elsewhere'])(
    'abort the upstream read when the last reader of %s leaves',
    async (taskId) => {
      await using upstream = await startHeldReads();
      await using gateway = await startGateway(upstream);
      await extend(gateway);
      const query = startQuery(gateway, `{ video(taskId: "${taskId}") { state } }`);
      expect(await upstream.nextRead()).toBe(taskId);

      query.leave();

      expect(await upstream.left).toBe(taskId);
    },
  );
});

describe('an upstream that fails', () => {
  it('delays a reader by a few seconds at most, who then gets the stored row', async () => {
    await using upstream = await startHeldReads();
    await using gateway = await startGateway(upstream);
    const { taskId } = await extend(gateway);
    const { data } = await gateway.graphql(ReadVideosDocument, {});
    const stored = data.videos.edges[0]?.node;

    // The upstream says nothing until this has been answered.
    const video = await read(gateway, taskId);

    expect(video).toEqual(stored);
    expect(video).toMatchObject({ state: 'WAITING', checkedAt: expect.any(String) });
    expect(upstream.reads).toEqual([taskId]);

    // The upstream read continues without its reader, and its result is stored.
    upstream.answer(taskId, 'generating');
    let seen = await gateway.graphql(ReadVideosDocument, { states: ['GENERATING'] });
    while (seen.data.videos.edges.length === 0) {
      seen = await gateway.graphql(ReadVideosDocument, { states: ['GENERATING'] });
    }
    const kept = seen.data.videos.edges[0]?.node;
    expect(Date.parse(kept?.checkedAt ?? '')).toBeGreaterThan(Date.parse(video?.checkedAt ?? ''));
  });

  it.each([401, 404, 422, 429, 455, 500])(
    'causes no error in a read of a known task (code %s)',
    async (code) => {
      await using upstream = await startScriptedUpstream((request, response) =>
        request.method === 'POST'
          ? answerJson(response, { code: 200, msg: 'success', data: { taskId: 'a-task' } })
          : answerJson(response, { code, msg: 'trouble', data: null }),
      );
      await using gateway = await startGateway(upstream);
      const { taskId } = await extend(gateway);
      const { data } = await gateway.graphql(ReadVideosDocument, {});

      const video = await read(gateway, taskId);

      expect(video).toEqual(data.videos.edges[0]?.node);
      expect(upstream.requests.length).toBeGreaterThan(1);
    },
  );
});

describe('videos', () => {
  async function readPages(gateway: TestGateway, first: number) {
    const pages: ReadVideosQuery['videos'][] = [];
    let after: string | null = null;
    for (;;) {
      const answer: GraphQLAnswer<ReadVideosQuery> = await gateway.graphql(ReadVideosDocument, {
        first,
        after,
      });
      expect(answer.errors).toBeUndefined();
      const { videos } = answer.data;
      pages.push(videos);
      if (!videos.pageInfo.hasNextPage) return pages;
      after = videos.pageInfo.endCursor ?? null;
    }
  }

  it('lists the newest first, and pages through all without gaps or repeats', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const made = [];
    for (let n = 0; n < 7; n++) made.push((await extend(gateway)).id);
    const before = sandbox.requests.length;

    const [whole] = await readPages(gateway, 100);
    const pages = await readPages(gateway, 3);

    const nodes = whole?.edges.map(({ node }) => node) ?? [];
    const times = nodes.map(({ createdAt }) => Date.parse(createdAt ?? ''));
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect(nodes.map(({ id }) => id).toSorted()).toEqual(made.toSorted());
    expect(pages.map(({ edges }) => edges.length)).toEqual([3, 3, 1]);
    expect(pages.flatMap(({ edges }) => edges)).toEqual(whole?.edges);
    for (const { edges, pageInfo } of pages) {
      expect(pageInfo).toMatchObject({
        hasPreviousPage: false,
        startCursor: edges[0]?.cursor,
        endCursor: edges.at(-1)?.cursor,
      });
    }
    expect(sandbox.requests).toHaveLength(before);
  });

  it('has no gaps when videos are added between two pages', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    for (let n = 0; n < 4; n++) await extend(gateway);
    const [whole] = await readPages(gateway, 100);
    const { data } = await gateway.graphql(ReadVideosDocument, { first: 2 });
    await extend(gateway);

    const rest = await gateway.graphql(ReadVideosDocument, {
      after: data.videos.pageInfo.endCursor,
    });

    const ids = [...data.videos.edges, ...rest.data.videos.edges].map(({ node }) => node.id);
    expect(ids).toEqual(whole?.edges.map(({ node }) => node.id));
  });

  it('has no next page after an exact last page, and is empty for first: 0', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const empty = await readPages(gateway, 2);
    for (let n = 0; n < 2; n++) await extend(gateway);

    const exact = await readPages(gateway, 2);

    expect(exact).toHaveLength(1);
    expect(empty).toMatchObject([
      { edges: [], pageInfo: { hasNextPage: false, startCursor: null, endCursor: null } },
    ]);
  });

  it('filters by state', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const good = await extend(gateway);
    const bad = await extend(gateway, { prompt: '#nsfw' });
    const open = await extend(gateway);
    for (const { taskId } of [good, bad]) await sandbox.complete(taskId);

    async function list(states: VideoState[] | null) {
      const { data } = await gateway.graphql(ReadVideosDocument, { states });
      return data.videos.edges.map(({ node }) => node.id).toSorted();
    }

    expect(await list(['SUCCEEDED'])).toEqual([good.id]);
    expect(await list(['FAILED'])).toEqual([bad.id]);
    expect(await list(['FAILED', 'WAITING'])).toEqual([bad.id, open.id].toSorted());
    expect(await list(['UNCONFIRMED'])).toEqual([]);
    expect(await list([])).toEqual([]);
    expect(await list(null)).toEqual([good.id, bad.id, open.id].toSorted());
  });

  it('shows a submit in flight as UNCONFIRMED', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const extended = extend(gateway, { prompt: '#slow-answer' });
    const { taskId } = await sandbox.nextRequest();

    const { data } = await gateway.graphql(ReadVideosDocument, { states: ['UNCONFIRMED'] });

    sandbox.answer(taskId ?? '');
    const { id } = await extended;
    expect(data.videos.edges.map(({ node }) => node)).toMatchObject([{ id, taskId: null }]);
  });
});

describe('a video whose files have expired', () => {
  it('according to the upstream has no URLs', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId } = await extend(gateway, { prompt: '#expired #callback-lost' });
    await sandbox.complete(taskId);

    const video = await read(gateway, taskId);

    expect(video).toMatchObject({
      state: 'SUCCEEDED',
      expired: true,
      videoUrl: null,
      coverUrl: null,
    });
  });

  it('after 14 days has no URLs, and is not read again', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const old = await extend(gateway);
    const young = await extend(gateway);
    for (const { taskId } of [old, young]) await sandbox.complete(taskId);
    const before = sandbox.requests.length;
    await gateway.stop();
    const age = 'update video set unfinished_at = unfinished_at - ? where task_id = ?';
    backdate(gateway, age, 14 * DAY_MS, old.taskId);
    backdate(gateway, age, 13 * DAY_MS, young.taskId);
    await gateway.restart();

    const gone = await read(gateway, old.taskId);
    const kept = await read(gateway, young.taskId);

    expect(gone).toMatchObject({
      state: 'SUCCEEDED',
      expired: true,
      videoUrl: null,
      coverUrl: null,
    });
    expect(Date.parse(gone?.expiresAt ?? '')).toBeLessThanOrEqual(Date.now());
    expect(kept).toMatchObject({ expired: false, videoUrl: expect.stringMatching(/mp4$/) });
    expect(sandbox.requests).toHaveLength(before);
  });
});
