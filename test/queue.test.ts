import { describe, expect, it } from 'vitest';
import {
  ExtendDocument,
  type ExtendVideoInput,
  FollowScheduleDocument,
  ReadScheduleDocument,
  ReadVideosDocument,
  WithdrawDocument,
} from './generated/graphql.ts';
import { postCallback, toSuccess } from './support/callback.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { startHeldUpstream } from './support/held-upstream.ts';
import { extend, INPUT } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';

const postgres = sharedPostgres();
/** One call a minute. */
const BUSY = { UPSTREAM_REQUESTS: '1', UPSTREAM_WINDOW_MS: '60000' };
/** Long enough that nothing becomes due by itself during a test. */
const LATER = () => new Date(Date.now() + 3_600_000).toISOString();

async function queue(gateway: TestGateway, changes: Partial<ExtendVideoInput> = {}) {
  const { data } = await gateway.graphql(ExtendDocument, {
    input: { ...INPUT, whenBusy: 'QUEUE', ...changes },
  });
  const result = data.extendVideo;
  if (result.__typename !== 'ExtendVideoSuccess') throw new Error(JSON.stringify(result));
  return result.video;
}

async function read(gateway: TestGateway, id: string) {
  const { data } = await gateway.graphql(ReadScheduleDocument, { id });
  if (!data.video) throw new Error('The video is not there.');
  return data.video;
}

/** The states of the video until it has this one. */
async function statesUntil(gateway: TestGateway, id: string, last: string): Promise<string[]> {
  const socket = await gateway.socket();
  const updates = socket.subscribe(FollowScheduleDocument, { id });
  const states: string[] = [];
  while (states.at(-1) !== last) {
    const update = await updates.next();
    if (!update) throw new Error(`It ended with ${states}.`);
    states.push(update.data.videoUpdated.state);
  }
  await socket.close();
  return states;
}

async function withdraw(gateway: TestGateway, id: string) {
  return (await gateway.graphql(WithdrawDocument, { id })).data.withdrawVideo;
}

describe.each(['SQLite', 'PostgreSQL'])('the queue on %s', (engine) => {
  const start = async (
    upstream: { readonly url: string },
    env: Record<string, string> = {},
  ): Promise<TestGateway> =>
    startGateway(
      upstream,
      engine === 'SQLite' ? env : { ...env, DATABASE_URL: await postgres.createDatabase() },
    );

  it('sends a submit at once while there is room', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream);
    const submit = queue(gateway);
    (await upstream.nextSubmit()).accept('task-1');
    expect(await submit).toMatchObject({ state: 'WAITING', taskId: 'task-1' });
  });

  it('schedules submits without room, and says when each is sent', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream, BUSY);
    const first = queue(gateway);
    (await upstream.nextSubmit()).accept('task-1');
    await first;

    const second = await queue(gateway, { prompt: 'Second' });
    const third = await queue(gateway, { prompt: 'Third', idempotencyKey: 'third' });
    expect(second).toMatchObject({ state: 'SCHEDULED', taskId: null });
    const schedules = [await read(gateway, second.id), await read(gateway, third.id)];
    expect(schedules.map(({ schedule }) => schedule?.position)).toEqual([1, 2]);
    const [startsAt, thenAt] = schedules.map(({ schedule }) =>
      Date.parse(schedule?.estimatedStartAt ?? ''),
    ) as [number, number];
    expect(startsAt - Date.now()).toBeLessThanOrEqual(61_000);
    expect(thenAt - startsAt).toBeGreaterThan(55_000);
    const again = await queue(gateway, { prompt: 'Third', idempotencyKey: 'third' });
    expect(again).toMatchObject({ id: third.id, state: 'SCHEDULED' });
    expect(upstream.submits).toHaveLength(1);
    const { data } = await gateway.graphql(ReadVideosDocument, { states: ['SCHEDULED'] });
    expect(data.videos.edges.map(({ node }) => node.id)).toEqual([third.id, second.id]);
  });

  it('counts a submit that has just arrived behind those before it', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream, BUSY);
    const first = queue(gateway);
    (await upstream.nextSubmit()).accept('task-1');
    await first;

    for (const position of [1, 2, 3]) {
      const { id } = await queue(gateway, { prompt: `Number ${position}` });
      expect((await read(gateway, id)).schedule).toMatchObject({ position });
    }
  });

  it('sends them in order when there is room, also after a restart', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream, BUSY);
    const first = queue(gateway);
    (await upstream.nextSubmit()).accept('task-0');
    await first;
    const ids: string[] = [];
    for (let n = 1; n <= 5; n++) ids.push((await queue(gateway, { prompt: `Number ${n}` })).id);

    await gateway.restart({ UPSTREAM_REQUESTS: '100', UPSTREAM_WINDOW_MS: '1' });
    const prompts: string[] = [];
    for (let n = 1; n <= 5; n++) {
      const submit = await upstream.nextSubmit();
      prompts.push(submit.prompt);
      submit.accept(`task-${n}`);
    }
    expect(prompts).toEqual([1, 2, 3, 4, 5].map((n) => `Number ${n}`));
    for (const [n, id] of ids.entries()) {
      await statesUntil(gateway, id, 'WAITING');
      expect(await read(gateway, id)).toMatchObject({ taskId: `task-${n + 1}`, schedule: null });
    }
  });

  it('keeps notBefore, whatever whenBusy says', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream);
    const notBefore = LATER();
    const video = await queue(gateway, { whenBusy: 'FAIL', notBefore });
    expect(video.state).toBe('SCHEDULED');
    expect((await read(gateway, video.id)).schedule).toMatchObject({ notBefore });
    // Another submit passes it.
    const now = queue(gateway, { prompt: 'Now' });
    const submit = await upstream.nextSubmit();
    expect(submit.prompt).toBe('Now');
    submit.accept('task-1');
    expect((await now).state).toBe('WAITING');
  });

  it('compares notBefore of a repeated key, and not whenBusy', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream);
    const notBefore = LATER();
    const keyed = { idempotencyKey: 'order 1', notBefore };
    const video = await queue(gateway, keyed);

    expect(await queue(gateway, { ...keyed, whenBusy: 'FAIL' })).toEqual(video);
    for (const changes of [{ notBefore: null }, { notBefore: new Date().toISOString() }]) {
      const input = { ...INPUT, ...keyed, ...changes };
      const { data } = await gateway.graphql(ExtendDocument, { input });
      expect(data.extendVideo.__typename).toBe('IdempotencyConflictError');
    }
    expect(upstream.submits).toEqual([]);
  });

  it('keeps a submit that the upstream refuses for a while, and sends it again', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream, { UPSTREAM_WINDOW_MS: '1' });
    const answer = queue(gateway);
    const refused = await upstream.nextSubmit();
    refused.refuse(429, { 'retry-after': '1' });
    const video = await answer;
    expect(video.state).toBe('SCHEDULED');
    const again = await upstream.nextSubmit();
    expect(again.callback.id).toBe(video.id);
    expect(again.callback.token).not.toBe(refused.callback.token);
    again.accept('task-1');
    // The first callback URL still leads to the row.
    const callback = await postCallback(refused.callback.url, toSuccess('task-1'));
    expect(callback.status).toBe(200);
    expect((await read(gateway, video.id)).state).toBe('SUCCEEDED');
  });

  it('ends a scheduled submit that the upstream refuses for good', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream, BUSY);
    const first = queue(gateway);
    (await upstream.nextSubmit()).accept('task-1');
    await first;
    const video = await queue(gateway, { prompt: 'Bad' });
    await gateway.restart({ UPSTREAM_REQUESTS: '100', UPSTREAM_WINDOW_MS: '1' });
    (await upstream.nextSubmit()).refuse(422);
    await statesUntil(gateway, video.id, 'FAILED');
    expect(await read(gateway, video.id)).toMatchObject({ failure: { reason: 'INPUT_REFUSED' } });
  });

  it('withdraws a scheduled submit, once and for all', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream);
    const video = await queue(gateway, { notBefore: LATER(), idempotencyKey: 'k' });
    expect(await withdraw(gateway, video.id)).toMatchObject({
      __typename: 'WithdrawVideoSuccess',
      video: { state: 'WITHDRAWN', finishedAt: expect.any(String) },
    });
    expect(await withdraw(gateway, video.id)).toMatchObject({
      __typename: 'WithdrawVideoSuccess',
    });
    expect(await withdraw(gateway, 'nothing')).toMatchObject({ code: 'VIDEO_NOT_FOUND' });
    const sent = extend(gateway);
    (await upstream.nextSubmit()).accept('task-1');
    expect(await withdraw(gateway, (await sent).id)).toMatchObject({
      code: 'TOO_LATE',
      video: { state: 'WAITING' },
    });
  });

  it('fails a submit at its deadline, unpaid', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream, {
      ...BUSY,
      QUEUE_DEADLINE_MS: '1',
      RECONCILE_AFTER_MS: '1',
    });
    const first = queue(gateway);
    (await upstream.nextSubmit()).accept('task-1');
    await first;
    const video = await queue(gateway, { prompt: 'Never' });
    await statesUntil(gateway, video.id, 'FAILED');
    expect(await read(gateway, video.id)).toMatchObject({
      failure: { reason: 'NEVER_SENT', retryable: true },
    });
    expect(upstream.submits).toHaveLength(1);
  });

  it('refuses more scheduled submits than an owner may have', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream, { OWNER_QUEUED: '1' });
    await queue(gateway, { notBefore: LATER() });
    await expect(queue(gateway, { notBefore: LATER() })).rejects.toThrow('RATE_LIMITED');
  });
});
