import type { ServerResponse } from 'node:http';
import type { Socket as TcpSocket } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { createHub } from '../src/delivery/hub.ts';
import { createReader } from '../src/delivery/reader.ts';
import { ORIGINAL_TASK_ID, type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { createAllowance } from '../src/store/allowance.ts';
import { leaseDueRows } from '../src/store/check-leases.ts';
import { openDatabase } from '../src/store/database.ts';
import type { Database } from '../src/store/schema.ts';
import { confirmSubmit } from '../src/store/transitions/confirm.ts';
import { insertSubmit } from '../src/store/transitions/insert.ts';
import { NO_METRICS } from '../src/telemetry/metrics.ts';
import { NO_TRACING } from '../src/telemetry/tracing.ts';
import { startReconciler } from '../src/upkeep/reconciler.ts';
import { createUpstreamClient } from '../src/upstream/client.ts';
import { createVideoId } from '../src/video-id.ts';
import {
  ExtendDocument,
  OnExtendedDocument,
  OnUpdatedDocument,
  ReadCompletionsDocument,
  ReadVideoDocument,
  type VideoPartsFragment,
} from './generated/graphql.ts';
import { backdate } from './support/backdate.ts';
import { toSuccess } from './support/callback.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { extend, INPUT } from './support/operations.ts';
import { startGatewayProcess } from './support/process.ts';
import { createQueue } from './support/queue.ts';
import { answerJson, startScriptedUpstream } from './support/scripted-upstream.ts';

/** Checks soon and often; these tests are not about budgets. */
const EAGER = { RECONCILE_AFTER_MS: '20', UPSTREAM_REQUESTS: '1000' };

type Read = (taskId: string, response: ServerResponse, socket: TcpSocket) => unknown;

/** An upstream that accepts every submit as task-1, task-2, …, and answers reads as the test says. */
async function startReadUpstream(read: Read) {
  let tasks = 0;
  return startScriptedUpstream((request, response, socket) => {
    if (request.method === 'GET') {
      return read(request.query.get('taskId') ?? '', response, socket);
    }
    tasks += 1;
    answerJson(response, { code: 200, msg: 'success', data: { taskId: `task-${tasks}` } });
  });
}

function answerState(response: ServerResponse, taskId: string, state: string): void {
  const videoUrl = state === 'success' ? `https://files.example.com/${taskId}.mp4` : '';
  answerJson(response, {
    code: 200,
    msg: 'success',
    data: { taskId, state, videoInfo: { videoId: '1', taskId, videoUrl, imageUrl: '' } },
  });
}

function toReads(sandbox: Sandbox): string[] {
  return sandbox.requests
    .filter(({ method }) => method === 'GET')
    .map(({ path }) => new URLSearchParams(path.split('?')[1]).get('taskId') ?? '');
}

async function readVideo(gateway: TestGateway, taskId: string) {
  return (await gateway.graphql(ReadVideoDocument, { taskId })).data.video;
}

async function readLog(gateway: TestGateway) {
  const { data } = await gateway.graphql(ReadCompletionsDocument, { first: 100 });
  return data.completions.edges.map(({ node }) => node.video);
}

/** The task's states from now to its end. */
async function followToEnd(gateway: TestGateway, taskId: string) {
  const socket = await gateway.socket();
  const events = await socket.subscribe(OnUpdatedDocument, { taskId }).rest();
  return events.map(({ data }) => data.videoUpdated);
}

async function loseAnswer(gateway: TestGateway, prompt = 'Dance on #answer-lost'): Promise<string> {
  const input = { ...INPUT, prompt };
  const { data } = await gateway.graphql(ExtendDocument, { input });
  if (data.extendVideo.__typename !== 'OutcomeUnknownError') throw new Error(JSON.stringify(data));
  return data.extendVideo.video.id;
}

describe('a lost callback', () => {
  it('is made up for by reads: a hundred tasks complete', async () => {
    await using sandbox = await startSandbox({ stepMs: 5 });
    await using gateway = await startGateway(sandbox, EAGER);
    const events = (await gateway.socket()).subscribe(OnExtendedDocument, {});

    const tasks = await Promise.all(
      Array.from({ length: 100 }, () => extend(gateway, { prompt: 'Dance on #callback-lost' })),
    );
    const heard: VideoPartsFragment[] = [];
    while (heard.length < tasks.length) {
      const event = await events.next();
      if (!event) break;
      heard.push(event.data.videoExtended.video);
    }

    const ids = tasks.map(({ id }) => id).sort();
    expect(heard.map(({ id }) => id).sort()).toEqual(ids);
    expect(new Set(heard.map(({ state }) => state))).toEqual(new Set(['SUCCEEDED']));
    expect((await readLog(gateway)).map(({ id }) => id).sort()).toEqual(ids);
    expect(sandbox.callbacks).toEqual([]);
  });

  it('is made up for after a restart', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, EAGER);
    const tasks = await Promise.all(
      Array.from({ length: 10 }, () => extend(gateway, { prompt: 'Dance on #callback-lost' })),
    );
    await gateway.stop();
    for (const { taskId } of tasks) await sandbox.complete(taskId);

    await gateway.restart();

    const [cursor = ''] = tasks.map((task) => task.cursor);
    const events = (await gateway.socket()).subscribe(OnExtendedDocument, { after: cursor });
    const heard: (string | undefined)[] = [];
    while (heard.length < tasks.length) {
      heard.push((await events.next())?.data.videoExtended.video.id);
    }
    expect(heard.sort()).toEqual(tasks.map(({ id }) => id).sort());
  });

  it('is made up for after the process died during a check', async () => {
    await using upstream = await startReadUpstream((taskId, response) => {
      const reads = upstream.requests.filter(({ method }) => method === 'GET').length;
      if (reads > 1) answerState(response, taskId, 'success');
    });
    await using doomed = await startGatewayProcess(upstream, EAGER);
    const { data } = await doomed.graphql(ExtendDocument, { input: INPUT });
    await upstream.nextRequest();
    await upstream.nextRequest();
    await doomed.kill();

    await using gateway = await startGateway(upstream, {
      ...EAGER,
      DATABASE_URL: `sqlite:${join(doomed.folder, 'gateway.db')}`,
    });

    expect(data.extendVideo).toMatchObject({ video: { taskId: 'task-1', state: 'WAITING' } });
    expect((await followToEnd(gateway, 'task-1')).at(-1)).toMatchObject({ state: 'SUCCEEDED' });
  });

  it('of a failure is made up for, with its reason', async () => {
    await using sandbox = await startSandbox({ stepMs: 5 });
    await using gateway = await startGateway(sandbox, EAGER);
    const { id } = await extend(gateway, { prompt: 'Dance on #nsfw #callback-lost' });

    const states = await followToEnd(gateway, id);

    expect(states.at(-1)).toMatchObject({ state: 'FAILED', failure: { reason: 'PROMPT_NSFW' } });
  });

  it('is not searched for once the task has ended', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const ended = await extend(gateway);
    const open = await extend(gateway);
    await sandbox.complete(ended.taskId);
    await gateway.stop();
    backdate(gateway, 'update video set check_after = 0 where check_after is not null');

    await gateway.restart(EAGER);

    for (let checks = 0; checks < 3; checks++) {
      await sandbox.nextRequest(({ method }) => method === 'GET');
    }
    expect(new Set(toReads(sandbox))).toEqual(new Set([open.taskId]));
  });
});

// They mostly wait for the next check.
describe.concurrent('an error during a check', () => {
  const TROUBLES: Record<string, (response: ServerResponse, socket: TcpSocket) => unknown> = {
    'code 500': (response) => answerJson(response, { code: 500, msg: 'oops' }),
    'status 500': (response) => answerJson(response, { code: 500, msg: 'oops' }, { status: 500 }),
    'code 429': (response) => answerJson(response, { code: 429, msg: 'slow down' }),
    'status 429 with a page': (response) => response.writeHead(429).end('<html>'),
    'code 401': (response) => answerJson(response, { code: 401, msg: 'who?' }),
    'code 404': (response) => answerJson(response, { code: 404, msg: 'what?' }),
    'code 422': (response) => answerJson(response, { code: 422, msg: 'recordInfo is null' }),
    'code 455': (response) => answerJson(response, { code: 455, msg: 'later' }),
    'a page': (response) => response.writeHead(502).end('<html>'),
    nothing: (response) => response.end(),
    'no data': (response) => answerJson(response, { code: 200, msg: 'success', data: null }),
    'half of an answer': (response, socket) => response.end('{"code":', () => socket.destroy()),
    'another task': (response) => answerState(response, 'another-task', 'fail'),
    'an unknown word': (response) => answerState(response, 'task-1', 'thinking'),
    'a reset': (_response, socket) => socket.resetAndDestroy(),
  };

  it.each(Object.keys(TROUBLES))('never fails a task: %s', async (kind) => {
    let reads = 0;
    await using upstream = await startReadUpstream((taskId, response, socket) => {
      reads += 1;
      if (reads <= 4) TROUBLES[kind]?.(response, socket);
      else answerState(response, taskId, 'success');
    });
    await using gateway = await startGateway(upstream, { ...EAGER, UPSTREAM_WINDOW_MS: '50' });
    const { id } = await extend(gateway);

    const states = await followToEnd(gateway, id);

    expect(states.map(({ state }) => state)).toEqual(['WAITING', 'SUCCEEDED']);
    expect(await readLog(gateway)).toHaveLength(1);
  });

  it('never fails a task: no answer in time', async () => {
    let reads = 0;
    await using upstream = await startReadUpstream((taskId, response) => {
      reads += 1;
      if (reads > 1) answerState(response, taskId, 'success');
    });
    await using gateway = await startGateway(upstream, { ...EAGER, UPSTREAM_TIMEOUT_MS: '1500' });
    const { id } = await extend(gateway);

    const states = await followToEnd(gateway, id);

    expect(states.map(({ state }) => state)).toEqual(['WAITING', 'SUCCEEDED']);
  });

  it('of 429 pauses all checks', async () => {
    const refusedAt = Promise.withResolvers<number>();
    const readsAt: number[] = [];
    await using upstream = await startReadUpstream((taskId, response) => {
      const at = Date.now();
      readsAt.push(at);
      if (readsAt.length > 1) return answerState(response, taskId, 'success');
      response.on('finish', () => refusedAt.resolve(at));
      answerJson(response, { code: 429, msg: 'slow down' }, { headers: { 'retry-after': '2' } });
    });
    await using gateway = await startGateway(upstream, EAGER);
    const first = await extend(gateway);
    const begun = await refusedAt.promise;

    const second = await extend(gateway);
    const states = [
      (await followToEnd(gateway, second.id)).at(-1)?.state,
      (await followToEnd(gateway, first.id)).at(-1)?.state,
    ];

    expect(states).toEqual(['SUCCEEDED', 'SUCCEEDED']);
    const [, ...later] = readsAt;
    for (const at of later) expect(at - begun).toBeGreaterThanOrEqual(2_000);
  });
});

describe.concurrent('the read budget', () => {
  it('is not exceeded, however many tasks are due', async () => {
    let state = 'wait';
    let lastAt = 0;
    await using upstream = await startReadUpstream((taskId, response) => {
      lastAt = Date.now();
      answerState(response, taskId, state);
    });
    await using gateway = await startGateway(upstream, EAGER);
    const tasks = await Promise.all(Array.from({ length: 12 }, () => extend(gateway)));
    await gateway.stop();
    state = 'success';
    const begun = Date.now();

    await gateway.restart({ UPSTREAM_REQUESTS: '3', UPSTREAM_WINDOW_MS: '700' });

    const [{ cursor: after } = { cursor: '' }] = tasks;
    const events = (await gateway.socket()).subscribe(OnExtendedDocument, { after });
    for (let heard = 0; heard < 12; heard++) await events.next();
    // Three a window: between the first of them and the fourth lie two whole ones.
    expect(lastAt - begun).toBeGreaterThanOrEqual(2 * 700);
  });
});

describe.concurrent('deadlines', () => {
  it('end a task that was never confirmed, without a read', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, {
      ...EAGER,
      UNCONFIRMED_DEADLINE_MS: '100',
    });
    const id = await loseAnswer(gateway);

    const states = await followToEnd(gateway, id);

    expect(states.at(-1)).toMatchObject({
      id,
      taskId: null,
      state: 'FAILED',
      failure: { reason: 'NEVER_CONFIRMED' },
    });
    expect(toReads(sandbox)).toEqual([]);
    expect(await readLog(gateway)).toMatchObject([{ id, state: 'FAILED' }]);
  });

  it('end a task that never ends, and a later success still counts', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { ...EAGER, TASK_DEADLINE_MS: '200' });
    const { id, taskId } = await extend(gateway, { prompt: 'Dance on #forever' });
    const states = await followToEnd(gateway, id);
    expect(states.at(-1)).toMatchObject({
      state: 'FAILED',
      failure: { reason: 'DEADLINE_PASSED' },
    });
    const reads = toReads(sandbox).length;
    expect(reads).toBeGreaterThan(0);

    await sandbox.complete(taskId);

    expect(await readVideo(gateway, id)).toMatchObject({ state: 'SUCCEEDED', failure: null });
    expect(await readLog(gateway)).toMatchObject([
      { id, state: 'SUCCEEDED' },
      { id, state: 'SUCCEEDED' },
    ]);
    expect(toReads(sandbox)).toHaveLength(reads);
  });

  it('do not prevent reads of a given-up task once a callback names it', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, {
      ...EAGER,
      UNCONFIRMED_DEADLINE_MS: '100',
    });
    const events = (await gateway.socket()).subscribe(OnExtendedDocument, {});
    const id = await loseAnswer(gateway, 'Dance on #answer-lost #callback-lost');
    const first = await events.next();
    const { taskId } = await sandbox.nextRequest(({ method }) => method === 'POST');
    if (!taskId) throw new Error('the sandbox made no task');
    await sandbox.complete(taskId);

    // It brings no file; the upstream has one when it is asked.
    await sandbox.sendCallback(taskId, toSuccess(taskId, { video_url: '' }));

    expect(first?.data.videoExtended.video.failure?.reason).toBe('NEVER_CONFIRMED');
    const second = await events.next();
    expect(second?.data.videoExtended.video).toMatchObject({ id, taskId, state: 'SUCCEEDED' });
  });

  it("do not prevent a client's read from finding that a given-up task succeeded", async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { ...EAGER, TASK_DEADLINE_MS: '200' });
    const { id, taskId } = await extend(gateway, { prompt: 'Dance on #forever #callback-lost' });
    await followToEnd(gateway, id);

    await sandbox.complete(taskId);

    expect(await readVideo(gateway, id)).toMatchObject({ state: 'SUCCEEDED', failure: null });
    expect(await readLog(gateway)).toHaveLength(2);
  });

  it('are preceded by one more read', async () => {
    await using upstream = await startReadUpstream((taskId, response) =>
      answerState(response, taskId, 'success'),
    );
    await using gateway = await startGateway(upstream, {
      RECONCILE_AFTER_MS: '100',
      TASK_DEADLINE_MS: '1',
    });
    const { id } = await extend(gateway);

    const states = await followToEnd(gateway, id);

    expect(states.at(-1)).toMatchObject({ state: 'SUCCEEDED' });
    expect(await readLog(gateway)).toHaveLength(1);
  });
});

describe.concurrent('a task that is watched', () => {
  it('shows each of its states', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, EAGER);
    const { id, taskId } = await extend(gateway, { prompt: 'Dance on #callback-lost' });
    const updates = (await gateway.socket()).subscribe(OnUpdatedDocument, { taskId: id });

    const seen: unknown[] = [(await updates.next())?.data.videoUpdated.state];
    for (let step = 0; step < 3; step++) {
      await sandbox.advance(taskId);
      seen.push((await updates.next())?.data.videoUpdated.state);
    }

    expect(seen).toEqual(['WAITING', 'QUEUED', 'GENERATING', 'SUCCEEDED']);
    expect(await updates.rest()).toEqual([]);
  });

  it('is checked long before the others', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { RECONCILE_AFTER_MS: '3600000' });
    await extend(gateway);
    const { id, taskId } = await extend(gateway);
    const updates = (await gateway.socket()).subscribe(OnUpdatedDocument, { taskId: id });
    await updates.next();

    await sandbox.advance(taskId);

    expect((await updates.next())?.data.videoUpdated).toMatchObject({ id, state: 'QUEUED' });
    expect(new Set(toReads(sandbox))).toEqual(new Set([taskId]));
  });
});

describe.concurrent('a watched task that the upstream does not know yet', () => {
  it('is not read again and again', async () => {
    const second = Promise.withResolvers<void>();
    await using upstream = await startReadUpstream((taskId, response) => {
      if (taskId === 'task-2') second.resolve();
      answerJson(response, { code: 404, msg: 'not found', data: null });
    });
    await using gateway = await startGateway(upstream);
    const socket = await gateway.socket();
    for (const _ of [1, 2]) {
      const { id } = await extend(gateway);
      const updates = socket.subscribe(OnUpdatedDocument, { taskId: id });
      await updates.next();
      // The first check of each is 2 s after the task was created.
      if (upstream.requests.length === 1)
        await upstream.nextRequest().then(() => upstream.nextRequest());
    }

    await second.promise;

    const reads = upstream.requests.filter(({ method }) => method === 'GET');
    expect(reads.filter(({ query }) => query.get('taskId') === 'task-1')).toHaveLength(1);
  });
});

describe('two reconcilers on one database', () => {
  /** Rows that are due at once. */
  async function seed(db: Database, count: number): Promise<string[]> {
    const taskIds = Array.from({ length: count }, (_, n) => `task-${n}`);
    for (const taskId of taskIds) {
      const id = createVideoId();
      await insertSubmit(db, {
        id,
        owner: 'anna',
        idempotencyKey: null,
        fingerprint: '',
        tokenHash: '',
        kind: 'EXTENSION',
        sourceTaskId: ORIGINAL_TASK_ID,
        duration: null,
        aspectRatio: null,
        prompt: 'Dance on',
        quality: 'P720',
        waterMark: '',
        imageUrl: null,
        expandPrompt: null,
        runtimeMs: 1000,
      });
      await confirmSubmit(db, { id, taskId, firstCheckMs: 0 });
    }
    return taskIds;
  }

  it('never lease the same row, and lease all rows', async () => {
    const { db, close } = await openDatabase('sqlite::memory:');
    const taskIds = await seed(db, 50);

    const leased = await Promise.all(
      Array.from({ length: 10 }, () => leaseDueRows(db, 'readable', 8, 60_000)),
    );

    const rows = leased.flat().map((row) => row.task_id);
    expect(rows.sort()).toEqual(taskIds.sort());
    expect(await leaseDueRows(db, 'readable', 8, 60_000)).toEqual([]);
    await close();
  });

  it('take over an expired lease', async () => {
    const { db, close } = await openDatabase('sqlite::memory:');
    await seed(db, 3);

    const first = await leaseDueRows(db, 'readable', 8, 0);
    const second = await leaseDueRows(db, 'readable', 8, 60_000);

    expect(first).toHaveLength(3);
    expect(second.map((row) => row.id).sort()).toEqual(first.map((row) => row.id).sort());
    await close();
  });

  it('do not read a task at the same time', async () => {
    const reads = createQueue<string>();
    await using upstream = await startReadUpstream((taskId) => reads.push(taskId));
    const config = readConfig({ ...EAGER, UPSTREAM_URL: upstream.url, APIKLEY_API_KEY: 'key' });
    const { db, close } = await openDatabase('sqlite::memory:');
    await createAllowance(db, { name: 'read', calls: 1000, windowMs: 10_000 });
    const taskIds = await seed(db, 16);
    const hub = createHub();
    const log = pino({ level: 'silent' });
    const replicas = [1, 2].map(() => {
      const client = createUpstreamClient({ url: upstream.url, apiKey: 'key', timeoutMs: 30_000 });
      const parts = {
        db,
        reader: createReader(db),
        hub,
        upstream: client,
        metrics: NO_METRICS,
        tracing: NO_TRACING,
        log,
        config,
      };
      return { client, reconciler: startReconciler(parts) };
    });

    // Each allows eight concurrent reads, and no read ends before all have begun.
    const held: string[] = [];
    while (held.length < 16) held.push((await reads.next()) ?? '');

    expect(held.sort()).toEqual(taskIds.sort());
    for (const { client, reconciler } of replicas) {
      await reconciler.stop();
      await client.close();
    }
    await close();
  });
});
