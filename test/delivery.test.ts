import { type ExecutionResult, GraphQLError, parse } from 'graphql';
import { createClient } from 'graphql-ws';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ORIGINAL_TASK_ID, startSandbox } from '../src/sandbox/sandbox.ts';
import { schema } from '../src/schema/index.ts';
import { sendResults } from '../src/server/websocket/results.ts';
import {
  OnExtendedDocument,
  type OnExtendedSubscription,
  OnUpdatedDocument,
  ReadCompletionsDocument,
  ReadVideoDocument,
} from './generated/graphql.ts';
import { queryDatabase } from './support/database-query.ts';
import { type GraphQLAnswer, startGateway, type TestGateway } from './support/gateway.ts';
import { extend } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import { createQueue } from './support/queue.ts';
import { chooseRounds } from './support/rounds.ts';
import { openWays } from './support/ways.ts';

type Extended = OnExtendedSubscription['videoExtended'];

function toEvents(answers: readonly GraphQLAnswer<OnExtendedSubscription>[]): Extended[] {
  return answers.map((answer) => answer.data.videoExtended);
}

function codeOf(answer: GraphQLAnswer<unknown> | undefined): unknown {
  return answer?.errors?.[0]?.extensions.code;
}

describe('videoExtended', () => {
  it('delivers a completion to a WebSocket and an SSE listener, and a read of it costs no upstream call', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const bySocket = (await gateway.socket()).subscribe(OnExtendedDocument, {});
    const { taskId, cursor } = await extend(gateway);
    const bySse = await gateway.sse(OnExtendedDocument, { after: cursor });

    await sandbox.complete(taskId);

    for (const event of [await bySocket.next(), await bySse.next()]) {
      expect(event?.errors).toBeUndefined();
      expect(event?.data.videoExtended.video).toMatchObject({ taskId, state: 'SUCCEEDED' });
    }
    const before = sandbox.requests.length;
    const { data } = await gateway.graphql(ReadVideoDocument, { taskId });
    expect(data.video?.videoUrl).toMatch(/^http.*\.mp4$/);
    expect(sandbox.requests.length).toBe(before);
  });

  it('works by GET with server-sent events, and every kind of operation works on a socket', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId } = await extend(gateway);
    await sandbox.complete(taskId);

    const query = new URLSearchParams({
      query: OnExtendedDocument.toString(),
      variables: JSON.stringify({ taskId }),
    });
    const headers = { accept: 'text/event-stream' };
    const events = await (await fetch(`${gateway.url}/graphql?${query}`, { headers })).text();
    const socket = await gateway.socket();
    const read = await socket.subscribe(ReadVideoDocument, { taskId }).rest();

    expect(events).toContain('"state":"SUCCEEDED"');
    expect(events).toMatch(/event: complete\ndata:/);
    expect(read).toHaveLength(1);
    expect(read[0]?.data.video?.state).toBe('SUCCEEDED');
  });
});

describe('videoExtended with a task id', () => {
  it('delivers a past completion at once, by either id, and ends', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { id, taskId } = await extend(gateway);
    await sandbox.complete(taskId);

    const socket = await gateway.socket();
    const bySocket = await socket.subscribe(OnExtendedDocument, { taskId }).rest();
    const stream = await gateway.sse(OnExtendedDocument, { taskId: id });
    const bySse = await stream.rest();

    const { data } = await gateway.graphql(ReadCompletionsDocument, {});
    const [logged] = data.completions.edges;
    for (const events of [toEvents(bySocket), toEvents(bySse)]) {
      expect(events.map(({ video }) => video.id)).toEqual([id]);
      expect(events[0]?.cursor).toBe(logged?.cursor);
    }
    expect(await stream.ended).toBe('complete');
  });

  it('also ends after a failure', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId } = await extend(gateway);
    const events = (await gateway.socket()).subscribe(OnExtendedDocument, { taskId });

    await sandbox.complete(taskId, { code: 400, msg: 'Incorrect image format.' });

    const [event, ...others] = toEvents(await events.rest());
    expect(others).toEqual([]);
    expect(event?.video.failure?.reason).toBe('INCORRECT_IMAGE_FORMAT');
  });

  it('is refused for an unknown task, and together with a cursor', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { cursor, taskId } = await extend(gateway);
    const socket = await gateway.socket();

    const unknown = await socket.subscribe(OnExtendedDocument, { taskId: 'nobody' }).rest();
    const both = await socket.subscribe(OnExtendedDocument, { taskId, after: cursor }).rest();
    const bySse = await (await gateway.sse(OnUpdatedDocument, { taskId: 'nobody' })).rest();

    expect(unknown.map(codeOf)).toEqual(['VIDEO_NOT_FOUND']);
    expect(bySse.map(codeOf)).toEqual(['VIDEO_NOT_FOUND']);
    expect(both.map(codeOf)).toEqual(['INVALID_INPUT']);
  });

  it('polls a foreign video while somebody subscribes', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const taskId = await extendElsewhere(sandbox.url);
    const events = (await gateway.socket()).subscribe(OnExtendedDocument, { taskId });
    await sandbox.nextRequest((request) => request.method === 'GET');

    await sandbox.complete(taskId);

    const [event] = toEvents(await events.rest());
    expect(event?.video).toMatchObject({ taskId, state: 'SUCCEEDED', createdAt: null });
  });
});

describe('videoExtended from a cursor', () => {
  it('misses none and repeats none, whichever event the listener resumes after', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const start = await readEndCursor(gateway);
    const taskIds: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      const { taskId } = await extend(gateway);
      taskIds.push(taskId);
      await sandbox.complete(taskId);
    }
    const socket = await gateway.socket();

    const cursors = [start];
    for (let from = 0; from < taskIds.length; from += 1) {
      const events = socket.subscribe(OnExtendedDocument, { after: cursors[from] ?? null });
      const heard: Extended[] = [];
      while (heard.length < taskIds.length - from) {
        heard.push(...toEvents([(await events.next()) ?? expect.fail('ended early')]));
      }
      events.stop();

      expect(heard.map(({ video }) => video.taskId)).toEqual(taskIds.slice(from));
      cursors.push(heard[0]?.cursor ?? '');
    }
    expect(new Set(cursors).size).toBe(6);
  });

  it('reads past the first page of the log', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const start = await readEndCursor(gateway);
    const made = await Promise.all(Array.from({ length: 230 }, () => extend(gateway)));
    await Promise.all(made.map(({ taskId }) => sandbox.complete(taskId)));
    const events = (await gateway.socket()).subscribe(OnExtendedDocument, { after: start });

    const heard = new Set<string | null | undefined>();
    for (let count = 0; count < made.length; count += 1) {
      heard.add((await events.next())?.data.videoExtended.video.taskId);
    }

    expect(heard).toEqual(new Set(made.map(({ taskId }) => taskId)));
  });

  it('refuses a cursor that is malformed, of another database, or ahead of the log', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    await using other = await startGateway(sandbox);
    const { taskId } = await extend(gateway);
    const beyond = Buffer.from(await readEndCursor(gateway), 'base64url');
    beyond.writeUIntBE(999, beyond.length - 6, 6);
    await sandbox.complete(taskId);

    for (const after of [
      '',
      'nonsense',
      `${await readEndCursor(gateway)}=`,
      beyond.toString('base64url'),
      await readEndCursor(other),
    ]) {
      const socket = await gateway.socket();
      const streamed = await socket.subscribe(OnExtendedDocument, { after }).rest();
      const polled = await gateway.graphql(ReadCompletionsDocument, { after });

      expect(streamed.map(codeOf)).toEqual(['INVALID_INPUT']);
      expect(codeOf(polled)).toBe('INVALID_INPUT');
    }
  });

  it('delivers the same log as completions, whose end cursor is never null', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    let after = await readEndCursor(gateway);
    const taskIds: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      const { taskId } = await extend(gateway);
      taskIds.push(taskId);
      await sandbox.complete(taskId);
    }

    const polled: (string | null | undefined)[] = [];
    for (let hasMore = true; hasMore; ) {
      const { data } = await gateway.graphql(ReadCompletionsDocument, { first: 2, after });
      polled.push(...data.completions.edges.map(({ node }) => node.video.taskId));
      after = data.completions.pageInfo.endCursor ?? expect.fail('no end cursor');
      hasMore = data.completions.pageInfo.hasNextPage;
    }
    const { data } = await gateway.graphql(ReadCompletionsDocument, { after });

    expect(polled).toEqual(taskIds);
    expect(data.completions).toEqual({
      edges: [],
      pageInfo: { hasNextPage: false, endCursor: after },
    });
  });

  it('continues after a reconnect of graphql-ws, which sends its first payload again', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const first = await extend(gateway);
    const second = await extend(gateway);
    const third = await extend(gateway);
    const { promise: restarted, resolve: reconnect } = Promise.withResolvers<void>();
    const events = createQueue<Extended>();
    const client = createClient({
      url: `${gateway.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 100,
      retryWait: () => restarted,
    });
    // These lines are the ones of docs/delivery.md: variables that change.
    const variables = { after: first.cursor };
    client.subscribe<OnExtendedSubscription>(
      { query: OnExtendedDocument.toString(), variables },
      {
        next: ({ data }) => {
          if (!data) return;
          variables.after = data.videoExtended.cursor;
          events.push(data.videoExtended);
        },
        error: () => events.end(),
        complete: () => events.end(),
      },
    );
    await sandbox.complete(first.taskId);
    const before = await events.next();

    await gateway.restart();
    await sandbox.complete(second.taskId);
    reconnect();
    await sandbox.complete(third.taskId);

    const after = [await events.next(), await events.next()];
    expect(before?.video.id).toBe(first.id);
    expect(after.map((event) => event?.video.id)).toEqual([second.id, third.id]);
    await client.dispose();
  });
});

describe('videoUpdated', () => {
  it('delivers the current state, then each change, and ends with the last', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { RECONCILE_AFTER_MS: '100' });
    const { taskId } = await extend(gateway);
    const updates = (await gateway.socket()).subscribe(OnUpdatedDocument, { taskId });
    const states = [(await updates.next())?.data.videoUpdated.state];

    for (let step = 0; step < 2; step += 1) {
      await sandbox.advance(taskId);
      states.push((await updates.next())?.data.videoUpdated.state);
    }
    await sandbox.advance(taskId);
    states.push(...(await updates.rest()).map(({ data }) => data.videoUpdated.state));

    expect(states).toEqual(['WAITING', 'QUEUED', 'GENERATING', 'SUCCEEDED']);
  });

  it('of an ended task is one event', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);

    const stream = await gateway.sse(OnUpdatedDocument, { taskId: ORIGINAL_TASK_ID });
    const updates = await stream.rest();

    expect(updates.map(({ data }) => data.videoUpdated.state)).toEqual(['SUCCEEDED']);
    expect(await stream.ended).toBe('complete');
  });
});

describe('a stream with an error', () => {
  it('ends with a typed error and does not affect other operations on its socket', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    const DATABASE_URL = await sharedPostgres().createDatabase();
    await using gateway = await startGateway(sandbox, { DATABASE_URL });
    const after = await readEndCursor(gateway);
    const made = [await extend(gateway), await extend(gateway)];
    const socket = await gateway.socket();
    const bySocket = socket.subscribe(OnExtendedDocument, { after });
    const bySse = await gateway.sse(OnExtendedDocument, { after });
    await sandbox.complete(made[0]?.taskId ?? '');
    for (const stream of [bySocket, bySse]) {
      expect((await stream.next())?.data.videoExtended.video.id).toBe(made[0]?.id);
    }

    // As if there had been a second completion that was pruned before the streams could read it.
    await queryDatabase(DATABASE_URL, 'update owner set head = 2, pruned = 2');
    await sandbox.complete(made[1]?.taskId ?? '');

    for (const stream of [bySocket, bySse]) {
      expect((await stream.rest()).map(codeOf)).toEqual(['CURSOR_EXPIRED']);
    }
    const [read] = await socket.subscribe(ReadVideoDocument, { taskId: made[0]?.id ?? '' }).rest();
    expect(read?.data.video?.state).toBe('SUCCEEDED');
  });
});

describe('a repeated subscription', () => {
  const OFTEN = 3;
  const DOCUMENTS: Record<string, [document: string, variables?: object]> = {
    'with fields that are merged': [
      'subscription ($id: ID!) { videoExtended(taskId: $id) { cursor video { state failure { reason } } } videoExtended(taskId: $id) { video { state videoUrl failure { message } ...F } } } fragment F on Video { id taskId }',
    ],
    'with interfaces, aliases and directives': [
      'subscription ($id: ID!, $no: Boolean = false) { done: videoExtended(taskId: $id) { __typename video { ... on Node { key: id } expired @include(if: $no) createdAt finishedAt expiresAt } } }',
    ],
    'with what has to be read': [
      'subscription ($id: ID!) { videoExtended(taskId: $id) { video { source { taskId state } ancestors(first: 5) { taskId } extensions(first: 5) { edges { node { state } } pageInfo { hasNextPage } } } } }',
    ],
    'with an error below the event': [
      'subscription ($id: ID!) { videoExtended(taskId: $id) { cursor\n video { id\n ancestors(first: 101) { id } } } }',
    ],
    'with two of them': [
      'subscription ($id: ID!) { videoExtended(taskId: $id) { video { id ancestors(first: 101) { id } extensions(first: -1) { edges { cursor } } } } }',
    ],
    'with one beside a null that propagates': [
      'subscription ($id: ID!) { videoExtended(taskId: $id) { video { a: ancestors(first: 1) { b: ancestors(first: 101) { id } } c: extensions(first: 1) { edges { node { id } } } source { state ancestors(first: 101) { id } } ancestors(first: 101) { id } } } }',
    ],
    'with a fragment that is left out in one place': [
      'subscription ($id: ID!, $no: Boolean = false) { videoExtended(taskId: $id) { video { id ...F @include(if: $no) source { id } ancestors(first: 1) { ...F } } again: video { id ...F } } } fragment F on Video { state }',
    ],
    'of the states': ['subscription ($id: ID!) { videoUpdated(taskId: $id) { state prompt } }'],
    'of a task that nobody knows': [
      'subscription ($id: ID!) { videoExtended(taskId: $id) { cursor } }',
      { id: 'unknown' },
    ],
    'whose variable does not fit': [
      'subscription ($id: ID!) { videoExtended(taskId: $id) { cursor } }',
      { id: {} },
    ],
  };

  it.each(Object.entries(DOCUMENTS))('%s, always gets the same result', async (_name, asked) => {
    const [document, variables] = asked;
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId } = await extend(gateway);
    await sandbox.complete(taskId);
    const ways = await openWays(gateway);

    for (const way of ['WebSocket', 'SSE by POST'] as const) {
      const ask = () => ways[way]({ document, variables: { id: taskId, ...variables } });
      const first = await ask();
      expect(first).toContain(variables ? 'errors' : 'data');
      for (let count = 1; count < OFTEN; count += 1) expect(await ask()).toBe(first);
    }
  });
});

describe('an event', () => {
  it('is equal for all equal subscriptions, on both transports', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId } = await extend(gateway);
    const socket = await gateway.socket();
    const streams = [
      ...Array.from({ length: 3 }, () => socket.subscribe(OnExtendedDocument, { taskId })),
      await gateway.sse(OnExtendedDocument, { taskId }),
      await gateway.sse(OnExtendedDocument, { taskId }),
    ];
    // A socket's subscriptions have begun once it answers what was sent after them.
    await socket.subscribe(ReadVideoDocument, { taskId }).next();

    await sandbox.complete(taskId);
    const events = await Promise.all(streams.map((stream) => stream.next()));

    expect(new Set(events.map((event) => JSON.stringify(event?.data))).size).toBe(1);
  });
});

describe('the results of a socket', () => {
  it.each<[string, object, string]>([
    [
      'with errors after the data',
      { errors: [new GraphQLError('no', { extensions: { code: 'NO' } })], data: { a: 1 } },
      '{"data":{"a":1},"errors":[{"message":"no","extensions":{"code":"NO"}}]}',
    ],
    ['in their own text where they bring one', { stringify: () => '{"data":1}' }, '{"data":1}'],
  ])('are sent %s, each under its own id', async (_how, result, payload) => {
    const sent: unknown[] = [];
    const connection = { send: (text: string) => void sent.push(text) };

    for (const id of ['1', 'an "id"']) {
      const args = { connection, id, schema, document: parse('{ __typename }') };
      async function* follow() {
        yield result as ExecutionResult;
      }
      expect(await sendResults(follow(), args).next()).toEqual({ done: true, value: undefined });
    }

    expect(sent).toEqual([
      `{"id":"1","type":"next","payload":${payload}}`,
      `{"id":"an \\"id\\"","type":"next","payload":${payload}}`,
    ]);
  });
});

describe('subscribing at the same time as the callback', () => {
  const RACES = chooseRounds({ few: 200, all: 1_000 });

  it(`delivers exactly once in ${RACES} races`, async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const socket = await gateway.socket();

    let delivered = 0;
    for (let batch = 0; batch < RACES / 50; batch += 1) {
      const made = await Promise.all(Array.from({ length: 50 }, () => extend(gateway)));
      const streams = await Promise.all(
        made.map(async ({ taskId }, index) => {
          const isLate = index % 3 === 0;
          const completed = isLate ? undefined : sandbox.complete(taskId);
          if (index % 3 === 1) await new Promise((resolve) => setImmediate(resolve));
          const stream = socket.subscribe(OnExtendedDocument, { taskId });
          await (completed ?? sandbox.complete(taskId));
          return toEvents(await stream.rest()).map(({ video }) => video.taskId);
        }),
      );
      expect(streams).toEqual(made.map(({ taskId }) => [taskId]));
      delivered += streams.length;
    }

    expect(delivered).toBe(RACES);
  });
});

async function readEndCursor(gateway: TestGateway): Promise<string> {
  const { data } = await gateway.graphql(ReadCompletionsDocument, { first: 100 });
  return data.completions.pageInfo.endCursor ?? expect.fail('no end cursor');
}

/** A job of somebody else's at the same upstream. */
async function extendElsewhere(upstreamUrl: string): Promise<string> {
  const response = await fetch(`${upstreamUrl}/api/v1/runway/extend`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer sandbox-key' },
    body: JSON.stringify({
      taskId: ORIGINAL_TASK_ID,
      prompt: 'Not through the gateway',
      quality: '720p',
      callBackUrl: 'http://127.0.0.1:9/nowhere',
    }),
  });
  return ((await response.json()) as { data: { taskId: string } }).data.taskId;
}
