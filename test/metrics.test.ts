import { get } from 'node:http';
import { describe, expect, it } from 'vitest';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import {
  ExtendDocument,
  OnExtendedDocument,
  OnUpdatedDocument,
  ReadVideoDocument,
} from './generated/graphql.ts';
import { backdate } from './support/backdate.ts';
import { postCallback, toFailure, toSuccess } from './support/callback.ts';
import { startGateway } from './support/gateway.ts';
import { startHeldUpstream } from './support/held-upstream.ts';
import { extend, INPUT } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import { startGatewayProcess } from './support/process.ts';
import { scrape } from './support/scrape.ts';
import { answerJson, startScriptedUpstream } from './support/scripted-upstream.ts';
import { bearerOf, JWT_SECRET } from './support/tokens.ts';
import { openWays, WAY_NAMES } from './support/ways.ts';

const REQUESTS = 'longtake_requests_total';
const TOKEN = 'a-token-of-prometheus-own';

describe('requests', () => {
  it('are counted by root field, transport and outcome, on every transport', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const ways = await openWays(gateway);

    for (const name of WAY_NAMES) {
      await ways[name]({ document: { toString: () => '{ __typename }' } });
      await ways[name]({ document: ReadVideoDocument, variables: { taskId: 'nobody' } });
      await ways[name]({ document: { toString: () => '{ nothing }' } });
      await ways[name]({ document: { toString: () => '{ ' } });
      await ways[name]({ document: ReadVideoDocument, variables: {} });
      await ways[name]({
        document: { toString: () => '{ videos(first: 101) { edges { cursor } } }' },
      });
    }

    const counted = (await scrape(gateway)).counted(REQUESTS);
    const expected: Record<string, number> = {};
    for (const [transport, times] of [
      ['http', 2],
      ['sse', 2],
      ['ws', 1],
    ] as const) {
      for (const [operation, outcome] of [
        ['query.__typename', 'ok'],
        ['query.video', 'ok'],
        ['query.video', 'BAD_USER_INPUT'],
        ['query.videos', 'INVALID_INPUT'],
        ['invalid', 'GRAPHQL_PARSE_FAILED'],
        ['invalid', 'GRAPHQL_VALIDATION_FAILED'],
      ]) {
        expected[`operation=${operation},outcome=${outcome},transport=${transport}`] = times;
      }
    }
    expect(counted).toEqual(expected);
  });

  it('are counted equally by the thin path and by Yoga', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    for (const THIN_PATH of ['on', 'off']) {
      await using gateway = await startGateway(sandbox, { THIN_PATH });

      for (let n = 0; n < 50; n += 1) await gateway.send('{ videos { edges { cursor } } }');

      const { get } = await scrape(gateway);
      const labels = { operation: 'query.videos', transport: 'http', outcome: 'ok' };
      expect(get(REQUESTS, labels)).toBe(50);
      expect(get('longtake_request_duration_seconds_count', labels)).toBe(50);
      expect(get('longtake_request_duration_seconds_bucket', { ...labels, le: '+Inf' })).toBe(50);
      expect(get('longtake_request_duration_seconds_sum', labels)).toBeGreaterThan(0);
    }
  });

  it('that are refused are counted by error code, and a stream is counted at its start', async () => {
    await using upstream = await startScriptedUpstream((_request, response) =>
      answerJson(response, { code: 451, msg: 'no' }),
    );
    await using gateway = await startGateway(upstream);
    const socket = await gateway.socket();

    await gateway.graphql(ExtendDocument, { input: INPUT });
    await socket.subscribe(ExtendDocument, { input: INPUT }).rest();
    await gateway.graphql(ExtendDocument, { input: { ...INPUT, prompt: '' } });
    const listening = socket.subscribe(OnExtendedDocument, {});
    // It is counted before the operation that comes after it is answered.
    await socket.subscribe(ReadVideoDocument, { taskId: 'x' }).rest();
    listening.stop();
    await socket.subscribe(OnUpdatedDocument, { taskId: '\0' }).rest();

    const counted = (await scrape(gateway)).counted(REQUESTS);
    expect(counted).toMatchObject({
      'operation=mutation.extendVideo,outcome=SOURCE_UNAVAILABLE,transport=http': 1,
      'operation=mutation.extendVideo,outcome=SOURCE_UNAVAILABLE,transport=ws': 1,
      'operation=mutation.extendVideo,outcome=INVALID_INPUT,transport=http': 1,
      'operation=subscription.videoExtended,outcome=ok,transport=ws': 1,
      'operation=subscription.videoUpdated,outcome=VIDEO_NOT_FOUND,transport=ws': 1,
    });
  });

  it('that never reach GraphQL are counted, too', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream, {
      AUTH_JWT_SECRET: JWT_SECRET,
      METRICS_TOKEN: TOKEN,
    });
    const { url } = gateway;

    await gateway.send('{ __typename }');
    await fetch(`${url}/graphql`, { method: 'POST', body: 'x' });
    await fetch(`${url}/graphql`, {
      method: 'DELETE',
      headers: { authorization: bearerOf('anna') },
    });
    await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: bearerOf('anna') },
      body: '{',
    });

    expect((await scrape(gateway, TOKEN)).counted(REQUESTS)).toEqual({
      'operation=invalid,outcome=BAD_REQUEST,transport=http': 3,
      'operation=invalid,outcome=UNAUTHENTICATED,transport=http': 1,
    });
  });

  it.each(['on', 'off'])(
    'whose client disconnects are counted as such and not logged as bugs: thin path %s',
    async (THIN_PATH) => {
      await using upstream = await startScriptedUpstream(() => {});
      await using gateway = await startGatewayProcess(upstream, { THIN_PATH });
      const leaving = new AbortController();
      const asked = fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: '{ video(taskId: "elsewhere") { id } }' }),
        signal: leaving.signal,
      });
      await upstream.nextRequest();
      leaving.abort();
      await expect(asked).rejects.toThrow();
      // Logged when the connection has closed.
      await gateway.logged('"msg":"request"');

      const counted = (await scrape(gateway)).counted(REQUESTS);
      const log = await gateway.stop();

      expect(counted).toEqual({ 'operation=query.video,outcome=left,transport=http': 1 });
      expect(log).not.toContain('bug');
    },
  );

  it('create no series from names, aliases, addresses or random input', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const ways = await openWays(gateway);
    const nth = (n: number): string[] => [
      `query Name${n} { alias${n}: video(taskId: "none-${n}") { id } }`,
      `query { garbage${n} }`,
      `{ broken${n}`,
      `query A${n} { __typename } query B${n} { videos { edges { cursor } } }`,
      `fragment F${n} on Query { a${n}: videos { edges { cursor } } } { ...F${n} b: __typename }`,
    ];
    const documents = [nth(0), nth(1)].flat();
    for (const text of documents) {
      await ways.POST({ document: { toString: () => text }, more: { operationName: undefined } });
      await ways.WebSocket({ document: { toString: () => text } });
    }
    const before = await scrape(gateway);

    for (let n = 2; n < 1_000; n += 1) {
      const [text = ''] = nth(n).slice(n % 5);
      await ways[n % 2 ? 'POST' : 'WebSocket']({ document: { toString: () => text } });
      if (n % 10 === 0) {
        await fetch(`${gateway.url}/graphql/${n}?operation=${n}`);
        await fetch(`${gateway.url}/callbacks/${n}`, { method: 'POST' });
      }
    }

    const after = await scrape(gateway);
    const isOfCallbacks = (key: string) => key.startsWith('longtake_callbacks_total');
    expect([...after.series.keys()].filter((key) => !isOfCallbacks(key))).toEqual(
      [...before.series.keys()].filter((key) => !isOfCallbacks(key)),
    );
    expect(after.counted('longtake_callbacks_total')).toEqual({ 'outcome=unknown_url': 99 });
    expect(after.series.size).toBeLessThan(500);
  });
});

describe('the life of a task', () => {
  it('is counted from its submit to its completion, including deliveries', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const bySocket = (await gateway.socket()).subscribe(OnExtendedDocument, {});
    const { taskId, cursor } = await extend(gateway);
    const bySse = await gateway.sse(OnExtendedDocument, { after: cursor });
    const open = await scrape(gateway);
    await sandbox.complete(taskId);
    await bySocket.next();
    await bySse.next();
    await extend(gateway, { prompt: '#422' }).catch(() => undefined);

    const { get, counted } = await scrape(gateway);

    expect(open.get('longtake_tasks_open', { state: 'WAITING' })).toBe(1);
    expect(open.get('longtake_tasks_open', { state: 'UNCONFIRMED' })).toBe(0);
    expect(open.get('longtake_tasks_oldest_seconds')).toBeGreaterThanOrEqual(0);
    expect(open.get('longtake_sockets')).toBe(1);
    expect(open.get('longtake_subscriptions')).toBe(2);
    expect(counted('longtake_submits_total')).toEqual({
      'outcome=ok': 1,
      'outcome=INVALID_INPUT': 1,
    });
    expect(counted('longtake_upstream_requests_total')).toEqual({
      'code=200,method=POST': 1,
      'code=422,method=POST': 1,
    });
    expect(
      get('longtake_upstream_request_duration_seconds_count', { method: 'POST', code: '200' }),
    ).toBe(1);
    expect(get('longtake_gate_wait_seconds_count', { outcome: 'let_through' })).toBe(2);
    expect(counted('longtake_callbacks_total')).toEqual({ 'outcome=succeeded': 1 });
    expect(counted('longtake_completions_total')).toEqual({
      'found_by=callback,outcome=SUCCEEDED': 1,
    });
    expect(get('longtake_task_duration_seconds_count', { outcome: 'succeeded' })).toBe(1);
    expect(counted('longtake_events_total')).toEqual({ 'operation=subscription.videoExtended': 2 });
    expect(get('longtake_database_up')).toBe(1);
  });

  it('counts lost answers and the outcome of each kind of callback', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream, { WEBHOOK_HMAC_KEY: '' });
    const lost = gateway.graphql(ExtendDocument, { input: INPUT });
    const submit = await upstream.nextSubmit();
    submit.cut();
    await lost;
    const { url, id } = submit.callback;

    await postCallback(url, { nonsense: true });
    await postCallback(url, toFailure('task-1'));
    await postCallback(url, toFailure('task-1'));
    await postCallback(url, toSuccess('task-2'));
    await postCallback(`${url.slice(0, -3)}xxx`, toSuccess('task-1'));
    await postCallback(url, 'x'.repeat(70_000));

    const { counted } = await scrape(gateway);
    expect(counted('longtake_submits_total')).toEqual({ 'outcome=OUTCOME_UNKNOWN': 1 });
    expect(counted('longtake_upstream_requests_total')).toEqual({ 'code=lost,method=POST': 1 });
    expect(counted('longtake_callbacks_total')).toEqual({
      'outcome=not_a_callback': 1,
      'outcome=failed': 1,
      'outcome=repeated': 1,
      'outcome=another_task': 1,
      'outcome=unknown_url': 1,
      'outcome=too_large': 1,
    });
    expect(counted('longtake_completions_total')).toEqual({
      'found_by=callback,outcome=INAPPROPRIATE_CONTENT': 1,
    });
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('counts the reads of reconciliation and the ends that they find', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { RECONCILE_AFTER_MS: '50' });
    const { taskId } = await extend(gateway, { prompt: '#callback-lost' });
    const events = (await gateway.socket()).subscribe(OnUpdatedDocument, { taskId });
    await sandbox.nextRequest(({ method }) => method === 'GET');
    await sandbox.complete(taskId);
    await events.rest();

    const { counted } = await scrape(gateway);

    expect(counted('longtake_reconciliation_reads_total')).toMatchObject({
      'outcome=open': expect.any(Number),
    });
    expect(counted('longtake_completions_total')).toEqual({
      'found_by=reconciliation,outcome=SUCCEEDED': 1,
    });
  });
});

describe('/metrics', () => {
  const postgres = sharedPostgres();

  it('is answered while the database is down, and shows that', async () => {
    const DATABASE_URL = await postgres.createDatabase();
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream, { DATABASE_URL });

    await postgres.closeDatabase(DATABASE_URL);
    const { get: read, labelsOf } = await scrape(gateway);

    expect(read('longtake_database_up')).toBe(0);
    expect(labelsOf.has('longtake_tasks_open')).toBe(false);
    expect(labelsOf.has('longtake_tasks_oldest_seconds')).toBe(false);
    expect(read('longtake_sockets')).toBe(0);
    expect(read('process_resident_memory_bytes')).toBeGreaterThan(1e6);
  });

  it('counts the open tasks on PostgreSQL as on SQLite', async () => {
    const DATABASE_URL = await postgres.createDatabase();
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { DATABASE_URL });
    await extend(gateway);

    const { get } = await scrape(gateway);

    expect(get('longtake_tasks_open', { state: 'WAITING' })).toBe(1);
    expect(get('longtake_database_up')).toBe(1);
  });

  it('is open without authentication, but not to a page with a foreign Host', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream);

    const response = await fetch(`${gateway.url}/metrics`);

    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    expect((await fetch(`${gateway.url}/metrics`, { method: 'POST' })).status).toBe(405);
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    const headers = { host: 'evil.example.net' };
    get(`${gateway.url}/metrics`, { headers }, (answer) =>
      resolve(answer.resume().statusCode),
    ).end();
    expect(await promise).toBe(403);
  });

  it('requires METRICS_TOKEN if it is set, and does not exist with authentication and without METRICS_TOKEN', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using closed = await startGateway(upstream, { AUTH_JWT_SECRET: JWT_SECRET });
    await using own = await startGateway(upstream, {
      AUTH_JWT_SECRET: JWT_SECRET,
      METRICS_TOKEN: TOKEN,
    });
    const ask = async (gateway: { url: string }, authorization?: string) =>
      (await fetch(`${gateway.url}/metrics`, { headers: authorization ? { authorization } : {} }))
        .status;

    expect(await ask(closed)).toBe(404);
    expect(await ask(closed, bearerOf('anna'))).toBe(404);
    expect(await ask(own)).toBe(401);
    expect(await ask(own, bearerOf('anna'))).toBe(401);
    expect(await ask(own, `Bearer ${TOKEN}x`)).toBe(401);
    expect(await ask(own, `Bearer ${TOKEN}`)).toBe(200);
  });

  it('contains no secret, no id and no owner', async () => {
    await using sandbox = await startSandbox({ autoplay: false, apiKey: 'canary-key' });
    await using gateway = await startGateway(sandbox, {
      APIKLEY_API_KEY: 'canary-key',
      AUTH_JWT_SECRET: JWT_SECRET,
      METRICS_TOKEN: TOKEN,
    });
    const anna = gateway.as(bearerOf('canary-anna'));
    const { id, taskId } = await extend(anna);
    await sandbox.complete(taskId);
    await anna.graphql(ReadVideoDocument, { taskId });

    const { text } = await scrape(gateway, TOKEN);

    for (const word of ['canary', TOKEN, JWT_SECRET, id, taskId, new URL(sandbox.url).port]) {
      expect(text).not.toContain(word);
    }
    expect(text).toContain('longtake_build_info{version="');
  });
});

describe('pauses in /metrics', () => {
  it('show the remaining time of a pause after a 429 and of an open breaker', async () => {
    const codes = [402, 429];
    await using upstream = await startScriptedUpstream((_, response) =>
      answerJson(response, { code: codes.pop(), msg: 'no' }, { headers: { 'retry-after': '200' } }),
    );
    await using gateway = await startGateway(upstream, { UPSTREAM_BREAKER: 'on' });
    const before = await scrape(gateway);
    const submit = () => gateway.graphql(ExtendDocument, { input: INPUT });
    await submit();
    await gateway.restart();
    const paused = await scrape(gateway);

    expect(before.get('longtake_pause_seconds', { calls: 'submits' })).toBe(0);
    expect(before.get('longtake_breaker_open_seconds')).toBe(0);
    expect(paused.get('longtake_pause_seconds', { calls: 'submits' })).toBeGreaterThan(100);
    expect(paused.get('longtake_pause_seconds', { calls: 'submits' })).toBeLessThanOrEqual(200);
    expect(paused.get('longtake_pause_seconds', { calls: 'reads' })).toBe(0);

    await gateway.stop();
    backdate(gateway, 'delete from pause');
    await gateway.restart();
    await submit();

    expect((await scrape(gateway)).get('longtake_breaker_open_seconds')).toBeGreaterThan(10);
  });
});
