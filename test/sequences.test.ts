import { describe, expect, it } from 'vitest';
import {
  DeleteVideoDocument,
  FollowScheduleDocument,
  FollowSequenceDocument,
  ListSequencesDocument,
  ReadSequenceDocument,
  ReadSequenceOfVideoDocument,
} from './generated/graphql.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { type HeldUpstream, startHeldUpstream } from './support/held-upstream.ts';
import { extend } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import {
  cancel,
  create,
  type FilmState,
  fail,
  inState,
  ORIGINAL,
  pass,
  readFilm,
  refuse,
  resume,
  succeed,
  toFilm,
  waitFor,
} from './support/sequences.ts';
import { bearerOf, JWT_ENV } from './support/tokens.ts';

const postgres = sharedPostgres();

const toStates = (film: FilmState) => film.shots.map(({ video }) => video?.state ?? null);

/** A film of two shots, of which the first has failed. */
async function pauseAtFirstShot(gateway: TestGateway, upstream: HeldUpstream) {
  const film = await create(gateway, toFilm(['One', 'Two']));
  await pass(upstream, 'task-0');
  const shot = await upstream.nextSubmit();
  shot.accept('task-1');
  await fail(shot, 'task-1');
  await waitFor(gateway, film.id, inState('PAUSED'));
  return { film, shot };
}

/** One call in ten minutes. */
const BUSY = { UPSTREAM_REQUESTS: '1', UPSTREAM_WINDOW_MS: '600000' };

/** Takes that one call. */
async function block(gateway: TestGateway, upstream: HeldUpstream): Promise<void> {
  const sent = extend(gateway, { idempotencyKey: 'blocker' });
  (await upstream.nextSubmit()).accept('blocker');
  await sent;
}

describe.each(['SQLite', 'PostgreSQL'])('a sequence on %s', (engine) => {
  const start = async (
    upstream: { readonly url: string },
    env: Record<string, string> = {},
  ): Promise<TestGateway> =>
    startGateway(upstream, {
      // A test may end before the upstream has answered.
      SHUTDOWN_TIMEOUT_MS: '100',
      ...(engine === 'SQLite' ? {} : { DATABASE_URL: await postgres.createDatabase() }),
      ...env,
    });

  it('makes an original, and extends it shot by shot', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream);
    const film = await create(gateway, toFilm(['One', 'Two', 'Three']));
    expect(film).toMatchObject({ state: 'RUNNING', start: { taskId: null }, problem: null });
    expect(toStates(film)).toEqual([null, null, null]);

    await pass(upstream, 'task-0');
    await pass(upstream, 'task-1');
    const second = await upstream.nextSubmit();
    expect(second.prompt).toBe('Two');
    expect(upstream.submits.at(-1)?.json()).toMatchObject({ taskId: 'task-1', quality: '720p' });
    second.accept('task-2');
    await succeed(second, 'task-2');
    await pass(upstream, 'task-3');

    const done = await waitFor(gateway, film.id, inState('COMPLETED'));
    expect(done.start).toMatchObject({ state: 'SUCCEEDED', taskId: 'task-0' });
    expect(done.shots.map(({ video }) => video?.sourceTaskId)).toEqual([
      'task-0',
      'task-1',
      'task-2',
    ]);
    expect(toStates(done)).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
    expect(done.finishedAt).not.toBeNull();
    expect(upstream.submits).toHaveLength(4);
  });

  it('extends an existing video, and gives each shot its own settings', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream);
    const sent = extend(gateway);
    await pass(upstream, 'start');
    const { id } = await sent;
    const film = await create(gateway, {
      ...toFilm([]),
      start: { video: id },
      waterMark: 'Studio',
      shots: [{ prompt: 'One', quality: 'P1080', waterMark: 'Mine' }, { prompt: 'Two' }],
    });
    expect(film.start?.id).toBe(id);
    await pass(upstream, 'task-1');
    await pass(upstream, 'task-2');
    await waitFor(gateway, film.id, inState('COMPLETED'));
    expect(upstream.submits.slice(1).map((submit) => submit.json())).toMatchObject([
      { taskId: 'start', prompt: 'One', quality: '1080p', waterMark: 'Mine' },
      { taskId: 'task-1', prompt: 'Two', quality: '720p', waterMark: 'Studio' },
    ]);
  });

  it('waits for the end of a start that is in progress, for several sequences', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream);
    const sent = extend(gateway);
    const submit = await upstream.nextSubmit();
    submit.accept('start');
    const { id } = await sent;
    const films = [
      await create(gateway, { ...toFilm(['A']), start: { video: id } }),
      await create(gateway, { ...toFilm(['B']), start: { video: 'start' } }),
    ];
    expect(upstream.submits).toHaveLength(1);
    await succeed(submit, 'start');
    const next = [await upstream.nextSubmit(), await upstream.nextSubmit()];
    expect(next.map(({ prompt }) => prompt).sort()).toEqual(['A', 'B']);
    for (const [n, shot] of next.entries()) shot.accept(`task-${n}`);
    for (const { id: film } of films) {
      expect((await readFilm(gateway, film)).start).toMatchObject({ id, state: 'SUCCEEDED' });
    }
  });

  it('pauses when the start that it waits for fails, and goes on when it succeeds late', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream);
    const sent = extend(gateway);
    const submit = await upstream.nextSubmit();
    submit.accept('start');
    const film = await create(gateway, { ...toFilm(['A']), start: { video: (await sent).id } });
    await fail(submit, 'start');
    const paused = await waitFor(gateway, film.id, inState('PAUSED'));
    expect(paused.problem).toMatchObject({ failure: { reason: 'PROMPT_MODERATED' } });
    const click = { idempotencyKey: 'a click' };
    expect(await resume(gateway, film.id, click)).toMatchObject({ sequence: { state: 'PAUSED' } });
    expect((await refuse(gateway, { ...toFilm(['B']), start: { video: 'start' } })).code).toBe(
      'INVALID_INPUT',
    );
    await succeed(submit, 'start');
    const shot = await upstream.nextSubmit();
    expect(shot.prompt).toBe('A');
    shot.accept('task-1');
    await fail(shot, 'task-1');
    await waitFor(gateway, film.id, inState('PAUSED'));
    // The click was answered before, when nothing could be resumed.
    expect(await resume(gateway, film.id, click)).toMatchObject({ sequence: { state: 'PAUSED' } });
    expect(await resume(gateway, film.id)).toMatchObject({ sequence: { state: 'RUNNING' } });
    expect((await pass(upstream, 'task-2')).prompt).toBe('A');
    expect(upstream.submits).toHaveLength(3);
  });

  it('starts from a video that was made elsewhere', async () => {
    await using upstream = await startHeldUpstream({ foreign: 'elsewhere' });
    await using gateway = await start(upstream);
    const film = await create(gateway, { ...toFilm(['A']), start: { video: 'elsewhere' } });
    expect(film.start).toMatchObject({ taskId: 'elsewhere', state: 'SUCCEEDED' });
    await pass(upstream, 'task-1');
    await waitFor(gateway, film.id, inState('COMPLETED'));
    expect(upstream.submits[0]?.json()).toMatchObject({ taskId: 'elsewhere' });
  });

  it('is one sequence for one key', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream);
    const input = toFilm(['One']);
    const [first, ...others] = await Promise.all(
      Array.from({ length: 5 }, () => create(gateway, input)),
    );
    for (const other of others) expect(other.id).toBe(first?.id);
    expect((await refuse(gateway, { ...input, shots: [{ prompt: 'Two' }] })).code).toBe(
      'IDEMPOTENCY_CONFLICT',
    );
    (await upstream.nextSubmit()).accept('task-0');
    expect(upstream.submits).toHaveLength(1);
  });

  it.each([
    ['no shots', { shots: [] }, [['shots']]],
    ['too many shots', { shots: Array(21).fill({ prompt: 'One' }) }, [['shots']]],
    ['a blank prompt', { shots: [{ prompt: ' ' }] }, [['shots', '0', 'prompt']]],
    ['a long prompt', { shots: [{ prompt: 'a'.repeat(2049) }] }, [['shots', '0', 'prompt']]],
    ['too many retries', { retries: 6 }, [['retries']]],
    ['a start that does not exist', { start: { video: 'nothing' } }, [['start', 'video']]],
    [
      'an original that cannot be made',
      { start: { original: { ...ORIGINAL, duration: 10 } }, quality: 'P1080' },
      [['start', 'original', 'duration']],
    ],
  ] as const)('refuses %s, and stores nothing', async (_name, changes, paths) => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream);
    const refusal = await refuse(gateway, { ...toFilm(['One']), ...(changes as object) });
    expect('issues' in refusal && refusal.issues.map(({ path }) => path)).toEqual(paths);
    const { data } = await gateway.graphql(ListSequencesDocument, {});
    expect(data.sequences.edges).toEqual([]);
  });

  it('refuses a start with both or neither of its fields', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream);
    for (const given of [{}, { video: 'a', original: ORIGINAL }]) {
      const input = { ...toFilm(['One']), start: given as never };
      const { errors } = await gateway.send(
        'mutation ($input: CreateSequenceInput!) { createSequence(input: $input) { __typename } }',
        { input },
      );
      expect(errors?.[0]?.message).toMatch(/start/);
    }
  });

  it('refuses more running sequences than OWNER_QUEUED', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream, { OWNER_QUEUED: '1' });
    await create(gateway, toFilm(['One']));
    expect((await refuse(gateway, toFilm(['Two']))).code).toBe('RATE_LIMITED');
    (await upstream.nextSubmit()).accept('task-0');
  });

  it('lists sequences by page and state, and reads them by node and from a video', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream, BUSY);
    await block(gateway, upstream);
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) ids.push((await create(gateway, toFilm(['One', 'Two']))).id);
    await cancel(gateway, ids[1] ?? '');
    const list = async (variables: object) =>
      (await gateway.graphql(ListSequencesDocument, variables)).data.sequences;
    const all = await list({ first: 2 });
    expect(all.edges.map(({ node }) => node.id)).toEqual([ids[2], ids[1]]);
    expect(all.pageInfo.hasNextPage).toBe(true);
    const rest = await list({ after: all.pageInfo.endCursor });
    expect(rest.edges.map(({ node }) => node.id)).toEqual([ids[0]]);
    const some = await list({ states: ['CANCELLED', 'COMPLETED'] });
    expect(some.edges.map(({ node }) => node.id)).toEqual([ids[1]]);
    const { data } = await gateway.graphql(ReadSequenceDocument, { id: ids[0] ?? '' });
    expect(data.node).toEqual({ __typename: 'Sequence', id: ids[0] });
    const video = (await readFilm(gateway, ids[0] ?? '')).start?.id ?? '';
    const ofVideo = await gateway.graphql(ReadSequenceOfVideoDocument, { id: video });
    expect(ofVideo.data.video?.sequence).toMatchObject({ id: ids[0], shots: [{}, {}] });
  });

  it('tells followers of each change, over both transports', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream);
    const film = await create(gateway, toFilm(['One']));
    const socket = await gateway.socket();
    const streams = [
      socket.subscribe(FollowSequenceDocument, { id: film.id }),
      await gateway.sse(FollowSequenceDocument, { id: film.id }),
    ];
    for (const stream of streams) {
      const first = (await stream.next()) as { data: { sequenceUpdated: FilmState } };
      expect(first.data.sequenceUpdated.state).toBe('RUNNING');
    }
    await pass(upstream, 'task-0');
    await pass(upstream, 'task-1');
    for (const stream of streams) {
      const states: string[] = [];
      for (let event = await stream.next(); event; event = await stream.next()) {
        const { sequenceUpdated } = (event as { data: { sequenceUpdated: FilmState } }).data;
        states.push(`${sequenceUpdated.state} ${toStates(sequenceUpdated)}`);
      }
      expect(states.at(-1)).toBe('COMPLETED SUCCEEDED');
    }
  });

  it('keeps its videos until it is finished, and is read by its owner only', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream, JWT_ENV);
    const [alice, bob] = [gateway.as(bearerOf('alice')), gateway.as(bearerOf('bob'))];
    const film = await create(alice, toFilm(['One']));
    await pass(upstream, 'task-0');
    const shot = await upstream.nextSubmit();
    shot.accept('task-1');
    const remove = async () => {
      const { data } = await alice.graphql(DeleteVideoDocument, { id: 'task-0' });
      return data.deleteVideo;
    };
    expect(await remove()).toMatchObject({ code: 'TOO_LATE' });

    const { data } = await bob.graphql(ReadSequenceDocument, { id: film.id });
    expect(data).toEqual({ sequence: null, node: null });
    expect(await cancel(bob, film.id)).toMatchObject({ code: 'SEQUENCE_NOT_FOUND' });
    expect(await resume(bob, film.id)).toMatchObject({ code: 'SEQUENCE_NOT_FOUND' });
    expect((await refuse(bob, { ...toFilm(['B']), start: { video: 'task-0' } })).code).toBe(
      'INVALID_INPUT',
    );

    await succeed(shot, 'task-1');
    expect(await remove()).toMatchObject({ __typename: 'DeleteVideoSuccess' });
    const left = await readFilm(alice, film.id);
    expect(left).toMatchObject({ state: 'COMPLETED', start: null });
    expect(toStates(left)).toEqual(['SUCCEEDED']);
  });

  describe('whose shot fails', () => {
    it('tries again as often as it may, where the reason may pass', async () => {
      await using upstream = await startHeldUpstream();
      await using gateway = await start(upstream);
      const film = await create(gateway, toFilm(['One', 'Two'], { retries: 1 }));
      await pass(upstream, 'task-0');
      const first = await upstream.nextSubmit();
      first.accept('task-1');
      await fail(first, 'task-1', 'passing');
      const second = await upstream.nextSubmit();
      expect(second.prompt).toBe('One');
      expect(upstream.submits.at(-1)?.json()).toMatchObject({ taskId: 'task-0' });
      second.accept('task-2');
      await fail(second, 'task-2', 'passing');
      const paused = await waitFor(gateway, film.id, inState('PAUSED'));
      expect(paused.shots[0]?.tries.map(({ state }) => state)).toEqual(['FAILED', 'FAILED']);
      expect(paused.problem).toMatchObject({
        video: { id: second.callback.id },
        failure: { reason: 'UPLOAD_FAILED' },
      });
      expect(upstream.submits).toHaveLength(3);
    });

    it('goes on with new words after a resume, once for one key', async () => {
      await using upstream = await startHeldUpstream();
      await using gateway = await start(upstream);
      const film = await create(gateway, toFilm(['One', 'Two', 'Three'], { retries: 3 }));
      await pass(upstream, 'task-0');
      await pass(upstream, 'task-1');
      const failed = await upstream.nextSubmit();
      failed.accept('task-2');
      await fail(failed, 'task-2');
      await waitFor(gateway, film.id, inState('PAUSED'));

      const shots = [{ prompt: 'Better' }, { prompt: 'Last' }];
      const keyed = { shots, idempotencyKey: 'again' };
      const [answer] = await Promise.all([
        resume(gateway, film.id, keyed),
        resume(gateway, film.id, keyed),
      ]);
      expect(answer).toMatchObject({ sequence: { state: 'RUNNING', problem: null } });
      expect(await resume(gateway, film.id, { idempotencyKey: 'again' })).toMatchObject({
        code: 'IDEMPOTENCY_CONFLICT',
      });
      expect(await resume(gateway, film.id, { shots })).toMatchObject({ code: 'INVALID_INPUT' });
      const again = await pass(upstream, 'task-3');
      expect(again.prompt).toBe('Better');
      expect((await pass(upstream, 'task-4')).prompt).toBe('Last');
      const done = await waitFor(gateway, film.id, inState('COMPLETED'));
      expect(done.shots.map(({ prompt }) => prompt)).toEqual(['One', 'Better', 'Last']);
      expect(done.shots[1]?.tries).toHaveLength(2);
      expect(done.shots[2]?.video?.sourceTaskId).toBe('task-3');
      expect(upstream.submits).toHaveLength(5);
    });

    it('never pays for a key that was answered while nothing could be resumed', async () => {
      await using upstream = await startHeldUpstream();
      await using gateway = await start(upstream);
      const { film } = await pauseAtFirstShot(gateway, upstream);
      const [first, second, third] = ['first click', 'second click', 'third click'].map(
        (idempotencyKey) => ({ idempotencyKey }),
      );
      const running = { sequence: { state: 'RUNNING' } };
      const paused = { sequence: { state: 'PAUSED' } };

      expect(await resume(gateway, film.id, first)).toMatchObject(running);
      expect(await resume(gateway, film.id, second)).toMatchObject(running);
      const again = await upstream.nextSubmit();
      expect(await resume(gateway, film.id, third)).toMatchObject(running);
      again.accept('task-2');
      await fail(again, 'task-2');
      await waitFor(gateway, film.id, inState('PAUSED'));

      for (const click of [first, second, third])
        expect(await resume(gateway, film.id, click)).toMatchObject(paused);
      const shots = [{ prompt: 'Better' }];
      expect(await resume(gateway, film.id, { ...second, shots })).toMatchObject({
        code: 'IDEMPOTENCY_CONFLICT',
      });
      expect(await resume(gateway, film.id, { shots })).toMatchObject(running);
      expect((await upstream.nextSubmit()).prompt).toBe('Better');
      expect(upstream.submits).toHaveLength(4);
    });

    it('frees a key that was refused because no shots could be replaced', async () => {
      await using upstream = await startHeldUpstream();
      await using gateway = await start(upstream);
      const film = await create(gateway, toFilm(['One']));
      const original = await upstream.nextSubmit();
      const keyed = { shots: [{ prompt: 'Better' }], idempotencyKey: 'again' };
      expect(await resume(gateway, film.id, keyed)).toMatchObject({ code: 'INVALID_INPUT' });
      original.accept('task-0');
      await succeed(original, 'task-0');
      const failed = await upstream.nextSubmit();
      failed.accept('task-1');
      await fail(failed, 'task-1');
      await waitFor(gateway, film.id, inState('PAUSED'));

      expect(await resume(gateway, film.id, keyed)).toMatchObject({
        sequence: { state: 'RUNNING' },
      });
      expect((await upstream.nextSubmit()).prompt).toBe('Better');
    });

    it('goes on by itself when the shot turns out to have succeeded', async () => {
      await using upstream = await startHeldUpstream();
      await using gateway = await start(upstream);
      const { film, shot } = await pauseAtFirstShot(gateway, upstream);
      await succeed(shot, 'task-1');
      await pass(upstream, 'task-2');
      const done = await waitFor(gateway, film.id, inState('COMPLETED'));
      expect(done.problem).toBeNull();
      expect(upstream.submits).toHaveLength(3);
    });

    it('withdraws a new try that a late success makes needless', async () => {
      await using upstream = await startHeldUpstream();
      await using gateway = await start(upstream);
      const { film, shot } = await pauseAtFirstShot(gateway, upstream);
      await gateway.restart(BUSY);
      await block(gateway, upstream);
      expect(await resume(gateway, film.id)).toMatchObject({ sequence: { state: 'RUNNING' } });
      await succeed(shot, 'task-1');
      const next = await waitFor(gateway, film.id, ({ shots }) => shots[1]?.video !== null);
      expect(next.shots[0]?.tries.map(({ state }) => state)).toEqual(['SUCCEEDED', 'WITHDRAWN']);
      expect(next.shots[0]?.video?.taskId).toBe('task-1');
    });

    it('keeps a new try with other words when the old words turn out to have succeeded', async () => {
      await using upstream = await startHeldUpstream();
      await using gateway = await start(upstream);
      const { film, shot } = await pauseAtFirstShot(gateway, upstream);
      await gateway.restart(BUSY);
      await block(gateway, upstream);
      await resume(gateway, film.id, { shots: [{ prompt: 'Better' }, { prompt: 'Two' }] });
      await succeed(shot, 'task-1');
      const left = await readFilm(gateway, film.id);
      expect(left).toMatchObject({ state: 'RUNNING', problem: null });
      expect(left.shots[0]?.tries.map(({ state }) => state)).toEqual(['SUCCEEDED', 'SCHEDULED']);
      expect(left.shots[0]?.video?.state).toBe('SCHEDULED');
    });

    it('makes its original again after a resume', async () => {
      await using upstream = await startHeldUpstream();
      await using gateway = await start(upstream);
      const film = await create(gateway, toFilm(['One']));
      (await upstream.nextSubmit()).refuse(422);
      const paused = await waitFor(gateway, film.id, inState('PAUSED'));
      expect(paused.problem).toMatchObject({
        code: 'INVALID_INPUT',
        failure: { reason: 'INPUT_REFUSED' },
      });
      await resume(gateway, film.id);
      const again = await pass(upstream, 'task-0');
      expect(again.prompt).toBe(ORIGINAL.prompt);
      expect(upstream.submits[1]?.json()).toMatchObject({ aspectRatio: '16:9', duration: 5 });
      await pass(upstream, 'task-1');
      await waitFor(gateway, film.id, inState('COMPLETED'));
    });

    it('waits for an unknown outcome, and pauses when it is never learned', async () => {
      await using upstream = await startHeldUpstream();
      await using gateway = await start(upstream, {
        UNCONFIRMED_DEADLINE_MS: '1',
        RECONCILE_AFTER_MS: '40',
      });
      const film = await create(gateway, toFilm(['One', 'Two'], { retries: 5 }));
      const lost = await upstream.nextSubmit();
      lost.cut();
      const paused = await waitFor(gateway, film.id, inState('PAUSED'));
      expect(paused.problem).toMatchObject({
        code: 'OUTCOME_UNKNOWN',
        failure: { reason: 'NEVER_CONFIRMED' },
      });
      expect(upstream.submits).toHaveLength(1);
      await succeed(lost, 'task-0');
      expect((await pass(upstream, 'task-1')).prompt).toBe('One');
    });
  });

  describe('that is cancelled', () => {
    it('withdraws what is scheduled, and lets paid work finish', async () => {
      await using upstream = await startHeldUpstream();
      await using gateway = await start(upstream);
      const film = await create(gateway, toFilm(['One', 'Two']));
      await pass(upstream, 'task-0');
      const shot = await upstream.nextSubmit();
      shot.accept('task-1');
      await waitFor(gateway, film.id, ({ shots }) => shots[0]?.video?.state === 'WAITING');
      expect(await cancel(gateway, film.id)).toMatchObject({ sequence: { state: 'CANCELLED' } });
      await succeed(shot, 'task-1');
      const ended = await readFilm(gateway, film.id);
      expect(ended.state).toBe('CANCELLED');
      expect(toStates(ended)).toEqual(['SUCCEEDED', null]);
      expect(await resume(gateway, film.id)).toMatchObject({ sequence: { state: 'CANCELLED' } });
      expect(upstream.submits).toHaveLength(2);
    });

    it('keeps a late success of a shot, and makes no other', async () => {
      await using upstream = await startHeldUpstream();
      await using gateway = await start(upstream);
      const { film, shot } = await pauseAtFirstShot(gateway, upstream);
      await cancel(gateway, film.id);
      await succeed(shot, 'task-1');
      const ended = await readFilm(gateway, film.id);
      expect(ended).toMatchObject({ state: 'CANCELLED', problem: null });
      expect(toStates(ended)).toEqual(['SUCCEEDED', null]);
      expect(upstream.submits).toHaveLength(2);
    });

    it('does not send a shot again that was refused for a while meanwhile', async () => {
      await using upstream = await startHeldUpstream();
      await using gateway = await start(upstream);
      const film = await create(gateway, toFilm(['One']));
      const submit = await upstream.nextSubmit();
      await cancel(gateway, film.id);
      const socket = await gateway.socket();
      const updates = socket.subscribe(FollowScheduleDocument, { id: submit.callback.id });
      submit.refuse(455);
      const states = (await updates.rest()).map(({ data }) => data.videoUpdated.state);
      expect(states.at(-1)).toBe('WITHDRAWN');
      expect(upstream.submits).toHaveLength(1);
    });

    it('sends nothing more while it waits in the queue', async () => {
      await using upstream = await startHeldUpstream();
      await using gateway = await start(upstream, BUSY);
      await block(gateway, upstream);
      const film = await create(gateway, toFilm(['One']));
      const cancelled = await cancel(gateway, film.id);
      expect(cancelled).toMatchObject({
        sequence: { state: 'CANCELLED', start: { state: 'WITHDRAWN' } },
      });
      expect(await cancel(gateway, 'sequence-x')).toMatchObject({ code: 'SEQUENCE_NOT_FOUND' });
      expect(upstream.submits).toHaveLength(1);
    });
  });
});
