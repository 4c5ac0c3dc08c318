import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { ExtendDocument, ReadVideosDocument } from './generated/graphql.ts';
import { startGateway, type TestCaller } from './support/gateway.ts';
import { startHeldUpstream } from './support/held-upstream.ts';
import { extend, INPUT } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import { createFleet, type Replica } from './support/replicas.ts';
import { chooseRounds } from './support/rounds.ts';
import { answerJson, startScriptedUpstream } from './support/scripted-upstream.ts';

const postgres = sharedPostgres();

describe('the allowance', () => {
  // Few enough that a busy machine is not slower than the allowance.
  const CALLS = 10;
  const WINDOW_MS = 2_000;
  const SUBMITS = 3 * CALLS;
  const ENV = {
    UPSTREAM_REQUESTS: String(CALLS),
    UPSTREAM_WINDOW_MS: String(WINDOW_MS),
    SUBMIT_MAX_WAIT_MS: '60000',
  };

  const FLEETS = [
    { count: 1, engine: 'SQLite' },
    { count: 4, engine: 'PostgreSQL' },
    { count: 1, engine: 'PostgreSQL' },
    { count: 2, engine: 'PostgreSQL' },
  ];

  it.each(FLEETS.slice(0, chooseRounds({ few: 2, all: 4 })))(
    'is used up and never exceeded by $count on $engine',
    { timeout: 240_000 },
    async ({ count, engine }) => {
      await using upstream = await startScriptedUpstream((_request, response) =>
        answerJson(response, { code: 200, msg: 'success', data: { taskId: randomUUID() } }),
      );
      const settings =
        engine === 'SQLite' ? ENV : { ...ENV, DATABASE_URL: await postgres.createDatabase() };
      await using fleet = await createFleet(upstream, settings);
      const replicas = await fleet.start(count);
      // The first requests of a process are slow, and not what this is about.
      const warm = Array.from({ length: 20 * count }, (_, n) =>
        replicas[n % count]?.graphql(ReadVideosDocument, {}),
      );
      await Promise.all(warm);

      // Twice as many at a time as a window takes: there is always somebody who waits.
      const kinds = new Set<string>();
      let begun = 0;
      async function keepSubmitting(): Promise<void> {
        while (begun < SUBMITS) {
          const replica = replicas[begun++ % count] as Replica;
          kinds.add((await submit(replica, 'Dance')).__typename);
        }
      }
      await Promise.all(Array.from({ length: 2 * CALLS }, keepSubmitting));

      expect(kinds).toEqual(new Set(['ExtendVideoSuccess']));
      expect(upstream.requests).toHaveLength(SUBMITS);
      // Measured where the gateways write to their sockets: how long a busy test leaves an arrival
      // unread says nothing about them.
      const sent = await Promise.all(replicas.map((replica) => replica.postTimes()));
      const times = sent.flat().sort((a, b) => a - b);
      expect(times).toHaveLength(SUBMITS);
      // Any window that holds one call more than the allowance is shorter than it should be.
      const gaps = times.slice(CALLS).map((time, n) => time - (times[n] ?? 0));
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(WINDOW_MS);
      // Places that are free are taken while somebody waits. On a machine that does nothing else a
      // span of the allowance takes 1.02 windows; never two, however slow it is.
      const average = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
      expect(average).toBeLessThan(2 * WINDOW_MS);
    },
  );
});

const KEYS = { busy: 'key-of-the-busy', quiet: 'key-of-the-quiet' };
const API_KEYS = Object.entries(KEYS)
  .map(([name, key]) => `${name}:${createHash('sha256').update(key).digest('hex')}`)
  .join();

async function submit(caller: TestCaller, prompt: string) {
  const { data } = await caller.graphql(ExtendDocument, { input: { ...INPUT, prompt } });
  return data.extendVideo;
}

describe.concurrent('an owner with many submits', () => {
  const BUSY = chooseRounds({ few: 30, all: 50 });
  const QUIET = chooseRounds({ few: 2, all: 4 });

  it.each([
    { replicas: 1, where: 'the same replica' },
    { replicas: 2, where: 'another replica' },
  ])('does not delay an owner with few, on $where', async ({ replicas }) => {
    await using upstream = await startHeldUpstream();
    const env = {
      DATABASE_URL: await postgres.createDatabase(),
      AUTH_API_KEYS: API_KEYS,
      UPSTREAM_REQUESTS: '10',
      // Longer than a slow machine takes to bring a submit as far as the gate.
      UPSTREAM_WINDOW_MS: '3000',
      SUBMIT_MAX_WAIT_MS: '60000',
    };
    await using a = await startGateway(upstream, env);
    await using b = await startGateway(upstream, env);
    const busy = a.as(`Bearer ${KEYS.busy}`);
    const quiet = (replicas === 1 ? a : b).as(`Bearer ${KEYS.quiet}`);
    let served = 0;
    const serving = (async () => {
      for (; served < BUSY + QUIET; served++)
        (await upstream.nextSubmit()).accept(`task-${served}`);
    })();

    const many = Array.from({ length: BUSY }, (_, n) => submit(busy, `busy ${n}`));
    const places: number[] = [];
    for (let n = 0; n < QUIET; n++) {
      const before = upstream.submits.length;
      expect((await submit(quiet, `quiet ${n}`)).__typename).toBe('ExtendVideoSuccess');
      const prompts = upstream.submits.map((request) => (request.json() as Prompted).prompt);
      places.push(prompts.indexOf(`quiet ${n}`) - before);
    }
    await Promise.all([...many, serving]);

    // It is served when places become free next, or once more later where replicas race for them;
    // in between some may have become free already.
    expect(Math.max(...places)).toBeLessThanOrEqual((replicas + 1) * 10);
  });
});

interface Prompted {
  readonly prompt: string;
}

/** Runs a statement on a database of PostgreSQL. */
async function runOn(url: string, statement: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(statement);
  await client.end();
}

/** The rows' states in a stopped gateway's file, oldest first. */
function readStates(gateway: { readonly folder: string }): unknown[] {
  const file = new DatabaseSync(join(gateway.folder, 'gateway.db'));
  const rows = file.prepare('select state from video order by id').all();
  file.close();
  return rows.map(({ state }) => state);
}

describe('a submit that gets no place in time', () => {
  const ENV = { UPSTREAM_REQUESTS: '1', UPSTREAM_WINDOW_MS: '60000', SUBMIT_MAX_WAIT_MS: '100' };

  it('is refused with the actual waiting time, without a POST and without a row', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, ENV);
    await extend(gateway);

    const results = [await submit(gateway, 'Late 1'), await submit(gateway, 'Late 2')];

    for (const result of results) {
      expect(result).toMatchObject({
        __typename: 'RateLimitedError',
        code: 'RATE_LIMITED',
        retryable: true,
        upstreamCode: null,
        upstreamMessage: null,
      });
      const { retryAfter } = result as { retryAfter: number };
      expect(retryAfter).toBeGreaterThanOrEqual(30);
      expect(retryAfter).toBeLessThanOrEqual(62);
    }
    expect(sandbox.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
    const { data } = await gateway.graphql(ReadVideosDocument, {});
    expect(data.videos.edges).toHaveLength(1);
    await gateway.stop();
    expect(readStates(gateway)).toEqual(['WAITING']);
  });

  it('leaves no row, however many submits are refused', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { ...ENV, SUBMIT_MAX_WAIT_MS: '10000' });
    await extend(gateway);

    for (let round = 0; round < 3; round += 1) {
      const results = await Promise.all(
        Array.from({ length: 30 }, (_, n) => submit(gateway, `${round} ${n}`)),
      );
      expect(results.map(({ __typename }) => __typename)).toEqual(
        Array.from({ length: 30 }, () => 'RateLimitedError'),
      );
    }

    await gateway.stop();
    expect(readStates(gateway)).toEqual(['WAITING']);
  });

  it('is refused as soon as the queue is longer than it may wait', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream, {
      UPSTREAM_REQUESTS: '1',
      UPSTREAM_WINDOW_MS: '60000',
      SUBMIT_MAX_WAIT_MS: '100000',
    });
    const first = submit(gateway, 'First');
    (await upstream.nextSubmit()).accept('task-1');
    await first;
    const waiting = submit(gateway, 'Waiting');
    const listed = async () => (await gateway.graphql(ReadVideosDocument, {})).data.videos.edges;
    while ((await listed()).length < 2);

    const result = await submit(gateway, 'Third');

    expect(result).toMatchObject({ __typename: 'RateLimitedError' });
    expect((result as { retryAfter: number }).retryAfter).toBeGreaterThan(100);
    expect((result as { retryAfter: number }).retryAfter).toBeLessThanOrEqual(121);
    await gateway.stop();
    expect((await waiting.catch(() => null))?.__typename).not.toBe('ExtendVideoSuccess');
    expect(readStates(gateway)).toHaveLength(2);
  });

  it('frees its key, and all callers that waited with it get the same error', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, ENV);
    await extend(gateway);
    const input = { ...INPUT, prompt: 'Late', idempotencyKey: 'late' };
    const ask = async () => (await gateway.graphql(ExtendDocument, { input })).data.extendVideo;

    const kinds = (await Promise.all([ask(), ask(), ask()])).map(({ __typename }) => __typename);
    expect(kinds).toEqual(['RateLimitedError', 'RateLimitedError', 'RateLimitedError']);
    await gateway.restart({ UPSTREAM_REQUESTS: '9' });

    expect((await ask()).__typename).toBe('ExtendVideoSuccess');
  });
});

describe("the upstream's 429", () => {
  const PAUSING = { 'retry-after': '2' };

  it('pauses all replicas for as long as it says', async () => {
    await using upstream = await startHeldUpstream();
    const env = { DATABASE_URL: await postgres.createDatabase(), SUBMIT_MAX_WAIT_MS: '10000' };
    await using a = await startGateway(upstream, env);
    await using b = await startGateway(upstream, env);

    const refused = submit(a, 'Refused');
    (await upstream.nextSubmit()).refuse(429, PAUSING);
    const refusedAt = performance.now();
    expect(await refused).toMatchObject({ __typename: 'RateLimitedError', retryAfter: 2 });
    const waiting = [submit(a, 'Next on A'), submit(b, 'Next on B')];
    const first = await upstream.nextSubmit();
    const paused = performance.now() - refusedAt;
    const second = await upstream.nextSubmit();
    first.accept('task-1');
    second.accept('task-2');

    expect(paused).toBeGreaterThan(1_950);
    expect(paused).toBeLessThan(10_000);
    for (const result of await Promise.all(waiting)) {
      expect(result.__typename).toBe('ExtendVideoSuccess');
    }
  });

  it('on a submit is reported with its retryAfter if that exceeds the longest wait', async () => {
    await using upstream = await startHeldUpstream();
    const env = { DATABASE_URL: await postgres.createDatabase(), SUBMIT_MAX_WAIT_MS: '50' };
    await using a = await startGateway(upstream, env);
    await using b = await startGateway(upstream, env);

    const refused = submit(a, 'Refused');
    (await upstream.nextSubmit()).refuse(429, { 'retry-after': '120' });
    await refused;
    const result = await submit(b, 'Next');

    expect(result).toMatchObject({ __typename: 'RateLimitedError', upstreamCode: null });
    expect((result as { retryAfter: number }).retryAfter).toBeGreaterThanOrEqual(60);
    expect((result as { retryAfter: number }).retryAfter).toBeLessThanOrEqual(121);
    expect(upstream.submits).toHaveLength(1);
  });

  it('with a Retry-After of a day pauses all submits for five minutes, then allows one trial call', async () => {
    await using upstream = await startHeldUpstream();
    const url = await postgres.createDatabase();
    const env = { DATABASE_URL: url, SUBMIT_MAX_WAIT_MS: '100000' };
    await using a = await startGateway(upstream, env);
    await using b = await startGateway(upstream, env);
    const refused = submit(a, 'Refused');
    (await upstream.nextSubmit()).refuse(429, { 'retry-after': '86400' });
    expect(await refused).toMatchObject({ __typename: 'RateLimitedError', retryAfter: 300 });
    const hopeless = (await submit(b, 'Hopeless')) as { retryAfter: number };
    expect(hopeless).toMatchObject({ __typename: 'RateLimitedError' });
    expect(hopeless.retryAfter).toBeLessThanOrEqual(300);
    expect(hopeless.retryAfter).toBeGreaterThan(200);

    // As if five minutes had passed; another replica does not know of the pause yet.
    await runOn(url, `update pause set until = until - 300000`);
    await using c = await startGateway(upstream, env);
    const waiting = [submit(a, 'Next on A')];
    const trial = await upstream.nextSubmit();
    waiting.push(submit(c, 'Next on C'), submit(c, 'Another on C'));
    const listed = async () => (await c.graphql(ReadVideosDocument, {})).data.videos.edges;
    while ((await listed()).length < 3);
    expect(upstream.submits).toHaveLength(2);
    trial.accept('task-1');
    (await upstream.nextSubmit()).accept('task-2');
    (await upstream.nextSubmit()).accept('task-3');

    for (const result of await Promise.all(waiting)) {
      expect(result.__typename).toBe('ExtendVideoSuccess');
    }
  });

  it('on a read does not pause submits', async () => {
    let tasks = 0;
    await using upstream = await startScriptedUpstream((request, response) => {
      if (request.method === 'GET') {
        answerJson(response, { code: 429, msg: 'slow down' }, { headers: { 'retry-after': '60' } });
        return;
      }
      tasks += 1;
      answerJson(response, { code: 200, msg: 'success', data: { taskId: `task-${tasks}` } });
    });
    await using gateway = await startGateway(upstream, {
      RECONCILE_AFTER_MS: '1',
      SUBMIT_MAX_WAIT_MS: '0',
      UPSTREAM_REQUESTS: '4',
      UPSTREAM_WINDOW_MS: '60000',
    });
    await extend(gateway);
    const reads = () => upstream.requests.filter(({ method }) => method === 'GET').length;
    while (reads() === 0) await upstream.nextRequest();

    for (let n = 0; n < 3; n++) await extend(gateway);

    expect(tasks).toBe(4);
    // The reads have stopped, though four were allowed.
    expect(reads()).toBeLessThan(4);
  });
});

describe('SIGTERM', () => {
  it('refuses submits that wait for the rate limit, and finishes those in flight', async () => {
    await using upstream = await startHeldUpstream();
    await using fleet = await createFleet(upstream, {
      DATABASE_URL: await postgres.createDatabase(),
      UPSTREAM_REQUESTS: '2',
      UPSTREAM_WINDOW_MS: '60000',
      SUBMIT_MAX_WAIT_MS: '600000',
    });
    const [doomed, other] = (await fleet.start(2)) as [Replica, Replica];
    const flying = [submit(doomed, 'Flying 1'), submit(doomed, 'Flying 2')];
    const held = [await upstream.nextSubmit(), await upstream.nextSubmit()];
    const waiting = Array.from({ length: 5 }, (_, n) => submit(doomed, `Waiting ${n}`));
    // Their rows are there: they wait.
    while ((await other.graphql(ReadVideosDocument, {})).data.videos.edges.length < 7);

    const stopped = doomed.stop();
    for (const result of await Promise.all(waiting)) {
      expect(result).toMatchObject({ __typename: 'GatewayUnavailableError', retryable: true });
    }
    for (const [n, one] of held.entries()) one.accept(`task-${n}`);
    for (const result of await Promise.all(flying)) {
      expect(result.__typename).toBe('ExtendVideoSuccess');
    }
    await stopped;

    expect(upstream.submits).toHaveLength(2);
    const { data } = await other.graphql(ReadVideosDocument, {});
    expect(data.videos.edges).toHaveLength(2);
  });
});
