/** Trouble that a scheduled submit has to survive: it is sent once, in time, or ends. */

import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { within } from './crash/within.ts';
import {
  ExtendDocument,
  ReadCompletionsDocument,
  ReadScheduleDocument,
  WithdrawDocument,
} from './generated/graphql.ts';
import { postCallback, toSuccess } from './support/callback.ts';
import { startCommitCuttingProxy } from './support/commit-cutting-proxy.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { startHeldUpstream } from './support/held-upstream.ts';
import { INPUT } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import { schedule } from './support/scheduling.ts';

const postgres = sharedPostgres();
const PATIENCE_MS = 60_000;
/** Only `takeWaiting` writes this. */
const TAKING = '"earlier_token_hashes" = case';
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();

async function read(gateway: TestGateway, id: string) {
  const { data } = await gateway.graphql(ReadScheduleDocument, { id });
  if (!data.video) throw new Error('The video is not there.');
  return data.video;
}

async function untilState(gateway: TestGateway, id: string, state: string): Promise<void> {
  const look = async () => {
    while ((await read(gateway, id)).state !== state);
  };
  await within(PATIENCE_MS, state, look());
}

async function submit(gateway: TestGateway, prompt: string) {
  const { data } = await gateway.graphql(ExtendDocument, { input: { ...INPUT, prompt } });
  return data.extendVideo;
}

describe('a commit that is not acknowledged', () => {
  it.each(['lost', 'late'])('is not sent, and waits again when it was taken: %s', async (how) => {
    await using upstream = await startHeldUpstream();
    await using proxy = await startCommitCuttingProxy(await postgres.createDatabase());
    await using gateway = await startGateway(upstream, { DATABASE_URL: proxy.url });
    const lost = how === 'lost' ? proxy.cutCommitOf(TAKING) : undefined;
    const late = how === 'late' ? proxy.delayCommitOf(TAKING) : undefined;
    const { id } = await schedule(gateway, { notBefore: inSeconds(0.3) });
    if (lost) await within(PATIENCE_MS, 'the commit', lost);
    if (late) (await within(PATIENCE_MS, 'the commit', late))();

    (await within(PATIENCE_MS, 'the POST', upstream.nextSubmit())).accept('task-1');

    await untilState(gateway, id, 'WAITING');
    expect(upstream.submits).toHaveLength(1);
  });

  it('frees the key of a submit whose caller waits', async () => {
    await using upstream = await startHeldUpstream();
    await using proxy = await startCommitCuttingProxy(await postgres.createDatabase());
    await using gateway = await startGateway(upstream, {
      DATABASE_URL: proxy.url,
      UPSTREAM_REQUESTS: '1',
      UPSTREAM_WINDOW_MS: '1000',
    });
    const first = submit(gateway, 'First');
    (await upstream.nextSubmit()).accept('task-1');
    await first;
    const cut = proxy.cutCommitOf(TAKING);
    const input = { ...INPUT, prompt: 'Second', idempotencyKey: 'second' };

    const refused = (await gateway.graphql(ExtendDocument, { input })).data.extendVideo;
    await within(PATIENCE_MS, 'the commit', cut);
    expect(refused).toMatchObject({ code: 'GATEWAY_UNAVAILABLE' });

    const second = gateway.graphql(ExtendDocument, { input });
    (await within(PATIENCE_MS, 'the POST', upstream.nextSubmit())).accept('task-2');
    expect((await second).data.extendVideo.__typename).toBe('ExtendVideoSuccess');
    expect(upstream.submits).toHaveLength(2);
  });
});

// They mostly wait, for retries and pauses.
describe.concurrent.each(['SQLite', 'PostgreSQL'])('a scheduled submit on %s', (engine) => {
  const start = async (upstream: { readonly url: string }, env: Record<string, string> = {}) =>
    startGateway(
      upstream,
      engine === 'SQLite' ? env : { ...env, DATABASE_URL: await postgres.createDatabase() },
    );

  it('that was refused for a while is not sent again because another one comes', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream);
    const answer = schedule(gateway, { prompt: 'First' });
    (await upstream.nextSubmit()).refuse(455, { 'retry-after': '100' });
    const first = await answer;
    const second = await schedule(gateway, { prompt: 'Second' });

    const third = submit(gateway, 'Third');
    const sent = await upstream.nextSubmit();
    sent.accept('task-3');
    await third;
    expect(sent.prompt).toBe('Third');
    for (const { id } of [first, second]) {
      const { state, schedule } = await read(gateway, id);
      expect(state).toBe('SCHEDULED');
      expect(Date.parse(schedule?.estimatedStartAt ?? '')).toBeGreaterThan(Date.now() + 50_000);
    }
    await gateway.stop();
    expect(upstream.submits).toHaveLength(2);
  });

  it('continues when a callback has proved its task before the refusal arrives', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream);
    const { id } = await schedule(gateway, { notBefore: inSeconds(0.3) });
    const sent = await upstream.nextSubmit();
    const noFile = { code: 200, msg: 'success', data: { task_id: 'task-1', video_url: '' } };
    expect((await postCallback(sent.callback.url, noFile)).status).toBe(200);
    await untilState(gateway, id, 'WAITING');

    sent.refuse(422);
    await gateway.stop();
    await gateway.restart();

    expect((await read(gateway, id)).state).toBe('WAITING');
    await postCallback(sent.callback.url, toSuccess('task-1'));
    expect((await read(gateway, id)).state).toBe('SUCCEEDED');
  });

  it('is ended by a callback of an earlier try, and never sent again', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream);
    const answer = schedule(gateway, { prompt: 'First' });
    const sent = await upstream.nextSubmit();
    sent.refuse(455, { 'retry-after': '4' });
    const { id, state } = await answer;
    expect(state).toBe('SCHEDULED');

    expect((await postCallback(sent.callback.url, toSuccess('task-1'))).status).toBe(200);

    expect(await read(gateway, id)).toMatchObject({ state: 'SUCCEEDED', schedule: null });
    // By then the first would have been sent again.
    const next = await schedule(gateway, { prompt: 'Second', notBefore: inSeconds(5) });
    const posted = await within(PATIENCE_MS, 'the next POST', upstream.nextSubmit());
    expect(posted.prompt).toBe('Second');
    posted.accept('task-2');
    await untilState(gateway, next.id, 'WAITING');
  });

  it('that was withdrawn becomes SUCCEEDED when a callback proves it', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream);
    const answer = schedule(gateway);
    const sent = await upstream.nextSubmit();
    sent.refuse(455, { 'retry-after': '100' });
    const { id } = await answer;
    const { data } = await gateway.graphql(WithdrawDocument, { id });
    expect(data.withdrawVideo).toMatchObject({ video: { state: 'WITHDRAWN' } });

    expect((await postCallback(sent.callback.url, toSuccess('task-1'))).status).toBe(200);

    expect((await read(gateway, id)).state).toBe('SUCCEEDED');
    const log = (await gateway.graphql(ReadCompletionsDocument, { first: 10 })).data.completions;
    expect(log.edges.map(({ node }) => node.video.id)).toEqual([id, id]);
  });

  it('counts once against the limits of its owner, however often it is sent', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream, {
      OWNER_SUBMITS_PER_DAY: '2',
      SUBMITS_PER_DAY: '2',
    });
    const answer = schedule(gateway, { prompt: 'First' });
    (await upstream.nextSubmit()).refuse(455);
    const { id } = await answer;
    (await within(PATIENCE_MS, 'another try', upstream.nextSubmit())).refuse(455);
    (await within(PATIENCE_MS, 'the third try', upstream.nextSubmit())).accept('task-1');
    await untilState(gateway, id, 'WAITING');

    const second = schedule(gateway, { prompt: 'Second' });
    (await within(PATIENCE_MS, 'the second', upstream.nextSubmit())).accept('task-2');
    expect((await second).state).toBe('WAITING');
    // A third is over the limit: it waits instead of being refused.
    expect((await schedule(gateway, { prompt: 'Third' })).state).toBe('SCHEDULED');
  });

  it('waits until a task of its owner ends, where too many are open', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream, { OWNER_TASKS_IN_FLIGHT: '1' });
    const first = schedule(gateway, { prompt: 'First' });
    const sent = await upstream.nextSubmit();
    sent.accept('task-1');
    await first;
    const { id, state } = await schedule(gateway, { prompt: 'Second' });
    expect(state).toBe('SCHEDULED');

    await postCallback(sent.callback.url, toSuccess('task-1'));

    (await within(PATIENCE_MS, 'the second', upstream.nextSubmit())).accept('task-2');
    await untilState(gateway, id, 'WAITING');
  });

  it('stays when the gateway stops, and callers who wait are refused', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream, {
      UPSTREAM_REQUESTS: '1',
      UPSTREAM_WINDOW_MS: '60000',
      SUBMIT_MAX_WAIT_MS: '600000',
    });
    const first = submit(gateway, 'First');
    (await upstream.nextSubmit()).accept('task-1');
    await first;
    const scheduled = await schedule(gateway, { prompt: 'Scheduled' });
    const later = await schedule(gateway, { prompt: 'Later', notBefore: inSeconds(3_600) });
    const waiting = submit(gateway, 'Waiting');
    // It waits once its lane is there: a submit after it on the same database is behind it.
    const behind = await schedule(gateway, { prompt: 'Behind' });

    await gateway.restart({ UPSTREAM_REQUESTS: '100', UPSTREAM_WINDOW_MS: '1' });

    expect(await waiting).toMatchObject({ code: 'GATEWAY_UNAVAILABLE' });
    for (const { id } of [scheduled, behind]) {
      (await within(PATIENCE_MS, 'a POST', upstream.nextSubmit())).accept(`task-of-${id}`);
      await untilState(gateway, id, 'WAITING');
    }
    expect((await read(gateway, later.id)).state).toBe('SCHEDULED');
    expect(upstream.submits).toHaveLength(3);
  });

  it('is accepted while the breaker is open, and sent when it closes', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream, { UPSTREAM_BREAKER: 'on' });
    for (let n = 0; n < 5; n++) {
      const lost = submit(gateway, `Lost ${n}`);
      (await upstream.nextSubmit()).refuse(455);
      expect(await lost).toMatchObject({ code: 'UPSTREAM_MAINTENANCE' });
    }
    const { id, state } = await schedule(gateway, { prompt: 'Scheduled' });
    expect(state).toBe('SCHEDULED');
    expect(await submit(gateway, 'Refused')).toMatchObject({ code: 'UPSTREAM_MAINTENANCE' });
    expect(upstream.submits).toHaveLength(5);

    const sent = await within(PATIENCE_MS, 'the trial call', upstream.nextSubmit());
    expect(sent.prompt).toBe('Scheduled');
    sent.accept('task-1');
    await untilState(gateway, id, 'WAITING');
  });

  it('waits while the account has no credits', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream, { UPSTREAM_BREAKER: 'on' });
    const answer = schedule(gateway, { prompt: 'First' });
    (await upstream.nextSubmit()).refuse(402);
    const { id, state } = await answer;
    expect(state).toBe('SCHEDULED');
    expect((await schedule(gateway, { prompt: 'Second' })).state).toBe('SCHEDULED');
    expect(await submit(gateway, 'Third')).toMatchObject({ code: 'INSUFFICIENT_CREDITS' });
    expect(upstream.submits).toHaveLength(1);

    // The breaker is of one process: a new one tries at once.
    await gateway.restart();
    const sent = await within(PATIENCE_MS, 'the next try', upstream.nextSubmit());
    expect(sent.prompt).toBe('First');
    sent.accept('task-1');
    await untilState(gateway, id, 'WAITING');
    (await within(PATIENCE_MS, 'the second', upstream.nextSubmit())).accept('task-2');
  });
});

describe('lanes on PostgreSQL', () => {
  it('lose no submit that enters while its lane is deleted', async () => {
    const url = await postgres.createDatabase();
    await using upstream = await startHeldUpstream();
    const env = { DATABASE_URL: url, OWNER_QUEUED: '0' };
    await using a = await startGateway(upstream, env);
    await using b = await startGateway(upstream, env);
    const SUBMITS = 200;
    const answering = (async () => {
      for (let n = 0; n < SUBMITS; n++) (await upstream.nextSubmit()).accept(`task-${n}`);
    })();
    const notBefore = new Date().toISOString();

    // Whoever comes first empties the lane, which the other enters.
    await Promise.all(
      [a, b].map(async (gateway, i) => {
        for (let n = i; n < SUBMITS; n += 2) {
          await schedule(gateway, { prompt: `Number ${n}`, notBefore });
        }
      }),
    );

    await within(PATIENCE_MS, 'all POSTs', answering);
    expect(upstream.submits).toHaveLength(SUBMITS);
    const client = new pg.Client(url);
    await client.connect();
    const { rows } = await client.query(
      'select deadlocks from pg_stat_database where datname = current_database()',
    );
    await client.end();
    expect(rows).toEqual([{ deadlocks: '0' }]);
  });
});
