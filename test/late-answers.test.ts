/** What a submit learns late: an answer after its time, a read after the deadline, a lost commit. */

import { rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExtendDocument, OnExtendedDocument, ReadVideoDocument } from './generated/graphql.ts';
import { backdate, DAY_MS } from './support/backdate.ts';
import { postCallback, readCallbackUrl, toSuccess } from './support/callback.ts';
import { startCommitCuttingProxy } from './support/commit-cutting-proxy.ts';
import { startGateway, type TestCaller, type TestGateway } from './support/gateway.ts';
import { extend, INPUT } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import { startGatewayProcess } from './support/process.ts';
import { createQueue } from './support/queue.ts';
import { answerJson, startScriptedUpstream } from './support/scripted-upstream.ts';

const KEYED = { ...INPUT, idempotencyKey: 'order-4711' };
/** Checks for due rows continuously. */
const EAGER = { RECONCILE_AFTER_MS: '20', AUTH: 'none' };
const CLOCK_AHEAD = new URL('./support/clock-ahead.ts', import.meta.url).href;

const postgres = sharedPostgres();

/** Runs a statement on a gateway's PostgreSQL while the gateway runs. */
async function run(databaseUrl: string, statement: string): Promise<void> {
  const { default: pg } = await import('pg');
  const client = new pg.Client(databaseUrl);
  await client.connect();
  await client.query(statement);
  await client.end();
}

async function submit(caller: TestCaller, input = KEYED) {
  return (await caller.graphql(ExtendDocument, { input })).data.extendVideo;
}

async function readVideo(gateway: TestGateway, taskId: string) {
  return (await gateway.graphql(ReadVideoDocument, { taskId })).data.video;
}

function answerTask(response: ServerResponse, taskId: string, state: string): void {
  const videoUrl = state === 'success' ? `https://files.example.com/${taskId}.mp4` : '';
  answerJson(response, {
    code: 200,
    msg: 'success',
    data: { taskId, state, videoInfo: { videoId: '1', taskId, videoUrl, imageUrl: '' } },
  });
}

/** Submits wait for the test; reads report success. */
async function startSlowUpstream() {
  const submits = createQueue<ServerResponse>();
  const upstream = await startScriptedUpstream((request, response) => {
    if (request.method === 'GET') {
      answerTask(response, request.query.get('taskId') ?? '', 'success');
    } else {
      submits.push(response);
    }
  });
  return {
    url: upstream.url,
    countSubmits: () => upstream.requests.filter(({ method }) => method === 'POST').length,
    async nextSubmit() {
      const response = await submits.next();
      if (!response) throw new Error('no submit will come');
      return response;
    },
    [Symbol.asyncDispose]: upstream.close,
  };
}

describe('an answer to a submit after its deadline', () => {
  it('is stored and read at once, although the row was given up: the file is delivered', async () => {
    await using upstream = await startSlowUpstream();
    const DATABASE_URL = await postgres.createDatabase();
    await using gateway = await startGateway(upstream, { ...EAGER, DATABASE_URL });
    const events = (await gateway.socket()).subscribe(OnExtendedDocument, {});
    const answer = submit(gateway);
    const held = await upstream.nextSubmit();
    await run(
      DATABASE_URL,
      `update video set submit_until = 0, check_after = 0, created_at = created_at - ${DAY_MS}`,
    );
    const givenUp = await events.next();
    expect(givenUp?.data.videoExtended.video.failure?.reason).toBe('NEVER_CONFIRMED');
    expect((await answer).__typename).toBe('OutcomeUnknownError');

    answerJson(held, { code: 200, msg: 'success', data: { taskId: 'task-1' } });

    const ended = await events.next();
    expect(ended?.data.videoExtended.video).toMatchObject({
      taskId: 'task-1',
      state: 'SUCCEEDED',
      videoUrl: 'https://files.example.com/task-1.mp4',
    });
    expect(upstream.countSubmits()).toBe(1);
  });

  it('frees the key when it is a refusal', async () => {
    await using upstream = await startSlowUpstream();
    const DATABASE_URL = await postgres.createDatabase();
    await using gateway = await startGateway(upstream, {
      ...EAGER,
      DATABASE_URL,
      UNCONFIRMED_DEADLINE_MS: '3600000',
    });
    const answer = submit(gateway);
    const held = await upstream.nextSubmit();
    await run(DATABASE_URL, 'update video set submit_until = 0, check_after = 0');
    expect((await answer).__typename).toBe('OutcomeUnknownError');

    answerJson(held, { code: 422, msg: 'refused' });

    // The refusal is stored in the background: an earlier repeat still gets OutcomeUnknownError.
    const repeats: Promise<unknown>[] = [];
    await expect
      .poll(() => {
        repeats.push(submit(gateway));
        return upstream.countSubmits();
      })
      .toBe(2);
    answerJson(await upstream.nextSubmit(), { code: 200, data: { taskId: 'task-2' } });
    await Promise.all(repeats);
  });
});

describe('a task whose deadline passed while the gateway was down', () => {
  it('is not failed by a failed read', async () => {
    let reads = 0;
    await using upstream = await startScriptedUpstream((request, response) => {
      const taskId = request.query.get('taskId') ?? '';
      if (request.method === 'POST') {
        answerJson(response, { code: 200, msg: 'success', data: { taskId: 'task-1' } });
      } else if (++reads <= 6) {
        response.writeHead(503).end();
      } else {
        answerTask(response, taskId, 'success');
      }
    });
    await using gateway = await startGateway(upstream);
    const { cursor } = await extend(gateway);
    await gateway.stop();
    backdate(gateway, 'update video set created_at = created_at - ?, check_after = 0', 2 * DAY_MS);

    await gateway.restart({ RECONCILE_AFTER_MS: '20' });

    const events = (await gateway.socket()).subscribe(OnExtendedDocument, { after: cursor });
    expect((await events.next())?.data.videoExtended.video).toMatchObject({ state: 'SUCCEEDED' });
  });

  it('is given up without an answer once its file would have expired', async () => {
    await using upstream = await startScriptedUpstream((request, response) => {
      if (request.method === 'GET') return response.writeHead(503).end();
      return answerJson(response, { code: 200, msg: 'success', data: { taskId: 'task-1' } });
    });
    await using gateway = await startGateway(upstream);
    const { cursor } = await extend(gateway);
    await gateway.stop();
    backdate(gateway, 'update video set created_at = created_at - ?, check_after = 0', 16 * DAY_MS);

    await gateway.restart({ RECONCILE_AFTER_MS: '20' });

    const events = (await gateway.socket()).subscribe(OnExtendedDocument, { after: cursor });
    expect((await events.next())?.data.videoExtended.video).toMatchObject({
      state: 'FAILED',
      failure: { reason: 'DEADLINE_PASSED' },
    });
  });

  it("is judged by the database's clock: a replica whose clock is 25 hours ahead fails nothing", async () => {
    let reads = 0;
    await using upstream = await startScriptedUpstream((request, response) => {
      if (request.method === 'POST') {
        return answerJson(response, { code: 200, msg: 'success', data: { taskId: 'task-1' } });
      }
      reads += 1;
      return answerTask(response, 'task-1', reads < 4 ? 'generating' : 'success');
    });
    await using replica = await startGatewayProcess(upstream, {
      ...EAGER,
      DATABASE_URL: await postgres.createDatabase(),
      UPSTREAM_REQUESTS: '1000',
      NODE_OPTIONS: `--import=${CLOCK_AHEAD}`,
    });
    await replica.graphql(ExtendDocument, { input: INPUT });

    for (let request = 0; request < 5; request++) await upstream.nextRequest();
    const log = await replica.stop();

    expect(log).not.toContain('task given up');
  });
});

describe('a commit whose acknowledgement was lost', () => {
  it('frees the key: nothing was sent, and a repeat is sent once', async () => {
    await using upstream = await startScriptedUpstream((_request, response) =>
      answerJson(response, { code: 200, msg: 'success', data: { taskId: 'task-1' } }),
    );
    await using proxy = await startCommitCuttingProxy(await postgres.createDatabase());
    await using gateway = await startGateway(upstream, { AUTH: 'none', DATABASE_URL: proxy.url });

    const cut = proxy.cutCommitOf('insert into "video"');
    const first = await submit(gateway);
    await cut;
    expect(first).toMatchObject({ code: 'GATEWAY_UNAVAILABLE', retryable: true });
    expect(upstream.requests).toEqual([]);

    // A repeat before the row is released gets the same error, which is also safe to retry.
    await expect
      .poll(async () => {
        const repeat = await submit(gateway);
        return repeat.__typename === 'GatewayUnavailableError' ? 'again' : repeat.__typename;
      })
      .toBe('ExtendVideoSuccess');
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('a commit that arrives after its connection was cut', () => {
  it('frees the key: nothing was sent, and a repeat is sent once', async () => {
    await using upstream = await startScriptedUpstream((_request, response) =>
      answerJson(response, { code: 200, msg: 'success', data: { taskId: 'task-1' } }),
    );
    await using proxy = await startCommitCuttingProxy(await postgres.createDatabase());
    await using gateway = await startGateway(upstream, {
      AUTH: 'none',
      DATABASE_URL: proxy.url,
      SUBMIT_MAX_WAIT_MS: '0',
      UPSTREAM_TIMEOUT_MS: '1000',
    });

    const delayed = proxy.delayCommitOf('insert into "video"');
    const looked = proxy.answerTo('coalesce(finished_at, now_ms())');
    expect(await submit(gateway)).toMatchObject({ code: 'GATEWAY_UNAVAILABLE', retryable: true });
    const deliver = await delayed;
    // The first attempt to release the row has found none.
    await looked;
    deliver();

    await expect
      .poll(async () => {
        const repeat = await submit(gateway);
        return repeat.__typename === 'GatewayUnavailableError' ? 'again' : repeat.__typename;
      })
      .not.toBe('again');
    expect(await submit(gateway)).toMatchObject({ video: { taskId: 'task-1' } });
    expect(upstream.requests).toHaveLength(1);
  });
});

describe("an answer that names the source's own task id", () => {
  it('is accepted; only the callback ends the task, and no read reports the source', async () => {
    await using upstream = await startScriptedUpstream((request, response) => {
      if (request.method === 'GET') return answerTask(response, INPUT.taskId, 'success');
      return answerJson(response, { code: 200, msg: 'success', data: { taskId: INPUT.taskId } });
    });
    await using gateway = await startGateway(upstream, { RECONCILE_AFTER_MS: '20' });

    const result = await submit(gateway);
    expect(result).toMatchObject({
      __typename: 'ExtendVideoSuccess',
      video: { state: 'WAITING', taskId: null },
    });
    const { url, id } = readCallbackUrl(upstream.requests[0]?.json());
    expect(await readVideo(gateway, id)).toMatchObject({ state: 'WAITING', videoUrl: null });
    expect((await submit(gateway)).__typename).toBe('ExtendVideoSuccess');
    expect(upstream.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);

    const film = { video_url: 'https://files.example.com/extension.mp4' };
    const { status } = await postCallback(url, toSuccess(INPUT.taskId, film));

    expect(status).toBe(200);
    expect(await readVideo(gateway, id)).toMatchObject({
      state: 'SUCCEEDED',
      videoUrl: film.video_url,
    });
  });

  it("is accepted if the source is the caller's own video", async () => {
    let tasks = 0;
    await using upstream = await startScriptedUpstream((request, response) => {
      const { taskId } = request.json() as { taskId: string };
      tasks += 1;
      answerJson(response, { code: 200, data: { taskId: tasks === 1 ? 'task-1' : taskId } });
    });
    await using gateway = await startGateway(upstream);
    await extend(gateway);
    await postCallback(readCallbackUrl(upstream.requests[0]?.json()).url, toSuccess('task-1'));

    await submit(gateway, { ...KEYED, taskId: 'task-1' });
    const { url, id } = readCallbackUrl(upstream.requests[1]?.json());
    const film = { video_url: 'https://files.example.com/extension.mp4' };
    const { status } = await postCallback(url, toSuccess('task-1', film));

    expect(status).toBe(200);
    expect(await readVideo(gateway, id)).toMatchObject({ videoUrl: film.video_url });
    expect(await readVideo(gateway, 'task-1')).toMatchObject({
      videoUrl: 'https://files.example.com/task-1.mp4',
    });
  });
});

describe('a SQLite file that is deleted while the gateway uses it', () => {
  it('stops the service: no submit is sent and no callback is acknowledged', async () => {
    await using upstream = await startScriptedUpstream((_request, response) =>
      answerJson(response, { code: 200, msg: 'success', data: { taskId: 'task-1' } }),
    );
    await using gateway = await startGateway(upstream);
    await submit(gateway);
    const { url } = readCallbackUrl(upstream.requests[0]?.json());
    expect((await fetch(`${gateway.url}/ready`)).status).toBe(200);

    for (const end of ['', '-wal', '-shm']) {
      await rm(join(gateway.folder, `gateway.db${end}`), { force: true });
    }

    const second = await submit(gateway, { ...KEYED, idempotencyKey: 'order-4712' });
    expect(second).toMatchObject({ code: 'GATEWAY_UNAVAILABLE' });
    expect((await postCallback(url, toSuccess('task-1'))).status).toBe(503);
    expect((await fetch(`${gateway.url}/ready`)).status).toBe(503);
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('a clock that is far ahead at the start', () => {
  it('prunes nothing until it is confirmed: an old key is not paid again', async () => {
    await using upstream = await startScriptedUpstream((_request, response) =>
      answerJson(response, { code: 200, msg: 'success', data: { taskId: 'task-1' } }),
    );
    await using before = await startGateway(upstream);
    await submit(before);
    await postCallback(readCallbackUrl(upstream.requests[0]?.json()).url, toSuccess('task-1'));
    await before.stop();
    // As a clock 61 days ahead sees what was stored before.
    const past = Date.now() - 61 * DAY_MS;
    backdate(before, 'update video set created_at = ?1, finished_at = ?1', past);
    backdate(before, 'update completion set created_at = ?', past);
    backdate(before, "update meta set value = ? where name = 'pruned_at'", String(past));
    const DATABASE_URL = `sqlite:${join(before.folder, 'gateway.db')}`;

    await using doubtful = await startGatewayProcess(upstream, { DATABASE_URL });
    await doubtful.logged('nothing is pruned');
    const repeat = await doubtful.graphql(ExtendDocument, { input: KEYED });
    expect(repeat.data.extendVideo).toMatchObject({ video: { taskId: 'task-1' } });
    expect(upstream.requests).toHaveLength(1);
    expect(await doubtful.stop()).toContain('CLOCK_CONFIRMED_ON=');

    const CLOCK_CONFIRMED_ON = new Date().toISOString().slice(0, 10);
    await using sure = await startGatewayProcess(upstream, { DATABASE_URL, CLOCK_CONFIRMED_ON });
    await sure.logged('"msg":"pruned"');
  });
});
