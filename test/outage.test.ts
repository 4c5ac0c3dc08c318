import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PaidUpstream, startPaidUpstream } from './crash/upstream.ts';
import { within } from './crash/within.ts';
import {
  ExtendDocument,
  OnExtendedDocument,
  OnUpdatedDocument,
  ReadCompletionsDocument,
  ReadVideoDocument,
} from './generated/graphql.ts';
import { postCallback, toSuccess } from './support/callback.ts';
import { startFreezableProxy } from './support/freezable-proxy.ts';
import { startGateway as start, type TestGateway } from './support/gateway.ts';
import { type HeldUpstream, startHeldUpstream } from './support/held-upstream.ts';
import { extend, INPUT } from './support/operations.ts';
import { type PostgresServer, startPostgres } from './support/postgres.ts';
import type { SocketStream } from './support/socket.ts';

let postgres: PostgresServer;
beforeAll(async () => {
  postgres = await startPostgres();
}, 120_000);
afterAll(() => postgres[Symbol.asyncDispose]());

/** The paid upstream's callbacks find the gateway wherever it is. */
function startGateway(upstream: { url: string }, env: Record<string, string>) {
  return start(upstream, { PUBLIC_URL: 'http://gateway.example', AUTH: 'none', ...env });
}

/** Ends every connection to the database, whatever it is doing. */
async function cutConnections(databaseUrl: string): Promise<number> {
  const name = new URL(databaseUrl).pathname.slice(1);
  const { rowCount } = await postgres.run(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
  );
  return rowCount ?? 0;
}

/** Like the upstream, retries until it is acknowledged. */
async function callBackAll(
  upstream: PaidUpstream,
  gateways: readonly TestGateway[],
  onAcknowledged: (count: number) => Promise<void>,
): Promise<void> {
  let count = 0;
  const open = [...upstream.tasks];
  async function work(): Promise<void> {
    for (let task = open.shift(); task; task = open.shift()) {
      await upstream.callBack(task, (gateways[open.length % gateways.length] as TestGateway).url);
      if (!task.isAcknowledged) open.push(task);
      else await onAcknowledged(++count);
    }
  }
  await Promise.all(Array.from({ length: 6 }, work));
}

async function readPage(gateway: TestGateway, after: string | null) {
  const { data } = await gateway.graphql(ReadCompletionsDocument, { first: 100, after });
  return data.completions;
}

async function readLog(gateway: TestGateway): Promise<string[]> {
  const cursors: string[] = [];
  let page = await readPage(gateway, null);
  for (;;) {
    cursors.push(...page.edges.map(({ cursor }) => cursor));
    if (!page.pageInfo.hasNextPage) return cursors;
    page = await readPage(gateway, page.pageInfo.endCursor ?? null);
  }
}

type Extended = { videoExtended: { cursor: string; video: { id: string } } };

async function hear(
  events: Pick<SocketStream<Extended>, 'next'>,
  count: number,
): Promise<string[]> {
  const cursors: string[] = [];
  while (cursors.length < count) {
    const event = await within(60_000, `completion ${cursors.length + 1}`, events.next());
    if (!event) throw new Error('The stream has ended.');
    cursors.push(event.data.videoExtended.cursor);
  }
  return cursors;
}

/** Asks until the gateway says that it is ready; fails with the test's own time limit. */
async function untilReady(gateway: TestGateway): Promise<void> {
  while ((await fetch(`${gateway.url}/ready`)).status !== 200);
}

async function submit(gateway: TestGateway, idempotencyKey: string | null = null) {
  const answer = await gateway.graphql(ExtendDocument, { input: { ...INPUT, idempotencyKey } });
  return answer.data.extendVideo;
}

// They mostly wait for time limits.
describe.concurrent('database connections that are cut silently', () => {
  const ENV = { DATABASE_TIMEOUT_MS: '1000', SHUTDOWN_TIMEOUT_MS: '3000' };

  it('do not stop deliveries from another replica or the shutdown of the gateway', async () => {
    await using upstream = await startHeldUpstream();
    const url = await postgres.createDatabase();
    await using proxy = await startFreezableProxy(url);
    await using a = await startGateway(upstream, { ...ENV, DATABASE_URL: proxy.url });
    await using b = await startGateway(upstream, { ...ENV, DATABASE_URL: url });
    const submitting = extend(a);
    const held = await upstream.nextSubmit();
    held.accept('task-1');
    await submitting;
    const socket = await a.socket();
    const events = socket.subscribe(OnExtendedDocument, { taskId: 'task-1' });
    // It has begun once the socket answers what was sent after it.
    await socket.subscribe(ReadVideoDocument, { taskId: 'task-1' }).next();

    expect(proxy.freeze('listen longtake_video')).toBe(1);
    const callbackUrl = `${b.url}${new URL(held.callback.url).pathname}`;
    expect((await postCallback(callbackUrl, toSuccess('task-1'))).status).toBe(200);

    expect((await events.next())?.data.videoExtended.video.state).toBe('SUCCEEDED');
    expect(proxy.freeze('listen longtake_video')).toBeGreaterThan(0);
    await a.stop();
  });

  it('are not reused', async () => {
    await using upstream = await startHeldUpstream();
    await using proxy = await startFreezableProxy(await postgres.createDatabase());
    await using gateway = await startGateway(upstream, { ...ENV, DATABASE_URL: proxy.url });
    await gateway.graphql(ReadVideoDocument, { taskId: 'unknown' }).catch(() => undefined);
    expect(proxy.freeze()).toBeGreaterThan(1);

    let answer = await gateway.graphql(ReadCompletionsDocument, { first: 1 });
    let failures = 0;
    for (; answer.errors; answer = await gateway.graphql(ReadCompletionsDocument, { first: 1 })) {
      failures += 1;
      expect(answer.errors[0]?.extensions.code).toBe('GATEWAY_UNAVAILABLE');
      // Each frozen connection fails one of them at most.
      expect(failures).toBeLessThan(12);
    }
    expect(answer.data.completions.edges).toEqual([]);
    await gateway.stop();
  });
});

describe('database connections that are cut during statements', () => {
  it('lose nothing in 150 completions and five cuts', async () => {
    const DATABASE_URL = await postgres.createDatabase();
    await using upstream = await startPaidUpstream();
    await using a = await startGateway(upstream, { DATABASE_URL });
    await using b = await startGateway(upstream, { DATABASE_URL });
    const { cursor: after } = await extend(a);
    await Promise.all(Array.from({ length: 149 }, (_, n) => extend(n % 2 ? a : b)));
    const socket = await a.socket();
    const onA = socket.subscribe(OnExtendedDocument, { after });
    const onB = await b.sse(OnExtendedDocument, { after });

    const hearing = Promise.all([hear(onA, 150), hear(onB, 150)]);
    let cut = 0;
    await callBackAll(upstream, [a, b], async (count) => {
      if (count % 25 === 0 && count < 150) cut += await cutConnections(DATABASE_URL);
    });
    const [heardOnA, heardOnB] = await hearing;

    expect(cut).toBeGreaterThan(10);
    const log = await readLog(a);
    expect(log).toHaveLength(150);
    expect(heardOnA).toEqual(log);
    expect(heardOnB).toEqual(log);
  });

  it('do not change the outcome of 24 submits in flight, each with one POST', async () => {
    const DATABASE_URL = await postgres.createDatabase();
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream, { DATABASE_URL });
    const submits = Array.from({ length: 24 }, (_, n) => submit(gateway, `key-${n}`));
    const held = await Promise.all(submits.map(() => upstream.nextSubmit()));

    await cutConnections(DATABASE_URL);
    for (const [n, one] of held.entries()) one.accept(`task-${n}`);
    const results = await Promise.all(submits);

    for (const result of results) {
      expect(result).toMatchObject({
        __typename: 'ExtendVideoSuccess',
        video: { state: 'WAITING' },
      });
    }
    expect(upstream.submits).toHaveLength(24);
  });
});

describe('a database server that goes down and comes back', () => {
  it('is reported as down meanwhile, and nothing is lost', { timeout: 240_000 }, async () => {
    const DATABASE_URL = await postgres.createDatabase();
    await using upstream = await startPaidUpstream();
    await using a = await startGateway(upstream, { DATABASE_URL });
    await using b = await startGateway(upstream, { DATABASE_URL });
    const { taskId, cursor: after } = await extend(a);
    await extend(b);
    const posts = upstream.tasks.length;
    const socket = await a.socket();
    let isClosed = false;
    void socket.closed.then(() => {
      isClosed = true;
    });
    const events = socket.subscribe(OnExtendedDocument, { after });
    const one = socket.subscribe(OnExtendedDocument, { taskId });
    const states = socket.subscribe(OnUpdatedDocument, { taskId });
    await states.next();
    const onB = await b.sse(OnExtendedDocument, { after });

    await postgres.stop();
    try {
      for (const gateway of [a, b]) {
        expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
        expect((await fetch(`${gateway.url}/ready`)).status).toBe(503);
      }
      const [task] = upstream.tasks;
      const begun = performance.now();
      const { status } = await postCallback(`${a.url}${task?.callbackPath}`, toSuccess(taskId));
      expect(status).toBe(503);
      expect(performance.now() - begun).toBeLessThan(5_000);

      expect(await submit(a)).toMatchObject({
        __typename: 'GatewayUnavailableError',
        code: 'GATEWAY_UNAVAILABLE',
        retryable: true,
      });
      expect(await submit(a, 'a-key')).toMatchObject({ __typename: 'GatewayUnavailableError' });
      expect(upstream.tasks).toHaveLength(posts);
      const { errors } = await a.graphql(ReadVideoDocument, { taskId });
      expect(errors?.[0]?.extensions).toMatchObject({
        code: 'GATEWAY_UNAVAILABLE',
        retryable: true,
      });
      const subscribed = await socket.subscribe(OnExtendedDocument, { taskId }).rest();
      expect(subscribed[0]?.errors?.[0]?.extensions.code).toBe('GATEWAY_UNAVAILABLE');
    } finally {
      await postgres.start();
    }
    await Promise.all([untilReady(a), untilReady(b)]);
    await callBackAll(upstream, [b, a], async () => {});

    expect(isClosed).toBe(false);
    const log = await readLog(a);
    expect(log).toHaveLength(2);
    expect(await hear(events, 2)).toEqual(log);
    expect(await hear(onB, 2)).toEqual(log);
    expect(await within(60_000, 'the one', one.rest())).toHaveLength(1);
    const last = (await within(60_000, 'the last state', states.rest())).at(-1);
    expect(last?.data.videoUpdated.state).toBe('SUCCEEDED');
    expect((await submit(a, 'a-key')).__typename).toBe('ExtendVideoSuccess');
  });

  it('has stored every callback that was acknowledged around its outage', {
    timeout: 240_000,
  }, async () => {
    const DATABASE_URL = await postgres.createDatabase();
    await using upstream = await startPaidUpstream();
    await using gateway = await startGateway(upstream, { DATABASE_URL });
    const { cursor: after } = await extend(gateway);
    await Promise.all(Array.from({ length: 79 }, () => extend(gateway)));
    const events = (await gateway.socket()).subscribe(OnExtendedDocument, { after });
    const hearing = hear(events, 80);

    await callBackAll(upstream, [gateway], async (count) => {
      if (count !== 20) return;
      await postgres.stop();
      await postgres.start();
    });

    expect(await hearing).toEqual(await readLog(gateway));
  });
});

describe('a submit in flight when the database goes down', () => {
  /** The POST is there and unanswered, and the database is gone. */
  async function loseDatabase(upstream: HeldUpstream, gateway: TestGateway) {
    const submitting = submit(gateway, 'the-key');
    const held = await upstream.nextSubmit();
    await postgres.stop();
    return { submitting, held };
  }

  /** The same submit again ends up with the task that was paid. */
  async function expectPaidOnce(upstream: HeldUpstream, gateway: TestGateway, taskId: string) {
    await untilReady(gateway);
    let again = await submit(gateway, 'the-key');
    // The answer is written when the gateway next tries to.
    for (let n = 0; again.__typename === 'OutcomeUnknownError' && n < 1_000; n++) {
      again = await submit(gateway, 'the-key');
    }
    expect(again).toMatchObject({ __typename: 'ExtendVideoSuccess', video: { taskId } });
    expect(upstream.submits).toHaveLength(1);
  }

  it('is settled when the database returns', { timeout: 240_000 }, async () => {
    const DATABASE_URL = await postgres.createDatabase();
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream, { DATABASE_URL });

    const { submitting, held } = await loseDatabase(upstream, gateway);
    held.accept('task-1');
    expect((await fetch(`${gateway.url}/ready`)).status).toBe(503);
    await postgres.start();

    expect(await within(60_000, 'the answer', submitting)).toMatchObject({
      __typename: 'ExtendVideoSuccess',
      video: { taskId: 'task-1', state: 'WAITING' },
    });
    await expectPaidOnce(upstream, gateway, 'task-1');
  });

  it('is settled with its refusal, too', { timeout: 240_000 }, async () => {
    const DATABASE_URL = await postgres.createDatabase();
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream, { DATABASE_URL });

    const { submitting, held } = await loseDatabase(upstream, gateway);
    held.refuse(451);
    await postgres.start();

    const result = await within(60_000, 'the answer', submitting);
    expect(result).toMatchObject({ __typename: 'SourceUnavailableError', upstreamCode: 451 });
    expect(upstream.submits).toHaveLength(1);
  });

  it('has an unknown outcome after its deadline, and is never sent again', {
    timeout: 240_000,
  }, async () => {
    const DATABASE_URL = await postgres.createDatabase();
    await using upstream = await startHeldUpstream();
    // It ends 5 s after these, whatever happens.
    const SHORT = { UPSTREAM_TIMEOUT_MS: '5000', SUBMIT_MAX_WAIT_MS: '1' };
    await using gateway = await startGateway(upstream, { DATABASE_URL, ...SHORT });

    const { submitting, held } = await loseDatabase(upstream, gateway);
    held.accept('task-1');
    const result = await within(60_000, 'the answer', submitting);
    await postgres.start();

    expect(result).toMatchObject({ __typename: 'OutcomeUnknownError', retryable: false });
    await expectPaidOnce(upstream, gateway, 'task-1');
  });
});
