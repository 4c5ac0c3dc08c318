/** Sequences whose videos are deleted, and sequences that have become old. */

import pg from 'pg';
import { describe, expect, it } from 'vitest';
import {
  DeleteVideoDocument,
  FollowSequenceDocument,
  ListSequencesDocument,
  ReadSequenceOfVideoDocument,
  ReadVideosDocument,
} from './generated/graphql.ts';
import { DAY_MS } from './support/backdate.ts';
import { queryDatabase } from './support/database-query.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { startHeldUpstream } from './support/held-upstream.ts';
import { extend } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import {
  cancel,
  create,
  fail,
  inState,
  pass,
  readFilm,
  refuse,
  resume,
  succeed,
  toFilm,
  waitFor,
} from './support/sequences.ts';

const postgres = sharedPostgres();

async function listFilms(gateway: TestGateway): Promise<string[]> {
  const { data } = await gateway.graphql(ListSequencesDocument, {});
  return data.sequences.edges.map(({ node }) => node.id).sort();
}

async function listVideos(gateway: TestGateway): Promise<string[]> {
  const { data } = await gateway.graphql(ReadVideosDocument, { first: 100 });
  return data.videos.edges.map(({ node }) => node.id);
}

/** Moves everything that has happened so far into the past. */
async function age(databaseUrl: string, days: number): Promise<void> {
  const then = Date.now() - days * DAY_MS;
  for (const statement of [
    `update sequence set changed_at = ${then}`,
    `update video set finished_at = ${then} where finished_at is not null`,
    `update completion set created_at = ${then}`,
  ]) {
    await queryDatabase(databaseUrl, statement);
  }
}

describe.each(['SQLite', 'PostgreSQL'])('a sequence on %s', (engine) => {
  async function start(upstream: { readonly url: string }) {
    const shared = engine === 'SQLite' ? null : await postgres.createDatabase();
    const gateway = await startGateway(upstream, {
      SHUTDOWN_TIMEOUT_MS: '100',
      ...(shared !== null && { DATABASE_URL: shared }),
    });
    return { gateway, databaseUrl: shared ?? `sqlite:${gateway.folder}/gateway.db` };
  }

  it('is pruned as a whole, and never while one of its shots is in flight', async () => {
    await using upstream = await startHeldUpstream();
    const { gateway, databaseUrl } = await start(upstream);
    await using _ = gateway;
    // One that is finished, with a failure and a resume behind it.
    const done = await create(gateway, toFilm(['One']));
    await pass(upstream, 'done-0');
    const failing = await upstream.nextSubmit();
    failing.accept('done-1');
    await fail(failing, 'done-1');
    await waitFor(gateway, done.id, inState('PAUSED'));
    await resume(gateway, done.id);
    await pass(upstream, 'done-2');
    await waitFor(gateway, done.id, inState('COMPLETED'));
    const doneVideos = await listVideos(gateway);
    // Two that have a shot in flight.
    const open = [];
    for (const name of ['running', 'cancelled']) {
      const { id } = await create(gateway, toFilm(['One', 'Two']));
      await pass(upstream, `${name}-0`);
      const shot = await upstream.nextSubmit();
      shot.accept(`${name}-1`);
      await waitFor(gateway, id, ({ shots }) => shots[0]?.video?.state === 'WAITING');
      open.push({ id, shot, taskId: `${name}-1` });
    }
    const [running, cancelled] = open as [(typeof open)[0], (typeof open)[0]];
    await cancel(gateway, cancelled.id);
    await gateway.stop();
    await age(databaseUrl, 400);
    await gateway.restart();

    const left = async () => [await listFilms(gateway), (await listVideos(gateway)).length];
    await expect.poll(left).toEqual([[running.id, cancelled.id].sort(), 4]);
    for (const { shot, taskId } of open) await succeed(shot, taskId);
    await pass(upstream, 'running-2');
    const completed = await waitFor(gateway, running.id, inState('COMPLETED'));
    expect(completed.shots.map(({ video }) => video?.state)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
    const { state, shots } = await readFilm(gateway, cancelled.id);
    expect({ state, shots }).toMatchObject({
      state: 'CANCELLED',
      shots: [{ video: { state: 'SUCCEEDED' } }, { video: null }],
    });
    await gateway.stop();
    const tables = ['shot', 'sequence_resume', 'video'] as const;
    for (const table of tables) {
      const column = table === 'video' ? 'id' : 'sequence_id';
      const ids = table === 'video' ? doneVideos : [done.id];
      const list = ids.map((id) => `'${id}'`).join();
      const rows = await queryDatabase(
        databaseUrl,
        `select 1 from ${table} where ${column} in (${list})`,
      );
      expect(rows).toEqual([]);
    }
  });

  it('reads well without the film of a shot that was deleted', async () => {
    await using upstream = await startHeldUpstream();
    const { gateway } = await start(upstream);
    await using _ = gateway;
    const { id } = await create(gateway, toFilm(['One', 'Two', 'Three']));
    for (let n = 0; n <= 3; n++) await pass(upstream, `task-${n}`);
    const done = await waitFor(gateway, id, inState('COMPLETED'));

    const { data } = await gateway.graphql(DeleteVideoDocument, { id: 'task-2' });

    expect(data.deleteVideo.__typename).toBe('DeleteVideoSuccess');
    const film = await readFilm(gateway, id);
    const [one, two, three] = done.shots;
    expect(film).toEqual({
      ...done,
      shots: [one, { ...two, prompt: '', video: null, tries: [] }, three],
    });
    expect(await listFilms(gateway)).toEqual([id]);
    const last = await gateway.graphql(ReadSequenceOfVideoDocument, { id: 'task-3' });
    expect(last.data.video?.sequence).toMatchObject({ id });
    const events = await gateway.sse(FollowSequenceDocument, { id });
    expect((await events.next())?.data.sequenceUpdated).toEqual(film);
    expect(await events.next()).toBeUndefined();
  });

  it('goes on without the video that it started from, and starts from no deleted one', async () => {
    await using upstream = await startHeldUpstream();
    const { gateway } = await start(upstream);
    await using _ = gateway;
    const sent = extend(gateway);
    await pass(upstream, 'start');
    const { id: video } = await sent;
    const { id } = await create(gateway, toFilm(['One', 'Two'], { start: { video } }));
    const shot = await upstream.nextSubmit();
    shot.accept('task-1');

    const { data } = await gateway.graphql(DeleteVideoDocument, { id: video });

    expect(data.deleteVideo.__typename).toBe('DeleteVideoSuccess');
    expect((await refuse(gateway, toFilm(['A'], { start: { video } }))).code).toBe('INVALID_INPUT');
    expect((await readFilm(gateway, id)).start).toBeNull();
    await succeed(shot, 'task-1');
    await pass(upstream, 'task-2');
    await waitFor(gateway, id, inState('COMPLETED'));
  });

  it('can still be cancelled when the failed video that it waits for is deleted', async () => {
    await using upstream = await startHeldUpstream();
    const { gateway } = await start(upstream);
    await using _ = gateway;
    const sent = extend(gateway);
    const submit = await upstream.nextSubmit();
    submit.accept('start');
    const { id: video } = await sent;
    const { id } = await create(gateway, toFilm(['One'], { start: { video } }));
    await fail(submit, 'start');
    const { problem } = await waitFor(gateway, id, inState('PAUSED'));

    await gateway.graphql(DeleteVideoDocument, { id: video });

    expect(problem?.message).toContain('moderator');
    expect(await readFilm(gateway, id)).toMatchObject({
      state: 'PAUSED',
      start: null,
      problem: { message: 'The video to start from was deleted.', video: null, failure: null },
    });
    expect(await resume(gateway, id)).toMatchObject({ sequence: { state: 'PAUSED' } });
    expect(await cancel(gateway, id)).toMatchObject({ sequence: { state: 'CANCELLED' } });
    expect(upstream.submits).toHaveLength(1);
  });
});

describe('a paused sequence that is pruned at the same moment', () => {
  /** Deletes the sequence as the pruner of another replica does, while something else happens to it. */
  async function pruneDuring<T>(
    databaseUrl: string,
    id: string,
    run: () => Promise<T>,
  ): Promise<T> {
    const client = new pg.Client(databaseUrl);
    await client.connect();
    await client.query('begin');
    for (const [table, column] of [
      ['sequence', 'id'],
      ['shot', 'sequence_id'],
    ]) {
      await client.query(`delete from ${table} where ${column} = $1`, [id]);
    }
    const running = run();
    const isBlocked = async () => {
      const { rows } = await client.query(
        `select 1 from pg_stat_activity where datname = current_database()
          and wait_event_type = 'Lock'`,
      );
      return rows.length > 0;
    };
    await expect.poll(isBlocked).toBe(true);
    await client.query('commit');
    await client.end();
    return running;
  }

  async function startPaused(upstream: Awaited<ReturnType<typeof startHeldUpstream>>) {
    const databaseUrl = await postgres.createDatabase();
    const gateway = await startGateway(upstream, {
      SHUTDOWN_TIMEOUT_MS: '100',
      DATABASE_URL: databaseUrl,
    });
    const { id } = await create(gateway, toFilm(['One', 'Two']));
    await pass(upstream, 'task-0');
    const shot = await upstream.nextSubmit();
    shot.accept('task-1');
    await fail(shot, 'task-1');
    await waitFor(gateway, id, inState('PAUSED'));
    return { gateway, databaseUrl, id, shot };
  }

  const READ_SCHEDULED = "select id from video where state not in ('SUCCEEDED', 'FAILED')";

  it('is not continued by a late success', async () => {
    await using upstream = await startHeldUpstream();
    const { gateway, databaseUrl, id, shot } = await startPaused(upstream);
    await using _ = gateway;

    await pruneDuring(databaseUrl, id, () => succeed(shot, 'task-1'));

    expect(await queryDatabase(databaseUrl, READ_SCHEDULED)).toEqual([]);
    expect(upstream.submits).toHaveLength(2);
  });

  it('is not found by a resume', async () => {
    await using upstream = await startHeldUpstream();
    const { gateway, databaseUrl, id } = await startPaused(upstream);
    await using _ = gateway;

    const answer = await pruneDuring(databaseUrl, id, () => resume(gateway, id));

    expect(answer).toMatchObject({ code: 'SEQUENCE_NOT_FOUND' });
    expect(await queryDatabase(databaseUrl, READ_SCHEDULED)).toEqual([]);
    expect(upstream.submits).toHaveLength(2);
  });
});
