import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { UpstreamUnreachableError } from '../src/errors.ts';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { createBreaker } from '../src/submit/breaker.ts';
import { ExtendDocument, ReadVideoDocument } from './generated/graphql.ts';
import { queryDatabase } from './support/database-query.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { extend, INPUT } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import { answerJson, startScriptedUpstream } from './support/scripted-upstream.ts';

const HOUR_MS = 3_600_000;

/** Sets the clock, and with it that of SQLite, so far from the real one; timers keep their pace. */
function setClock(awayMs: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: realNow() + awayMs });
}

/** As `performance` has it, which nothing sets. */
const realNow = () => performance.timeOrigin + performance.now();

function freeClock(): void {
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

async function submit(gateway: TestGateway, changes: object = {}) {
  const { data } = await gateway.graphql(ExtendDocument, { input: { ...INPUT, ...changes } });
  return data.extendVideo;
}

describe('a clock that is set back by two hours', () => {
  it.each(['while the gateway runs', 'before a start'])(
    'does not stop submits, %s',
    async (when) => {
      freeClock();
      await using sandbox = await startSandbox({ autoplay: false });
      const env = { UPSTREAM_REQUESTS: '1', UPSTREAM_WINDOW_MS: '5000', SUBMIT_MAX_WAIT_MS: '0' };
      await using gateway = await startGateway(sandbox, env);
      await extend(gateway);

      setClock(-2 * HOUR_MS);
      if (when === 'before a start') await gateway.restart();

      await expect
        .poll(async () => (await submit(gateway)).__typename, { interval: 200 })
        .toBe('ExtendVideoSuccess');
    },
  );

  it('ends a pause after a 429, and does not restore it later', async () => {
    freeClock();
    await using upstream = await startScriptedUpstream((request, response) =>
      answerJson(
        response,
        (request.json() as { prompt: string }).prompt === 'Refused'
          ? { code: 429, msg: 'slow down' }
          : { code: 200, msg: 'success', data: { taskId: `task-${Math.random()}` } },
        { headers: { 'retry-after': '250' } },
      ),
    );
    await using gateway = await startGateway(upstream, { SUBMIT_MAX_WAIT_MS: '0' });
    expect((await submit(gateway, { prompt: 'Refused' })).__typename).toBe('RateLimitedError');
    expect((await submit(gateway)).__typename).toBe('RateLimitedError');

    setClock(-2 * HOUR_MS);

    const next = async () => (await submit(gateway)).__typename;
    await expect.poll(next, { interval: 200 }).toBe('ExtendVideoSuccess');
    setClock(60_000);
    expect(await next()).toBe('ExtendVideoSuccess');
  });

  it('does not delay reads of open tasks', async () => {
    freeClock();
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { RECONCILE_AFTER_MS: '1000' });
    const { id, taskId } = await extend(gateway, { prompt: 'Dance on #callback-lost' });
    await sandbox.complete(taskId);

    setClock(-2 * HOUR_MS);

    // A read by a client would find it, too.
    const found = () => sandbox.requests.filter(({ method }) => method === 'GET').length;
    await expect.poll(found).toBeGreaterThan(0);
    await expect
      .poll(
        async () => (await gateway.graphql(ReadVideoDocument, { taskId: id })).data.video?.state,
      )
      .toBe('SUCCEEDED');
  });

  it('does not prolong the cache of an upstream answer', async () => {
    freeClock();
    await using upstream = await startScriptedUpstream((_, response) =>
      answerJson(response, {
        code: 200,
        msg: 'success',
        data: { taskId: 'elsewhere', state: 'generating' },
      }),
    );
    await using gateway = await startGateway(upstream);
    const read = () => gateway.graphql(ReadVideoDocument, { taskId: 'elsewhere' });
    const first = read();
    await upstream.nextRequest();
    setClock(-2 * HOUR_MS);
    await first;

    await expect.poll(async () => (await read()) && upstream.requests.length).toBeGreaterThan(1);
  });

  it('does not prolong an open breaker', () => {
    freeClock();
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
    const breaker = createBreaker();
    for (let count = 0; count < 5; count += 1) breaker.record(new UpstreamUnreachableError());
    expect(breaker.findRefusal()).not.toBeNull();

    vi.setSystemTime(Date.now() - 2 * HOUR_MS);
    vi.advanceTimersByTime(10_000);

    expect(breaker.findRefusal()).toBeNull();
  });
});

describe('a time that is too far ahead, on PostgreSQL', () => {
  it('is corrected with a RECONCILE_AFTER_MS that is not round', async () => {
    const DATABASE_URL = await sharedPostgres().createDatabase();
    const env = { DATABASE_URL, RECONCILE_AFTER_MS: '600001' };
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, env);
    await extend(gateway);
    await gateway.stop();
    await queryDatabase(DATABASE_URL, `update video set check_after = now_ms() + ${24 * HOUR_MS}`);

    await using _later = await startGateway(sandbox, env);

    const isAhead = `select 1 from video where check_after > now_ms() + ${HOUR_MS}`;
    await expect.poll(() => queryDatabase(DATABASE_URL, isAhead)).toEqual([]);
  });
});
