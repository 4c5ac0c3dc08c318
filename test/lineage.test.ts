import { describe, expect, it } from 'vitest';
import { ORIGINAL_TASK_ID, type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { ReadLineageDocument } from './generated/graphql.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { extend } from './support/operations.ts';
import { answerJson, startScriptedUpstream } from './support/scripted-upstream.ts';

interface Lineage {
  video: { sourceTaskId: string | null; ancestors: { taskId: string }[] };
}

/** Extends the original, then the extension, and so on; the task ids in the order of making. */
async function makeChain(sandbox: Sandbox, gateway: TestGateway, length: number) {
  const chain: string[] = [];
  for (let n = 0; n < length; n++) {
    const { taskId } = await extend(gateway, { taskId: chain.at(-1) ?? ORIGINAL_TASK_ID });
    await sandbox.complete(taskId);
    chain.push(taskId);
  }
  return chain;
}

function readAncestors(gateway: TestGateway, taskId: string, first?: number) {
  return gateway.send<Lineage>(
    'query ($taskId: ID!, $first: Int) { video(taskId: $taskId) { sourceTaskId ancestors(first: $first) { taskId } } }',
    { taskId, first },
  );
}

describe('the source of a video', () => {
  it('is read at the upstream only when it is selected', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const [taskId = ''] = await makeChain(sandbox, gateway, 1);
    const before = sandbox.requests.length;

    const named = await readAncestors(gateway, taskId);
    const between = sandbox.requests.length;
    const read = await gateway.send(
      'query ($taskId: ID!) { video(taskId: $taskId) { source { taskId state prompt source { id } } } }',
      { taskId },
    );

    expect(named.data.video).toEqual({ sourceTaskId: ORIGINAL_TASK_ID, ancestors: [] });
    expect(between).toBe(before);
    expect(read).toEqual({
      data: {
        video: {
          source: {
            taskId: ORIGINAL_TASK_ID,
            state: 'SUCCEEDED',
            prompt: 'A cat dances in a room full of colorful lights',
            source: null,
          },
        },
      },
    });
    expect(sandbox.requests.slice(before).map(({ method, path }) => [method, path])).toEqual([
      ['GET', `/api/v1/runway/record-detail?taskId=${ORIGINAL_TASK_ID}`],
    ]);
  });

  it('comes from the store if it is stored, otherwise from one shared read', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const [first = ''] = await makeChain(sandbox, gateway, 1);
    for (let n = 0; n < 5; n++) await extend(gateway, { taskId: first });
    const before = sandbox.requests.length;

    const { data, errors } = await gateway.send<{
      videos: { edges: { node: { source: { taskId: string } } }[] };
    }>('{ videos { edges { node { source { taskId } } } } }');

    expect(errors).toBeUndefined();
    const sources = data.videos.edges.map(({ node }) => node.source.taskId);
    expect(sources).toEqual([...Array(5).fill(first), ORIGINAL_TASK_ID]);
    expect(sandbox.requests).toHaveLength(before + 1);
  });

  it('is null when it is unknown, and an error when the upstream fails', async () => {
    let code = 422;
    await using upstream = await startScriptedUpstream((request, response) =>
      request.method === 'POST'
        ? answerJson(response, { code: 200, msg: 'success', data: { taskId: 'child' } })
        : answerJson(response, { code, msg: 'said so', data: null }),
    );
    await using gateway = await startGateway(upstream);
    const unknown = await extend(gateway, { taskId: 'forgotten' });
    const query = '{ videos { edges { node { id source { id } } } } }';

    const gone = await gateway.send(query);
    await gateway.restart();
    code = 401;
    const untold = await gateway.send(query);

    const edges = [{ node: { id: unknown.id, source: null } }];
    expect(gone).toEqual({ data: { videos: { edges } } });
    expect(untold).toMatchObject({
      data: { videos: { edges } },
      errors: [
        {
          path: ['videos', 'edges', 0, 'node', 'source'],
          extensions: { code: 'UPSTREAM_UNAUTHORIZED', upstreamCode: 401 },
        },
      ],
    });
  });

  it('of a foreign video is known', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using maker = await startGateway(sandbox);
    await using gateway = await startGateway(sandbox);
    const [parent = '', child = ''] = await makeChain(sandbox, maker, 2);

    const { data, errors } = await gateway.graphql(ReadLineageDocument, { taskId: child });

    expect(errors).toBeUndefined();
    expect(data.video).toMatchObject({
      sourceTaskId: parent,
      source: { taskId: parent, state: 'SUCCEEDED' },
      ancestors: [],
      extensions: { edges: [] },
    });
  });
});

describe('the ancestors of a video', () => {
  it('are listed nearest first, as far as they are stored, without an upstream call', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const chain = await makeChain(sandbox, gateway, 5);
    const before = sandbox.requests.length;

    const nearestFirst = chain.toReversed();
    const expected: [number | undefined, string[]][] = [
      [undefined, nearestFirst.slice(1)],
      [100, nearestFirst.slice(1)],
      [2, nearestFirst.slice(1, 3)],
      [0, []],
    ];
    for (const [first, ancestors] of expected) {
      const { data } = await readAncestors(gateway, nearestFirst[0] ?? '', first);
      expect(data.video.ancestors.map(({ taskId }) => taskId)).toEqual(ancestors);
    }
    expect(sandbox.requests).toHaveLength(before);
  });

  it('in a list belong to each video, whatever the depths', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const chain = await makeChain(sandbox, gateway, 4);

    const { data } = await gateway.send<{
      videos: { edges: { node: { taskId: string; all: object[]; one: object[] } }[] };
    }>(
      '{ videos { edges { node { taskId all: ancestors { taskId } one: ancestors(first: 1) { taskId } } } } }',
    );

    for (const { node } of data.videos.edges) {
      const older = chain.slice(0, chain.indexOf(node.taskId)).toReversed();
      const told = older.map((taskId) => ({ taskId }));
      expect(node.all).toEqual(told);
      expect(node.one).toEqual(told.slice(0, 1));
    }
    expect(data.videos.edges).toHaveLength(4);
  });

  it('end when the upstream reports a cycle', async () => {
    const answers = ['b', 'a'];
    await using upstream = await startScriptedUpstream((request, response) =>
      request.method === 'POST'
        ? answerJson(response, { code: 200, msg: 'success', data: { taskId: answers.shift() } })
        : answerJson(response, { code: 422, msg: 'recordInfo is null', data: null }),
    );
    await using gateway = await startGateway(upstream);
    await extend(gateway, { taskId: 'a' });
    await extend(gateway, { taskId: 'b' });

    const { data, errors } = await readAncestors(gateway, 'a', 100);

    expect(errors).toBeUndefined();
    const told = data.video.ancestors.map((ancestor) => ancestor.taskId);
    expect(told.length).toBeLessThanOrEqual(100);
    expect([...new Set(told)].toSorted()).toEqual(['a', 'b']);
  });
});

describe('the extensions of a video', () => {
  it('are listed newest first, in pages, without an upstream call', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const [parent = ''] = await makeChain(sandbox, gateway, 1);
    const made = [];
    for (let n = 0; n < 3; n++) made.push((await extend(gateway, { taskId: parent })).taskId);
    const before = sandbox.requests.length;
    const document = `query ($taskId: ID!, $after: String) {
      video(taskId: $taskId) {
        extensions(first: 2, after: $after) {
          edges { cursor node { taskId createdAt sourceTaskId } }
          pageInfo { hasNextPage endCursor }
        }
      }
    }`;
    interface Extensions {
      edges: { node: { taskId: string; createdAt: string; sourceTaskId: string } }[];
      pageInfo: { hasNextPage: boolean; endCursor: string };
    }
    async function readPage(after: string | null) {
      const { data } = await gateway.send<{ video: { extensions: Extensions } }>(document, {
        taskId: parent,
        after,
      });
      return data.video.extensions;
    }

    const first = await readPage(null);
    const second = await readPage(first.pageInfo.endCursor);

    const nodes = [...first.edges, ...second.edges].map(({ node }) => node);
    expect(nodes.map(({ taskId }) => taskId).toSorted()).toEqual(made.toSorted());
    const times = nodes.map(({ createdAt }) => createdAt);
    expect(times).toEqual(times.toSorted().toReversed());
    expect(nodes.every(({ sourceTaskId }) => sourceTaskId === parent)).toBe(true);
    expect([first, second].map(({ edges }) => edges.length)).toEqual([2, 1]);
    expect([first, second].map(({ pageInfo }) => pageInfo.hasNextPage)).toEqual([true, false]);
    expect(sandbox.requests).toHaveLength(before);
  });

  it('of a foreign video are only the caller’s own', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const [taskId] = await makeChain(sandbox, gateway, 2);

    const { data } = await gateway.graphql(ReadLineageDocument, { taskId: ORIGINAL_TASK_ID });

    expect(data.video).toMatchObject({ source: null, ancestors: [] });
    expect(data.video?.extensions.edges).toEqual([{ node: { taskId } }]);
  });

  it('of an unconfirmed video are empty', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    await extend(gateway, { prompt: '#answer-lost' }).catch(() => 'its outcome is unknown');

    const answer = await gateway.send(
      '{ videos { edges { node { state sourceTaskId extensions { edges { cursor } } } } } }',
    );

    const node = {
      state: 'UNCONFIRMED',
      sourceTaskId: ORIGINAL_TASK_ID,
      extensions: { edges: [] },
    };
    expect(answer).toEqual({ data: { videos: { edges: [{ node }] } } });
  });
});
