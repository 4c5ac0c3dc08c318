import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Cancellation } from '../src/cancellation.ts';
import { createHub } from '../src/delivery/hub.ts';
import { followLog } from '../src/delivery/log.ts';
import { createReader } from '../src/delivery/reader.ts';
import { createFinishedVideos } from '../src/fast/finished-videos.ts';
import {
  type Allowance,
  createAllowance,
  findNextPlace,
  type Place,
  pauseAllowance,
  restartPlace,
  takePlace,
} from '../src/store/allowance.ts';
import {
  leaseDueRows,
  releaseLeases,
  scheduleCheck,
  scheduleCheckWithin,
  scheduleWatchedNow,
} from '../src/store/check-leases.ts';
import { clampTimes } from '../src/store/clamps.ts';
import {
  type Completion,
  findTaskEnd,
  readCompletions,
  readLogBounds,
} from '../src/store/completions.ts';
import { countSubmitsToday, takeDailySubmit } from '../src/store/daily-submits.ts';
import { isReachable, type OpenDatabase, openDatabase } from '../src/store/database.ts';
import { findNextWaiting } from '../src/store/lanes.ts';
import {
  findOverspending,
  lockOwner,
  pruneAttempts,
  recordAttempt,
} from '../src/store/owner-limits.ts';
import { endPause } from '../src/store/pauses.ts';
import { pruneCompletions, pruneVideos } from '../src/store/pruning.ts';
import { now, type VideoRow } from '../src/store/rows.ts';
import type { Database } from '../src/store/schema.ts';
import { findAnswerer, findRow, readForSubmit } from '../src/store/submits.ts';
import { adoptTask, confirmSubmit } from '../src/store/transitions/confirm.ts';
import { endVideo as writeEnd } from '../src/store/transitions/end.ts';
import { endConfirmedVideo } from '../src/store/transitions/end-confirmed.ts';
import {
  insertSubmit,
  markWaitingForTurn,
  type NewSubmit,
} from '../src/store/transitions/insert.ts';
import { createInsertWithPlace } from '../src/store/transitions/insert-with-place.ts';
import { countFilelessRead, noteOpen } from '../src/store/transitions/progress.ts';
import { rejectSubmit, releaseTaken } from '../src/store/transitions/refuse.ts';
import { returnToQueue } from '../src/store/transitions/return-to-queue.ts';
import { scheduleSubmit, takeWaiting } from '../src/store/transitions/schedule.ts';
import {
  markUnconfirmed,
  recoverOrphans,
  settleOverdue,
} from '../src/store/transitions/unconfirmed.ts';
import { createVideoLoader } from '../src/store/video-loader.ts';
import { findLineages, findVideo, findVideos, listVideos } from '../src/store/videos.ts';
import { openSubmit } from '../src/submit/opening.ts';
import { VIDEO_STATES, type Video, type VideoFailure, type VideoFiles } from '../src/video.ts';
import { createVideoId } from '../src/video-id.ts';
import { sharedPostgres } from './support/postgres.ts';

async function endVideo(...args: Parameters<typeof writeEnd>): Promise<Completion | null> {
  return (await writeEnd(...args))?.completion ?? null;
}

const HOUR_MS = 60 * 60 * 1000;
const FILES: VideoFiles = { videoId: 'v', videoUrl: 'https://files.example/v.mp4', coverUrl: null };
const FAILURE: VideoFailure = { reason: 'PROVIDER_ERROR', message: 'broken', upstreamCode: 500 };
const NEVER: VideoFailure = { reason: 'NEVER_CONFIRMED', message: 'never', upstreamCode: null };
const succeeded = (taskId: string | null = null) => ({ outcome: FILES, taskId, reported: true });
const failed = (taskId: string | null = null) => ({ outcome: FAILURE, taskId, reported: true });

const postgres = sharedPostgres();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longtake-store-'));
}, 120_000);
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const ENGINES = [
  {
    engine: 'SQLite',
    isShared: false,
    create: async () => `sqlite:${join(folder, createVideoId())}.db`,
  },
  { engine: 'PostgreSQL', isShared: true, create: () => postgres.createDatabase() },
];

function toSubmit(changes: Partial<NewSubmit> = {}): NewSubmit {
  return {
    id: createVideoId(),
    owner: 'me',
    idempotencyKey: null,
    fingerprint: 'f',
    tokenHash: 't',
    kind: 'EXTENSION',
    sourceTaskId: 'source',
    duration: null,
    aspectRatio: null,
    prompt: 'Dance',
    quality: 'P720',
    waterMark: '',
    imageUrl: null,
    expandPrompt: null,
    runtimeMs: HOUR_MS,
    ...changes,
  };
}

async function findHolder(db: Database, idempotencyKey: string): Promise<VideoRow | undefined> {
  return (await readForSubmit(db, { owner: 'me', source: null, idempotencyKey })).holder;
}

/** For the lock on a row. Not in a transaction, where PostgreSQL lists the activity of its first reading again. */
async function untilSomebodyWaits(db: Database): Promise<void> {
  for (;;) {
    const { rows } = await sql`
      select pid from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`.execute(db);
    if (rows.length > 0) return;
  }
}

describe.each(ENGINES)('the store on $engine', ({ isShared, create }) => {
  let opened: OpenDatabase;
  let db: Database;
  beforeAll(async () => {
    opened = await openDatabase(await create());
    db = opened.db;
  });
  afterAll(() => opened.close());
  beforeEach(async () => {
    for (const table of [
      'completion',
      'video',
      'owner',
      'allowance',
      'attempt',
      'pause',
      'lane',
      'daily_submits',
    ] as const) {
      await db.deleteFrom(table).execute();
    }
  });

  /** A row whose request is on its way. */
  async function insert(changes: Partial<NewSubmit> = {}): Promise<string> {
    const row = await insertSubmit(db, toSubmit(changes));
    if (!row) throw new Error('The key is taken.');
    return row.id;
  }

  async function insertOpen(taskId: string, changes: Partial<NewSubmit> = {}): Promise<string> {
    const id = await insert(changes);
    await confirmSubmit(db, { id, taskId, firstCheckMs: HOUR_MS });
    return id;
  }

  async function read(id: string): Promise<VideoRow> {
    const row = await findRow(db, id);
    if (!row) throw new Error('There is no such row.');
    return row;
  }

  /** Turns the clock back for a row. */
  async function age(id: string, ms: number): Promise<void> {
    const earlier = (column: string) => sql<number>`${sql.ref(column)} - ${ms}`;
    await db
      .updateTable('video')
      .set({
        created_at: earlier('created_at'),
        submit_until: earlier('submit_until'),
        checked_at: earlier('checked_at'),
        finished_at: earlier('finished_at'),
        check_after: earlier('check_after'),
        lease_until: earlier('lease_until'),
      })
      .where('id', '=', id)
      .execute();
    await db
      .updateTable('completion')
      .set({ created_at: earlier('created_at') })
      .where('video_row', '=', id)
      .execute();
  }

  it('reopens as the same database, and reports whether it is available', async () => {
    const url = await create();
    const first = await openDatabase(url);
    expect(await isReachable(first.db)).toBe(true);
    await first.close();
    const second = await openDatabase(url);
    expect(second.id).toBe(first.id);
    expect(second.id).not.toBe(opened.id);
    await second.close();
    expect(await isReachable(second.db)).toBe(false);
  });

  describe('a submit', () => {
    it('is stored unchanged, numbers as numbers', async () => {
      const submit = toSubmit({ imageUrl: 'https://a.example/b', expandPrompt: true });
      const row = await insertSubmit(db, submit);
      expect(row).toMatchObject({ id: submit.id, state: 'SUBMITTING', expand_prompt: 1 });
      expect(row?.submit_until).toBe(row?.check_after);
      expect(row?.created_at).toBeTypeOf('number');
      expect(Math.abs((row?.created_at ?? 0) - Date.now())).toBeLessThan(5_000);
      expect(await read(submit.id)).toEqual(row);
    });

    it('with a key in use is not stored; another owner may use the same key', async () => {
      const id = await insert({ idempotencyKey: 'k' });
      expect(await insertSubmit(db, toSubmit({ idempotencyKey: 'k' }))).toBeUndefined();
      await insert({ idempotencyKey: 'k', owner: 'other' });
      expect((await findHolder(db, 'k'))?.id).toBe(id);
    });

    it('with one key succeeds once of 20 at once', async () => {
      const rows = await Promise.all(
        Array.from({ length: 20 }, () => insertSubmit(db, toSubmit({ idempotencyKey: 'k' }))),
      );
      expect(rows.filter((row) => row !== undefined)).toHaveLength(1);
    });

    it('that is confirmed is WAITING; one that has moved on keeps its state', async () => {
      const id = await insert();
      expect(await confirmSubmit(db, { id, taskId: 'task', firstCheckMs: HOUR_MS })).toMatchObject({
        id,
        task_id: 'task',
      });
      expect(await read(id)).toMatchObject({ state: 'WAITING', task_id: 'task' });
      await noteOpen(db, id, 'GENERATING');
      expect(await confirmSubmit(db, { id, taskId: 'task', firstCheckMs: HOUR_MS })).toMatchObject({
        id,
        task_id: 'task',
      });
      expect((await read(id)).state).toBe('GENERATING');
    });

    it('is not confirmed with the task of another row', async () => {
      await insertOpen('task');
      const id = await insert();
      expect(
        await confirmSubmit(db, { id, taskId: 'task', firstCheckMs: HOUR_MS }),
      ).toBeUndefined();
      expect(await read(id)).toMatchObject({ state: 'SUBMITTING', task_id: null });
    });

    it('that is rejected is a tombstone and frees its key', async () => {
      const id = await insert({ idempotencyKey: 'k' });
      expect(await rejectSubmit(db, id, '{}')).toBe(true);
      expect(await rejectSubmit(db, id, '{}')).toBe(false);
      expect(await read(id)).toMatchObject({ state: 'REJECTED', key_held: 0, check_after: null });
      expect(await findHolder(db, 'k')).toBeUndefined();
      expect((await findAnswerer(db, 'me', 'k'))?.id).toBe(id);
      expect(await findVideo(db, 'me', id)).toBeNull();
      expect(await listVideos(db, 'me', {}, { limit: 9, before: null })).toEqual([]);
    });

    it('that is confirmed can no longer be rejected or given up', async () => {
      const id = await insertOpen('task');
      expect(await rejectSubmit(db, id, '{}')).toBe(false);
      expect(await markUnconfirmed(db, id, HOUR_MS)).toBe(false);
      expect((await read(id)).state).toBe('WAITING');
    });

    it('becomes unconfirmed when overdue, not before, and keeps its key', async () => {
      const id = await insert({ idempotencyKey: 'k' });
      expect(await settleOverdue(db, id, HOUR_MS)).toBeNull();
      await age(id, HOUR_MS);
      expect(await settleOverdue(db, id, HOUR_MS)).toBe('UNCONFIRMED');
      const row = await read(id);
      expect(row.state).toBe('UNCONFIRMED');
      expect(row.check_after).toBe(row.created_at + HOUR_MS);
      expect((await findHolder(db, 'k'))?.id).toBe(id);
      expect(await confirmSubmit(db, { id, taskId: 'task', firstCheckMs: HOUR_MS })).toMatchObject({
        id,
        task_id: 'task',
      });
      expect((await read(id)).state).toBe('WAITING');
    });

    const take = (id: string) =>
      takeWaiting(db, { id, kind: 'NOW' }, { tokenHash: 'token', runtimeMs: HOUR_MS });

    it('whose POST had not begun when its process died frees its key', async () => {
      const id = await insert({ idempotencyKey: 'k' });
      await markWaitingForTurn(db, await read(id));
      await age(id, HOUR_MS);
      expect(await settleOverdue(db, id, HOUR_MS)).toBe('REJECTED');
      expect(await read(id)).toMatchObject({ key_held: 0, check_after: null });
      expect(await take(id)).toBeUndefined();

      const orphan = await insert({ idempotencyKey: 'k' });
      await markWaitingForTurn(db, await read(orphan));
      await recoverOrphans(db, HOUR_MS);
      expect((await read(orphan)).state).toBe('REJECTED');
    });

    it.runIf(isShared)('that was not sent frees its key, even at the end of its time', async () => {
      const id = await insert({ idempotencyKey: 'k' });
      await markWaitingForTurn(db, await read(id));
      await age(id, 2 * HOUR_MS);
      const settled = await db.transaction().execute(async (trx) => {
        await trx.selectFrom('video').select('id').where('id', '=', id).forUpdate().execute();
        const settling = settleOverdue(db, id, HOUR_MS);
        await untilSomebodyWaits(db);
        // After the first statement has begun, and before a second one can.
        const soon = sql<number>`now_ms() + 2`;
        await trx.updateTable('video').set({ submit_until: soon }).where('id', '=', id).execute();
        await sql`select pg_sleep(0.01)`.execute(trx);
        return { settling };
      });
      expect(await settled.settling).not.toBe('UNCONFIRMED');
      await settleOverdue(db, id, HOUR_MS);
      expect((await read(id)).state).toBe('REJECTED');
    });

    it('that another process has taken since is not taken back by a repeated write', async () => {
      const id = await insert({ queue: { notBefore: null, deadlineMs: HOUR_MS } });
      await scheduleSubmit(db, await read(id));
      const retake = (tokenHash: string) =>
        takeWaiting(db, { id, kind: 'LATER' }, { tokenHash, runtimeMs: HOUR_MS });
      const first = await retake('first');
      if (!first) throw new Error('It was not taken.');
      expect(await returnToQueue(db, first, 0, 0)).toMatchObject({ row: { state: 'SCHEDULED' } });
      expect(await returnToQueue(db, first, 0, 0)).toBeUndefined();
      const second = await retake('second');

      expect(await returnToQueue(db, first, 0, 0)).toBeUndefined();
      expect(await releaseTaken(db, first, '{}')).toBe(false);
      expect(await read(id)).toMatchObject({ state: 'SUBMITTING', token_hash: 'second' });
      expect(second && (await returnToQueue(db, second, 0, 0))).toMatchObject({
        row: { queue_tries: 2 },
      });
    });

    it('that returns to the queue counts against no limit until it is sent again', async () => {
      const id = await insert({ queue: { notBefore: null, deadlineMs: HOUR_MS } });
      await scheduleSubmit(db, await read(id));
      const send = async () => {
        await recordAttempt(db, { owner: 'me', id });
        await takeDailySubmit(db, 9);
        return takeWaiting(db, { id, kind: 'LATER' }, { tokenHash: 't', runtimeMs: HOUR_MS });
      };
      const count = async () => [
        (await db.selectFrom('attempt').select('at').execute()).length,
        await countSubmitsToday(db),
      ];
      await recordAttempt(db, { owner: 'me', id: createVideoId() });
      await takeDailySubmit(db, 9);
      const sent = await send();
      if (!sent) throw new Error('It was not taken.');
      expect(await count()).toEqual([2, 2]);

      await returnToQueue(db, sent, 0, 9);
      await returnToQueue(db, sent, 0, 9);

      expect(await count()).toEqual([1, 1]);
      await send();
      expect(await count()).toEqual([2, 2]);
    });

    it('that waited for a place begins its POST before its deadline, and never after', async () => {
      const [early, late] = [await insert(), await insert()];
      for (const id of [early, late]) await markWaitingForTurn(db, await read(id));
      expect(await take(early)).toMatchObject({ post_begun: 1, waiting: null });
      await age(late, HOUR_MS);
      const lane = { owner: 'me', kind: 'NOW' } as const;
      expect(await findNextWaiting(db, lane, 1_000)).toBeUndefined();
      await age(early, HOUR_MS);
      expect(await settleOverdue(db, early, HOUR_MS)).toBe('UNCONFIRMED');
    });

    it('that is refused after its deadline frees its key', async () => {
      const unconfirmed = await insert({ idempotencyKey: 'k' });
      await markUnconfirmed(db, unconfirmed, HOUR_MS);
      expect(await rejectSubmit(db, unconfirmed, '{}')).toBe(true);
      expect(await read(unconfirmed)).toMatchObject({ state: 'REJECTED', key_held: 0 });

      const givenUp = await insert({ idempotencyKey: 'k' });
      await endVideo(db, givenUp, { outcome: NEVER, reported: false });
      expect(await rejectSubmit(db, givenUp, '{}')).toBe(true);
      expect(await rejectSubmit(db, givenUp, '{}')).toBe(false);
      expect(await read(givenUp)).toMatchObject({ state: 'FAILED', key_held: 0 });
      expect((await findVideo(db, 'me', givenUp))?.failure?.reason).toBe('NEVER_CONFIRMED');
    });

    it('that is confirmed after it was given up is due for a read at once', async () => {
      const id = await insert();
      await endVideo(db, id, { outcome: NEVER, reported: false });
      await confirmSubmit(db, { id, taskId: 'late', firstCheckMs: HOUR_MS });
      expect(await read(id)).toMatchObject({ state: 'FAILED', task_id: 'late' });
      const leased = await leaseDueRows(db, 'readable', 9, HOUR_MS);
      expect(leased.map((row) => row.id)).toEqual([id]);
    });

    it('that is confirmed after its callback is not read again', async () => {
      const id = await insert();
      await endVideo(db, id, succeeded());
      await confirmSubmit(db, { id, taskId: 'late', firstCheckMs: 0 });
      expect(await read(id)).toMatchObject({ state: 'SUCCEEDED', check_after: null });
    });

    it('that is confirmed without a task id of its own waits, and cannot become NEVER_CONFIRMED', async () => {
      const id = await insert();
      await confirmSubmit(db, { id, taskId: null, firstCheckMs: HOUR_MS });
      expect(await read(id)).toMatchObject({ state: 'WAITING', task_id: null });
      expect(await endVideo(db, id, { outcome: NEVER, reported: false })).toBeNull();
    });

    it('whose process died is recovered at the start, with its leases', async () => {
      const [orphan, open] = [await insert(), await insertOpen('task')];
      await db.updateTable('video').set({ lease_until: 9e12 }).where('id', '=', open).execute();
      await recoverOrphans(db, HOUR_MS);
      expect((await read(orphan)).state).toBe('UNCONFIRMED');
      expect(await read(open)).toMatchObject({ state: 'WAITING', lease_until: 0 });
    });
  });

  it.runIf(isShared)(
    'is committed durably even if the server has synchronous_commit off',
    async () => {
      const url = await create();
      const first = await openDatabase(url);
      const name = sql.ref(new URL(url).pathname.slice(1));
      await sql`alter database ${name} set synchronous_commit = off`.execute(first.db);
      await first.close();

      const second = await openDatabase(url);
      const ask = async (trx: Database) => {
        const { rows } = await sql<{ synchronous_commit: string }>`show synchronous_commit`.execute(
          trx,
        );
        return rows[0]?.synchronous_commit;
      };
      const settings = await second.db.transaction().execute(async (trx) => {
        const before = await ask(trx);
        await insertSubmit(trx, toSubmit());
        return [before, await ask(trx)];
      });

      expect(settings).toEqual(['off', 'on']);
      await second.close();
    },
  );

  describe('the end of a task', () => {
    it('returns the video as a later read does', async () => {
      for (const [taskId, end] of [
        ['a', succeeded()],
        ['b', failed()],
      ] as const) {
        const id = await insertOpen(taskId);
        const completion = await endVideo(db, id, end);
        const video = await findVideo(db, 'me', id);
        expect(await findTaskEnd(db, 'me', id)).toEqual({ video, completion });
        expect((await readCompletions(db, 'me', 0, 10)).at(-1)).toEqual(completion);
      }
    });

    describe('by a callback about a confirmed task', () => {
      const PROOF = { tokenHash: 'hash', taskId: 'a' };

      it.each([
        ['success', succeeded()],
        ['failure', failed()],
      ])('is equal to a %s whose row was read first', async (_name, end) => {
        const first = await insertOpen('a', { tokenHash: 'hash', owner: 'me' });
        const second = await insertOpen('b');
        await endVideo(db, second, end);

        const ended = await endConfirmedVideo(db, { ...PROOF, id: first }, end);

        expect(ended).toEqual({
          owner: 'me',
          completion: (await findTaskEnd(db, 'me', first))?.completion,
          followUp: null,
        });
        expect(ended?.completion.number).toBe(2);
        // What differs from row to row is left out.
        const { id, task_id, token_hash, created_at, ...row } = await read(first);
        expect(row).toEqual({
          ...(await read(second)),
          id: undefined,
          task_id: undefined,
          token_hash: undefined,
          created_at: undefined,
          submit_until: row.submit_until,
          unfinished_at: row.unfinished_at,
          checked_at: row.checked_at,
          finished_at: row.finished_at,
        });
      });

      it.each([
        ['another token', { tokenHash: 'other' }],
        ['another task', { taskId: 'b' }],
        ['another row', { id: 'other' }],
      ])('is refused with %s', async (_name, wrong) => {
        const id = await insertOpen('a', { tokenHash: 'hash' });
        await insertOpen('b');
        const before = await read(id);

        expect(await endConfirmedVideo(db, { ...PROOF, id, ...wrong }, succeeded())).toBeNull();

        expect(await read(id)).toEqual(before);
        expect(await readLogBounds(db, 'me')).toEqual({ head: 0, pruned: 0, origin: 0 });
      });

      it('is refused before the task is confirmed, and if it has already ended this way', async () => {
        const id = await insert({ tokenHash: 'hash' });
        expect(await endConfirmedVideo(db, { ...PROOF, id }, succeeded())).toBeNull();
        await confirmSubmit(db, { id, taskId: 'a', firstCheckMs: HOUR_MS });

        const ends = await Promise.all(
          [failed(), succeeded(), succeeded(), failed()].map((end) =>
            endConfirmedVideo(db, { ...PROOF, id }, end),
          ),
        );

        const states = ends.flatMap((end) => end?.completion.video.state ?? []);
        expect(states.filter((state) => state === 'SUCCEEDED')).toHaveLength(1);
        expect(await read(id)).toMatchObject({ state: 'SUCCEEDED', failure_reason: null });
        expect((await readLogBounds(db, 'me')).head).toBe(states.length);
      });
    });

    it('is served from memory to readers in the same event loop tick, and read later', async () => {
      const id = await insertOpen('a');
      const open = await findVideo(db, 'me', id);
      const reader = createReader(db);
      const completion = { number: 1, video: { ...(open as Video), prompt: 'as it was told' } };

      reader.prime('me', completion);
      const told = [
        reader.findTaskEnd('me', id),
        reader.findVideo('me', id),
        reader.readCompletions('me', 0),
        reader.findVideo('other', id),
      ];

      expect(await Promise.all(told)).toEqual([
        { video: completion.video, completion },
        completion.video,
        { completions: [completion], hasMore: true },
        null,
      ]);
      expect(await reader.findTaskEnd('me', id)).toEqual({ video: open, completion: null });
      expect(await reader.findVideo('me', id)).toEqual(open);
      expect(await reader.readCompletions('me', 0)).toEqual({ completions: [], hasMore: false });
    });

    it('is served in its latest state', async () => {
      const id = await insertOpen('a');
      const reader = createReader(db);
      const ends = [await endVideo(db, id, failed()), await endVideo(db, id, succeeded())];
      for (const end of ends) reader.prime('me', end as Completion);
      const [video, task] = [reader.findVideo('me', id), reader.findTaskEnd('me', id)];
      expect((await video)?.state).toBe('SUCCEEDED');
      expect((await task)?.completion).toEqual(ends[1]);
    });

    it('reaches a follower of the log that is woken for several in one tick', async () => {
      const feed = { reader: createReader(db), hub: createHub() };
      const log = followLog(feed, 'me', 0, new Cancellation());
      const heard: Promise<unknown>[] = [log.next()];
      const ends: Completion[] = [];
      for (const taskId of ['a', 'b', 'c', 'd']) {
        const id = await insertOpen(taskId);
        ends.push((await endVideo(db, id, succeeded())) as Completion);
      }
      // As when one group of commits is on disk: each is announced before the first is read.
      for (const end of ends) {
        feed.reader.prime('me', end);
        feed.hub.publish({ id: end.video.id, owner: 'me' });
      }
      for (const _ of ends.slice(1)) heard.push(log.next());
      expect(await Promise.all(heard)).toEqual(ends.map((value) => ({ done: false, value })));
      feed.hub.close();
      expect(await log.next()).toEqual({ done: true, value: undefined });
    });

    it('gets numbers per owner without gaps', async () => {
      const mine = [await insertOpen('a'), await insertOpen('b')];
      const other = await insertOpen('c', { owner: 'other' });
      for (const id of [...mine, other])
        expect(await endVideo(db, id, succeeded())).toMatchObject({ video: { id } });
      const log = await readCompletions(db, 'me', 0, 10);
      expect(log.map(({ number, video }) => [number, video.id])).toEqual([
        [1, mine[0]],
        [2, mine[1]],
      ]);
      expect((await findTaskEnd(db, 'other', other))?.completion?.number).toBe(1);
      expect(await findTaskEnd(db, 'me', other)).toBeUndefined();
      expect(await readLogBounds(db, 'me')).toMatchObject({ head: 2, pruned: 0 });
      expect(await readLogBounds(db, 'nobody')).toEqual({ head: 0, pruned: 0, origin: 0 });
      expect(await readCompletions(db, 'me', 1, 10)).toHaveLength(1);
    });

    it('happens once; a failure can become a success and nothing else', async () => {
      const id = await insertOpen('a');
      expect(await endVideo(db, id, failed())).toMatchObject({ video: { id } });
      expect(await endVideo(db, id, failed())).toBeNull();
      expect(await endVideo(db, id, succeeded())).toMatchObject({ video: { id } });
      expect(await endVideo(db, id, succeeded())).toBeNull();
      expect(await endVideo(db, id, failed())).toBeNull();
      expect(await read(id)).toMatchObject({
        state: 'SUCCEEDED',
        failure_reason: null,
        failure_code: null,
        check_after: null,
      });
      expect((await findTaskEnd(db, 'me', id))?.completion?.number).toBe(2);
      expect(await noteOpen(db, id, 'GENERATING')).toBe(false);
      expect((await read(id)).state).toBe('SUCCEEDED');
    });

    it('that is refused uses up no number', async () => {
      const id = await insertOpen('a');
      await insertOpen('b');
      expect(await endVideo(db, id, succeeded('b'))).toBeNull();
      expect(await endVideo(db, id, succeeded('a'))).toMatchObject({ video: { id } });
      const late = await insert();
      expect(await endVideo(db, late, succeeded('b'))).toBeNull();
      expect(await endVideo(db, 'nobody', succeeded())).toBeNull();
      expect((await readLogBounds(db, 'me')).head).toBe(1);
      expect((await read(late)).state).toBe('SUBMITTING');
    });

    it('by giving up requires that the row still has no task id', async () => {
      const [confirmed, never] = [await insertOpen('a'), await insert()];
      expect(await endVideo(db, confirmed, { outcome: NEVER, reported: false })).toBeNull();
      expect(await endVideo(db, never, { outcome: NEVER, reported: false })).toMatchObject({
        video: { id: never },
      });
      expect(await read(never)).toMatchObject({ state: 'FAILED', checked_at: null });
    });

    it('adopts a tombstone, which takes its key back unless that is in use', async () => {
      const first = await insert({ idempotencyKey: 'k' });
      await rejectSubmit(db, first, '{}');
      expect(await endVideo(db, first, succeeded('a'))).toMatchObject({ video: { id: first } });
      expect(await read(first)).toMatchObject({ key_held: 1, task_id: 'a', rejection: null });

      const second = await insert({ idempotencyKey: 'l' });
      await rejectSubmit(db, second, '{}');
      const holder = await insert({ idempotencyKey: 'l' });
      expect(await endVideo(db, second, succeeded('b'))).toMatchObject({ video: { id: second } });
      expect((await read(second)).key_held).toBe(0);
      expect((await findHolder(db, 'l'))?.id).toBe(holder);
    });

    it('returns its key to a tombstone, and concurrent lookups of the key find the row', async () => {
      for (let round = 0; round < 40; round++) {
        const key = `key-${round}`;
        const id = await insert({ idempotencyKey: key });
        await rejectSubmit(db, id, '{}');
        let isOver = false;
        const look = async () => {
          while (!isOver) expect((await findAnswerer(db, 'me', key))?.id).toBe(id);
        };
        const end = async () => {
          await endVideo(db, id, succeeded(`task-${round}`));
          isOver = true;
        };
        await Promise.all([...Array.from({ length: 8 }, look), end()]);
      }
    });

    it.runIf(isShared).each(['end', 'confirmation', 'adoption'])(
      'keeps its key if the commit of its refusal comes just before its %s',
      async (proof) => {
        const id = await insert({ idempotencyKey: 'key' });
        let proving: Promise<unknown> | undefined;
        await db.transaction().execute(async (trx) => {
          await rejectSubmit(trx, id, '{}');
          if (proof === 'end') proving = endVideo(db, id, failed());
          else if (proof === 'adoption') proving = adoptTask(db, id, 't', false, HOUR_MS);
          else proving = confirmSubmit(db, { id, taskId: 't', firstCheckMs: HOUR_MS });
          await untilSomebodyWaits(db);
        });
        await proving;
        expect((await findHolder(db, 'key'))?.id).toBe(id);
      },
    );

    it.runIf(isShared)(
      'and a repeat with its freed key cause no deadlock and no duplicate key',
      async () => {
        const limits = { windows: [], inFlight: 1_000 };
        const gate = {
          insertWithPlace: async () => 'not at once' as const,
          takeFree: async () => null,
          putBack: async () => {},
          checkWait: async () => null,
        };
        const spending = { limits, dailyCap: 0, maxQueued: 0 };
        const openings = new Map<string, number>();
        for (let round = 0; round < 60; round++) {
          const key = `key-${round}`;
          const refused = await insert({ idempotencyKey: key });
          await rejectSubmit(db, refused, '{}');
          await Promise.all([
            endVideo(db, refused, succeeded(`task-${round}`)),
            ...Array.from({ length: 3 }, () =>
              openSubmit(
                { db, spending, gate, openings },
                toSubmit({ idempotencyKey: key }),
                false,
                () => {},
              ),
            ),
            confirmSubmit(db, { id: refused, taskId: `task-${round}`, firstCheckMs: HOUR_MS }),
            leaseDueRows(db, 'readable', 8, 0),
          ]);
          expect(await read(refused)).toMatchObject({ state: 'SUCCEEDED' });
          expect(await findHolder(db, key)).toBeDefined();
        }
      },
    );

    it.runIf(isShared)('is stored although its key is constantly claimed and freed', async () => {
      let isOver = false;
      const churn = async () => {
        while (!isOver) {
          const row = await insertSubmit(db, toSubmit({ idempotencyKey: 'k' }));
          if (row) await rejectSubmit(db, row.id, '{}');
        }
      };
      const ends = async () => {
        try {
          for (let round = 0; round < 20; round++) {
            const id = createVideoId();
            while (!(await insertSubmit(db, toSubmit({ id, idempotencyKey: 'k' }))));
            await rejectSubmit(db, id, '{}');
            const all = [failed(), succeeded(), succeeded(`task-${round}`)];
            await Promise.all([
              ...all.map((end) => endVideo(db, id, end)),
              adoptTask(db, id, `task-${round}`, true, HOUR_MS),
            ]);
            expect((await read(id)).state).toBe('SUCCEEDED');
            await db.updateTable('video').set({ key_held: 0 }).where('id', '=', id).execute();
          }
        } finally {
          isOver = true;
        }
      };
      await Promise.all([ends(), churn(), churn()]);
    });

    it.each([8, 50])(
      'of %i tasks at once gets numbers without gaps, in commit order',
      async (count) => {
        const ids = await Promise.all(
          Array.from({ length: count }, (_, n) => insertOpen(`task-${n}`, { owner: `o${n % 2}` })),
        );
        // A reader that follows the log meanwhile: what it has passed must never grow behind it.
        const seen: number[] = [];
        let isOver = false;
        const reading = (async () => {
          for (;;) {
            const isLast = isOver;
            const page = await readCompletions(db, 'o0', seen.length, 100);
            seen.push(...page.map(({ number }) => number));
            if (isLast) return;
          }
        })();
        const ended = await Promise.all(
          ids.flatMap((id) => [endVideo(db, id, succeeded()), endVideo(db, id, succeeded())]),
        );
        isOver = true;
        await reading;
        expect(ended.filter(Boolean)).toHaveLength(count);
        const half = Array.from({ length: count / 2 }, (_, n) => n + 1);
        expect(seen).toEqual(half);
        for (const owner of ['o0', 'o1']) {
          const log = await readCompletions(db, owner, 0, 100);
          expect(log.map(({ number }) => number)).toEqual(half);
          expect((await readLogBounds(db, owner)).head).toBe(count / 2);
        }
      },
    );
  });

  describe('a task id in a callback', () => {
    it('is stored in a row in any state, and open rows keep theirs', async () => {
      const [way, unknown, open] = [await insert(), await insert(), await insertOpen('c')];
      await markUnconfirmed(db, unknown, HOUR_MS);
      await noteOpen(db, open, 'QUEUED');
      expect(await adoptTask(db, way, 'a', false, HOUR_MS)).toBe(true);
      expect(await adoptTask(db, unknown, 'b', false, HOUR_MS)).toBe(true);
      expect(await adoptTask(db, open, 'c', false, HOUR_MS)).toBe(true);
      expect(await read(way)).toMatchObject({ state: 'WAITING', task_id: 'a' });
      expect(await read(unknown)).toMatchObject({ state: 'WAITING', task_id: 'b' });
      expect(await read(open)).toMatchObject({ state: 'QUEUED', task_id: 'c' });
    });

    it('makes the row due for a read in the same commit', async () => {
      const [unknown, givenUp, open] = [await insert(), await insert(), await insertOpen('c')];
      await markUnconfirmed(db, unknown, HOUR_MS);
      await endVideo(db, givenUp, { outcome: NEVER, reported: false });
      for (const [id, taskId] of [
        [unknown, 'a'],
        [givenUp, 'b'],
        [open, 'c'],
      ] as const) {
        await adoptTask(db, id, taskId, false, HOUR_MS);
      }
      const leased = await leaseDueRows(db, 'readable', 9, HOUR_MS);
      expect(leased.map(({ id }) => id).sort()).toEqual([unknown, givenUp].sort());
    });

    it('does not end a task whose row was a tombstone', async () => {
      const id = await insert({ idempotencyKey: 'k' });
      await rejectSubmit(db, id, '{}');
      expect(await adoptTask(db, id, 'a', false, HOUR_MS)).toBe(true);
      expect(await read(id)).toMatchObject({ state: 'WAITING', key_held: 1, finished_at: null });
      expect((await leaseDueRows(db, 'readable', 9, HOUR_MS)).map((row) => row.id)).toEqual([id]);
    });

    it('is not needed to prove the task; a submit in flight still waits for its answer', async () => {
      const [refused, unknown, way] = [
        await insert({ idempotencyKey: 'k' }),
        await insert(),
        await insert(),
      ];
      await rejectSubmit(db, refused, '{}');
      await markUnconfirmed(db, unknown, HOUR_MS);
      for (const id of [refused, unknown, way]) {
        expect(await adoptTask(db, id, null, true, 5 * HOUR_MS)).toBe(true);
      }
      const row = await read(refused);
      expect(row).toMatchObject({ state: 'WAITING', key_held: 1, finished_at: null });
      expect(row.check_after).toBe(row.created_at + 5 * HOUR_MS);
      expect(await read(unknown)).toMatchObject({ state: 'WAITING', task_id: null });
      expect((await read(way)).state).toBe('SUBMITTING');
      expect(await insertSubmit(db, toSubmit({ idempotencyKey: 'k' }))).toBeUndefined();
    });

    it('is refused if it belongs to another row', async () => {
      await insertOpen('a');
      const id = await insert();
      expect(await adoptTask(db, id, 'a', false, HOUR_MS)).toBe(false);
      expect(await read(id)).toMatchObject({ state: 'SUBMITTING', task_id: null });
    });
  });

  describe('a check', () => {
    it('is leased to one of ten callers, and due again afterwards', async () => {
      const ids = await Promise.all(Array.from({ length: 40 }, (_, n) => insertOpen(`t${n}`)));
      for (const id of ids) await age(id, HOUR_MS);
      const leased: string[] = [];
      // Those who are busy may get fewer than there are: ask until there is nothing left.
      for (let round = 0; round < 20 && leased.length < 40; round++) {
        const taken = await Promise.all(
          Array.from({ length: 10 }, () => leaseDueRows(db, 'readable', 8, HOUR_MS)),
        );
        leased.push(...taken.flat().map(({ id }) => id));
      }
      expect(leased.sort()).toEqual([...ids].sort());
      expect(await leaseDueRows(db, 'readable', 8, HOUR_MS)).toEqual([]);

      await releaseLeases(db, ids.slice(0, 3));
      expect(await leaseDueRows(db, 'readable', 8, HOUR_MS)).toHaveLength(3);
      for (const id of ids) await age(id, HOUR_MS);
      expect(await leaseDueRows(db, 'readable', 50, HOUR_MS)).toHaveLength(40);
    });

    it.runIf(isShared)('skips a row that is being settled', async () => {
      const id = await insert({ runtimeMs: 0 });
      const { promise: isWritten, resolve: written } = Promise.withResolvers<void>();
      const { promise: isWaitedFor, resolve: commit } = Promise.withResolvers<void>();
      const settling = db.transaction().execute(async (trx) => {
        await settleOverdue(trx, id, HOUR_MS);
        written();
        await isWaitedFor;
      });
      await isWritten;

      expect(await leaseDueRows(db, 'unnamed', 9, HOUR_MS)).toEqual([]);
      commit();
      await settling;

      expect(await read(id)).toMatchObject({ state: 'UNCONFIRMED', lease_until: 0 });
    });

    it('is scheduled for later, unless the task has ended', async () => {
      const [open, ended] = [await insertOpen('a'), await insertOpen('b')];
      await endVideo(db, ended, succeeded());
      for (const id of [open, ended]) await scheduleCheck(db, await read(id), HOUR_MS);
      expect(await read(open)).toMatchObject({ check_count: 1, lease_until: 0 });
      expect((await read(open)).check_after).toBeGreaterThan(Date.now() + HOUR_MS - 10_000);
      expect((await read(ended)).check_after).toBeNull();
    });

    it('keeps a check that was scheduled during it', async () => {
      const id = await insertOpen('a');
      await age(id, 2 * HOUR_MS);
      const [row] = await leaseDueRows(db, 'readable', 9, HOUR_MS);
      if (!row) throw new Error('no row is due');
      await adoptTask(db, id, null, true, HOUR_MS);
      const { check_after: wanted } = await read(id);
      await scheduleCheck(db, row, HOUR_MS);
      expect(await read(id)).toMatchObject({ check_after: wanted, lease_until: 0 });
    });

    it('is only moved to an earlier time', async () => {
      const [open, ended] = [await insertOpen('a'), await insertOpen('b')];
      await endVideo(db, ended, succeeded());
      for (const id of [open, ended]) await scheduleCheckWithin(db, id, 10_000);
      const { check_after: wanted } = await read(open);
      expect(wanted).toBeLessThan(Date.now() + 60_000);
      await scheduleCheckWithin(db, open, HOUR_MS);
      expect((await read(open)).check_after).toBe(wanted);
      expect((await read(ended)).check_after).toBeNull();
    });

    it('is earlier for subscribers: 2 s after the last one, later a quarter of the age; 15 s for an end', async () => {
      const fresh = await insertOpen('a');
      const [due, old] = [await insertOpen('b'), await insertOpen('c')];
      const unconfirmed = await insert();
      await age(due, 2_500);
      await age(old, 40_000);
      await noteOpen(db, old, null);
      const before = await read(old);
      const watched = [fresh, due, old, unconfirmed, 'nobody'];
      await scheduleWatchedNow(db, watched, false);
      expect((await read(due)).check_after).toBeGreaterThan(Date.now() + 60_000);
      await scheduleWatchedNow(db, watched, true);
      expect((await read(fresh)).check_after).toBeGreaterThan(Date.now() + 60_000);
      expect((await read(due)).check_after).toBeLessThan(Date.now() + 60_000);
      expect((await read(old)).check_after).toBe(before.check_after);
      expect((await read(unconfirmed)).check_after).toBeGreaterThan(Date.now() + 60_000);
      await age(fresh, 15_500);
      await scheduleWatchedNow(db, [fresh], false);
      expect((await read(fresh)).check_after).toBeLessThan(Date.now() + 60_000);
      await scheduleWatchedNow(db, [], true);
    });

    it('moves the state only forward', async () => {
      const id = await insertOpen('a');
      expect(await noteOpen(db, id, 'QUEUED')).toBe(true);
      expect(await noteOpen(db, id, 'GENERATING')).toBe(true);
      expect(await noteOpen(db, id, 'QUEUED')).toBe(false);
      expect(await noteOpen(db, id, 'GENERATING')).toBe(false);
      expect(await noteOpen(db, id, null)).toBe(false);
      expect((await read(id)).state).toBe('GENERATING');
      await age(id, 5_000);
      const { checked_at: before } = await read(id);
      await noteOpen(db, id, null);
      expect((await read(id)).checked_at).toBeGreaterThan(before ?? 0);
    });

    it('that finds no file is counted while the task is open', async () => {
      const id = await insertOpen('a');
      expect([await countFilelessRead(db, id), await countFilelessRead(db, id)]).toEqual([1, 2]);
      await endVideo(db, id, succeeded());
      expect(await countFilelessRead(db, id)).toBe(0);
    });

    it('is due at once when a callback asks for it, for an open task with a task id', async () => {
      const [open, nameless, ended] = [
        await insertOpen('a'),
        await insert(),
        await insertOpen('b'),
      ];
      await endVideo(db, ended, succeeded());
      for (const id of [open, nameless, ended]) await adoptTask(db, id, null, true, HOUR_MS);
      const leased = await leaseDueRows(db, 'readable', 9, HOUR_MS);
      expect(leased.map(({ id }) => id)).toEqual([open]);
    });

    it('of rows without a task id is not delayed by rows that need a read', async () => {
      const readable = await Promise.all(
        Array.from({ length: 12 }, (_, n) => insertOpen(`task-${n}`)),
      );
      const unnamed = await insert();
      await markUnconfirmed(db, unnamed, HOUR_MS);
      for (const id of readable) await age(id, 3 * HOUR_MS);
      await age(unnamed, 2 * HOUR_MS);

      const leased = await leaseDueRows(db, 'unnamed', 8, HOUR_MS);

      expect(leased.map(({ id }) => id)).toEqual([unnamed]);
    });

    it("returns the database's time, by which deadlines are judged", async () => {
      const id = await insertOpen('a');
      await age(id, 2 * HOUR_MS);
      const [row] = await leaseDueRows(db, 'readable', 9, HOUR_MS);
      expect(row?.leased_at).toBeGreaterThanOrEqual((row?.created_at ?? 0) + 2 * HOUR_MS);
    });
  });

  describe('pruning', () => {
    it('deletes old entries and then their rows, the oldest first, and moves the mark', async () => {
      const ids = [];
      for (let n = 0; n < 6; n++) ids.push(await insertOpen(`t${n}`));
      for (const id of ids) await endVideo(db, id, succeeded());
      const tombstone = await insert();
      await rejectSubmit(db, tombstone, '{}');
      for (const id of [...ids.slice(0, 4), tombstone]) await age(id, 2 * HOUR_MS);
      const open = await insertOpen('open');
      await age(open, 9 * HOUR_MS);

      expect(await pruneVideos(db, HOUR_MS, 100)).toBe(1);
      expect(await pruneCompletions(db, HOUR_MS, 3)).toBe(1);
      expect(await readLogBounds(db, 'me')).toEqual({ head: 6, pruned: 3, origin: 0 });
      expect(await pruneCompletions(db, HOUR_MS, 3)).toBe(1);
      expect(await pruneCompletions(db, HOUR_MS, 3)).toBe(0);
      expect(await readLogBounds(db, 'me')).toEqual({ head: 6, pruned: 4, origin: 0 });
      expect(await pruneVideos(db, HOUR_MS, 3)).toBe(3);
      expect(await pruneVideos(db, HOUR_MS, 3)).toBe(1);
      expect(await pruneVideos(db, HOUR_MS, 3)).toBe(0);
      const left = await listVideos(db, 'me', {}, { limit: 99, before: null });
      expect(left.map(({ id }) => id).sort()).toEqual([...ids.slice(4), open].sort());
      expect((await readCompletions(db, 'me', 4, 9)).map(({ number }) => number)).toEqual([5, 6]);
    });

    it('is done once by five at once', async () => {
      for (let n = 0; n < 20; n++) {
        const id = await insertOpen(`t${n}`, { owner: `o${n % 3}` });
        await endVideo(db, id, succeeded());
        await age(id, 2 * HOUR_MS);
      }
      await Promise.all(Array.from({ length: 5 }, () => pruneCompletions(db, HOUR_MS, 100)));
      await Promise.all(Array.from({ length: 5 }, () => pruneVideos(db, HOUR_MS, 100)));
      expect(await readLogBounds(db, 'o0')).toEqual({ head: 7, pruned: 7, origin: 0 });
      expect(await db.selectFrom('video').select('id').execute()).toEqual([]);
    });
  });

  describe('videos', () => {
    it('are found by both ids, and only by their owner', async () => {
      const id = await insertOpen('a');
      const other = await insertOpen('b', { owner: 'other' });
      const found = await findVideos(db, 'me', [id, 'a', 'b', other, 'c']);
      expect(found.get(id)?.taskId).toBe('a');
      expect(found.get('a')?.id).toBe(id);
      expect([found.get('b'), found.get(other), found.has('c')]).toEqual([null, null, false]);
    });

    it('are read for a submit with the head of the log and the holder of the key', async () => {
      const done = await insertOpen('a', { idempotencyKey: 'k' });
      const other = await insertOpen('b', { owner: 'other' });
      const refused = await insert();
      await rejectSubmit(db, refused, '{}');
      // An upstream may have ids of the same form.
      const alike = createVideoId();
      await insertOpen(alike);
      await endVideo(db, done, succeeded());
      const sources = {
        a: 'a',
        [done]: 'a',
        b: null,
        [other]: null,
        [refused]: null,
        [alike]: alike,
      };
      for (const [source, taskId] of Object.entries(sources)) {
        const question = { owner: 'me', source, idempotencyKey: 'k' };
        const reads = await readForSubmit(db, question);
        const known = reads.source?.isVideo ? reads.source.taskId : null;
        expect([source, known]).toEqual([source, taskId]);
        expect(reads).toMatchObject({ head: 1, holder: await read(done) });
      }
      const question = { owner: 'me', source: 'c', idempotencyKey: null };
      expect(await readForSubmit(db, question)).toEqual({
        head: 1,
        source: undefined,
        holder: undefined,
      });
    });

    it('are not found by text that no row can contain', async () => {
      const id = await insertOpen('a');
      const found = await findVideos(db, 'me', ['a\0', '\0', '\ud800', id]);
      expect([...found.keys()].sort()).toEqual([id, 'a'].sort());
      expect(await findVideo(db, 'me', 'a\0')).toBeUndefined();
      expect(await findVideos(db, 'me', [])).toEqual(new Map());
    });

    it('are read by one statement per owner and kind of id in a tick', async () => {
      const id = await insertOpen('a');
      await insertOpen('b', { owner: 'other' });
      let statements = 0;
      const counting = db.withPlugin({
        transformQuery: ({ node }) => node,
        transformResult: async ({ result }) => {
          statements += 1;
          return result;
        },
      });
      const loader = createVideoLoader(counting, createFinishedVideos());
      const ask = () => [
        loader.load('me', id),
        loader.load('me', 'a'),
        loader.load('me', 'b'),
        loader.load('me', 'c'),
        loader.load('other', 'b'),
      ];

      const found = await Promise.all(ask());
      const inOneTurn = statements;
      await Promise.all(ask());

      const [own, again, strange, none, others] = found;
      expect([own?.taskId, again?.id, strange, none]).toEqual(['a', id, null, undefined]);
      expect(others?.taskId).toBe('b');
      expect(inOneTurn).toBe(3);
      expect(statements).toBe(6);
    });

    it('have their current state, whatever was read before', async () => {
      const id = await insertOpen('a');
      const loader = createVideoLoader(db, createFinishedVideos());
      const before = loader.load('me', id);
      await new Promise(setImmediate);

      await endVideo(db, id, { outcome: FILES, taskId: 'a', reported: true });
      const after = loader.load('me', id);

      expect((await after)?.state).toBe('SUCCEEDED');
      expect((await before)?.taskId).toBe('a');
    });

    it('are read in statements of limited size', async () => {
      const ids = await Promise.all(Array.from({ length: 120 }, () => insert()));
      const loader = createVideoLoader(db, createFinishedVideos());

      const found = await Promise.all(ids.map((id) => loader.load('me', id)));

      expect(found.map((video) => video?.id)).toEqual(ids);
    });

    it('are listed newest first, by state, by source and by page', async () => {
      const ids = [];
      for (let n = 0; n < 5; n++)
        ids.push(await insertOpen(`t${n}`, { sourceTaskId: `s${n % 2}` }));
      const way = await insert({ sourceTaskId: 's0' });
      await insert({ owner: 'other' });
      const list = async (filter: object, limit = 9, before: string | null = null) =>
        (await listVideos(db, 'me', filter, { limit, before })).map(({ id }) => id);
      const newest = [...ids, way].reverse();
      expect(await list({})).toEqual(newest);
      expect(await list({}, 2, newest[1])).toEqual(newest.slice(2, 4));
      expect(await list({ states: ['UNCONFIRMED'] })).toEqual([way]);
      expect(await list({ states: VIDEO_STATES }, 2, newest[1])).toEqual(newest.slice(2, 4));
      expect(await list({ states: [] })).toEqual([]);
      expect(await list({ sourceTaskId: 's1' })).toEqual([ids[3], ids[1]]);
      expect(await list({ sourceTaskId: 's0' }, 9, way)).toEqual([ids[4], ids[2], ids[0]]);
      await rejectSubmit(db, way, '{}');
      expect(await list({})).toEqual(newest.slice(1));
      expect(await list({ sourceTaskId: 's0' })).toEqual([ids[4], ids[2], ids[0]]);
      expect(await list({ states: VIDEO_STATES })).toEqual(newest.slice(1));
    });

    it('have lineages, which end at a foreign video, at the depth and in a cycle', async () => {
      await insertOpen('a', { sourceTaskId: 'c' });
      await insertOpen('b', { sourceTaskId: 'a' });
      await insertOpen('c', { sourceTaskId: 'b' });
      await insertOpen('x', { sourceTaskId: 'y' });
      await insertOpen('y', { owner: 'other' });
      const lineages = await findLineages(db, 'me', ['c', 'x', 'none'], 5);
      const toTasks = (root: string) => lineages.get(root)?.map(({ taskId }) => taskId);
      expect(toTasks('c')).toEqual(['c', 'b', 'a', 'c', 'b']);
      expect([toTasks('x'), toTasks('none')]).toEqual([['x'], []]);
      expect((await findLineages(db, 'me', ['c'], 0)).get('c')).toEqual([]);
    });
  });

  it('evaluates the time for each statement', async () => {
    const time = async () =>
      Number((await sql<{ now: number }>`select now_ms() as now`.execute(db)).rows[0]?.now);

    const first = await time();
    await expect.poll(time).toBeGreaterThan(first);
  });

  describe('the allowance', () => {
    const SUBMIT = { name: 'submit', calls: 10, windowMs: HOUR_MS } as const;

    async function takeAll(allowance: Allowance): Promise<number> {
      let taken = 0;
      while ((await takePlace(db, allowance)) !== null) taken++;
      return taken;
    }

    it('hands out each place once, however many callers ask', async () => {
      await Promise.all([createAllowance(db, SUBMIT), createAllowance(db, SUBMIT)]);
      const taken: number[] = [];
      for (let round = 0; round < 40 && taken.length < 10; round++) {
        const places = await Promise.all(Array.from({ length: 8 }, () => takePlace(db, SUBMIT)));
        taken.push(...places.flatMap((place) => (place ? [place.number] : [])));
      }
      expect(taken.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(await takePlace(db, SUBMIT)).toBeNull();
      const next = await findNextPlace(db, SUBMIT);
      expect(next).toBeGreaterThan(HOUR_MS - 10_000);
      expect(next).toBeLessThanOrEqual(HOUR_MS + 250);
    });

    it('is paused only for its own kind, and a pause is never shortened', async () => {
      const READ = { ...SUBMIT, name: 'read' } as const;
      await createAllowance(db, SUBMIT);
      await createAllowance(db, READ);
      expect(await pauseAllowance(db, SUBMIT, 200)).toBe(200_000);
      expect(await pauseAllowance(db, SUBMIT, 100)).toBe(100_000);
      expect(await findNextPlace(db, SUBMIT)).toBeGreaterThan(190_000);
      expect(await takeAll(SUBMIT)).toBe(0);
      expect(await takeAll(READ)).toBe(10);
    });

    it('is paused for a window if the upstream names no time', async () => {
      await createAllowance(db, SUBMIT);
      expect(await pauseAllowance(db, SUBMIT, null)).toBe(HOUR_MS);
      expect(await takeAll(SUBMIT)).toBe(0);
    });

    /** As if so much time had gone by since the pause began. */
    async function passPause(ms: number): Promise<void> {
      await db
        .updateTable('pause')
        .set({ until: sql<number>`until - ${ms}` })
        .execute();
    }

    it('is paused for five minutes at most; then one trial call is allowed, and the others wait', async () => {
      await createAllowance(db, SUBMIT);
      expect(await pauseAllowance(db, SUBMIT, 86_400)).toBe(300_000);
      await passPause(299_000);
      expect(await takeAll(SUBMIT)).toBe(0);
      await passPause(1_000);

      expect(await takePlace(db, SUBMIT)).toMatchObject({ isTrial: true });

      expect(await takeAll(SUBMIT)).toBe(0);
      expect(await findNextPlace(db, SUBMIT)).toBeGreaterThan(50_000);
      await endPause(db, 'submit');
      expect(await takeAll(SUBMIT)).toBe(9);
    });

    it('allows another trial call if the first one never ended', async () => {
      await createAllowance(db, SUBMIT);
      await pauseAllowance(db, SUBMIT, 300);
      await passPause(300_000);
      expect(await takePlace(db, SUBMIT)).toMatchObject({ isTrial: true });
      expect(await takePlace(db, SUBMIT)).toBeNull();
      await passPause(60_000);
      expect(await takePlace(db, SUBMIT)).toMatchObject({ isTrial: true });
    });

    it('reopens for all at the end of a shorter pause', async () => {
      await createAllowance(db, SUBMIT);
      await pauseAllowance(db, SUBMIT, 30);
      await passPause(30_000);
      expect(await takePlace(db, SUBMIT)).toMatchObject({ isTrial: false });
      expect(await takeAll(SUBMIT)).toBe(9);
    });

    it('counts no more places than are allowed now', async () => {
      await createAllowance(db, SUBMIT);
      expect(await takeAll({ ...SUBMIT, calls: 4 })).toBe(4);
      await createAllowance(db, { ...SUBMIT, calls: 12 });
      expect(await takeAll({ ...SUBMIT, calls: 12 })).toBe(8);
    });

    it('counts a place from when its call left, for the full window', async () => {
      const one = { ...SUBMIT, calls: 1, windowMs: 1_000 };
      await createAllowance(db, one);
      const taken = (await takePlace(db, one)) as Place;
      // One that left at once is covered by the margin.
      await restartPlace(db, { ...one, windowMs: HOUR_MS }, taken);
      expect(await findNextPlace(db, one)).toBeLessThan(HOUR_MS - 10_000);
      const place = { ...taken, takenAt: taken.takenAt - 1_000 };
      await restartPlace(db, { ...one, windowMs: HOUR_MS }, place);
      expect(await findNextPlace(db, one)).toBeGreaterThan(HOUR_MS - 10_000);
      await restartPlace(db, one, place);
      expect(await findNextPlace(db, one)).toBeGreaterThan(HOUR_MS - 10_000);
    });
  });

  describe('a time that is too far ahead', () => {
    const MINUTE_MS = 60_000;
    const BOUNDS = {
      lookMs: 10 * MINUTE_MS,
      submitMs: MINUTE_MS,
      unconfirmedMs: HOUR_MS,
      deadlineMs: 24 * HOUR_MS,
      queueMs: HOUR_MS,
      laneMs: HOUR_MS,
      placeMs: MINUTE_MS + 1_000,
      pauseMs: 5 * MINUTE_MS,
    };
    const SUBMIT = { name: 'submit', calls: 1, windowMs: MINUTE_MS } as const;

    /** As if the clock, which was right until now, had been set back by so much. */
    async function setBack(ms: number): Promise<void> {
      const later = (column: string) => sql<number>`${sql.ref(column)} + ${ms}`;
      await db
        .updateTable('video')
        .set({
          check_after: later('check_after'),
          lease_until: later('lease_until'),
          submit_until: later('submit_until'),
        })
        .execute();
      await db
        .updateTable('allowance')
        .set({ free_at: later('free_at') })
        .execute();
      await db
        .updateTable('attempt')
        .set({ at: later('at') })
        .execute();
      await db
        .updateTable('pause')
        .set({ until: later('until') })
        .execute();
    }

    async function fill() {
      await createAllowance(db, SUBMIT);
      await takePlace(db, SUBMIT);
      await pauseAllowance(db, SUBMIT, 200);
      const submitting = await insert({ runtimeMs: MINUTE_MS });
      const unconfirmed = await insert();
      await markUnconfirmed(db, unconfirmed, HOUR_MS);
      const open = await insert();
      await confirmSubmit(db, { id: open, taskId: 'task', firstCheckMs: 9 * MINUTE_MS });
      await recordAttempt(db, { owner: 'me', id: open });
      return { submitting, unconfirmed, open };
    }

    it('is moved to the shortest possible wait', async () => {
      const { submitting, unconfirmed, open } = await fill();
      const before = { submitting: await read(submitting), unconfirmed: await read(unconfirmed) };
      await setBack(2 * HOUR_MS);

      expect(await clampTimes(db, BOUNDS)).toBe(6);

      expect(await takePlace(db, SUBMIT)).toMatchObject({ isTrial: false });
      expect(await leaseDueRows(db, 'readable', 8, 0)).toMatchObject([{ id: open }]);
      const near = (time: number | null) => Math.abs((time ?? 0) - Date.now());
      const after = { submitting: await read(submitting), unconfirmed: await read(unconfirmed) };
      expect(near(after.submitting.submit_until)).toBeLessThanOrEqual(2 * MINUTE_MS);
      expect(after.submitting.check_after).toBe(after.submitting.submit_until);
      expect(near(after.unconfirmed.check_after)).toBeLessThanOrEqual(HOUR_MS + MINUTE_MS);
      expect(after.unconfirmed.submit_until).toBe(before.unconfirmed.submit_until + 2 * HOUR_MS);
      const [attempt] = await db.selectFrom('attempt').select('at').execute();
      expect(near(attempt?.at ?? 0)).toBeLessThanOrEqual(MINUTE_MS);
      expect(await clampTimes(db, BOUNDS)).toBe(0);
    });

    it('is not changed if the clock is right', async () => {
      await fill();
      expect(await clampTimes(db, BOUNDS)).toBe(0);
      expect(await leaseDueRows(db, 'readable', 8, 0)).toEqual([]);
    });
  });

  describe('spending limits', () => {
    const spend = (limits: Parameters<typeof findOverspending>[2]) =>
      db.transaction().execute(async (trx) => {
        await lockOwner(trx, 'me');
        const row = await insertSubmit(trx, toSubmit());
        const over = await findOverspending(trx, 'me', limits, 1);
        if (over) throw over;
        if (row) await recordAttempt(trx, row);
      });

    it('apply per window and to open tasks; refused submits are not counted', async () => {
      const perHour = { windows: [{ lengthMs: HOUR_MS, submits: 2 }], inFlight: null };
      await spend(perHour);
      await spend(perHour);
      await expect(spend(perHour)).rejects.toMatchObject({ retryAfterMs: expect.any(Number) });
      const [, second] = await listVideos(db, 'me', {}, { limit: 9, before: null });
      await ageAttempt(second?.id ?? '', HOUR_MS);
      await spend(perHour);
      await expect(spend({ windows: [], inFlight: 3 })).rejects.toEqual({ retryAfterMs: null });
      await spend({ windows: [], inFlight: 4 });
      expect((await readLogBounds(db, 'me')).head).toBe(0);
    });

    async function ageAttempt(id: string, ms: number): Promise<void> {
      await db
        .updateTable('attempt')
        .set({ at: sql`at - ${ms}` })
        .where('video_row', '=', id)
        .execute();
    }

    it('count a submit whose row was refused or deleted', async () => {
      const perHour = { windows: [{ lengthMs: HOUR_MS, submits: 2 }], inFlight: null };
      await spend(perHour);
      await spend(perHour);
      const [refused, gone] = await listVideos(db, 'me', {}, { limit: 2, before: null });
      await rejectSubmit(db, refused?.id ?? '', '{}');
      await db
        .deleteFrom('video')
        .where('id', '=', gone?.id ?? '')
        .execute();
      await expect(spend(perHour)).rejects.toMatchObject({ retryAfterMs: expect.any(Number) });
    });

    it('delete attempts a batch at a time, the oldest first', async () => {
      const many = { windows: [{ lengthMs: HOUR_MS, submits: 9 }], inFlight: null };
      for (let n = 0; n < 5; n++) await spend(many);
      const rows = await listVideos(db, 'me', {}, { limit: 9, before: null });
      for (const [n, { id }] of rows.slice(1).entries()) await ageAttempt(id, (n + 1) * HOUR_MS);
      const left = async () => (await db.selectFrom('attempt').select('at').execute()).length;

      expect([await pruneAttempts(db, HOUR_MS, 3), await left()]).toEqual([3, 2]);
      expect([await pruneAttempts(db, HOUR_MS, 3), await left()]).toEqual([1, 1]);
      expect([await pruneAttempts(db, HOUR_MS, 3), await left()]).toEqual([0, 1]);
    });

    it.runIf(isShared).each(['', ' of a new owner'])(
      'undo a submit%s that began before another one was counted',
      async (isNew) => {
        const allowance = { name: 'submit', calls: 5, windowMs: 1_000 } as const;
        await createAllowance(db, allowance);
        const limits = { windows: [{ lengthMs: HOUR_MS, submits: 1 }], inFlight: null };
        const insertLimited = createInsertWithPlace({ limits, dailyCap: 9 });
        if (!isNew) await lockOwner(db, 'me');
        let inserting: Promise<unknown> | undefined;
        await db.transaction().execute(async (trx) => {
          await lockOwner(trx, 'me');
          inserting = insertLimited(db, toSubmit({ idempotencyKey: 'key' }), allowance, null);
          await untilSomebodyWaits(db);
          await recordAttempt(trx, { owner: 'me', id: createVideoId() });
        });
        expect(await inserting).toBe('not at once');
        expect(await db.selectFrom('video').select('id').execute()).toEqual([]);
        expect(await db.selectFrom('attempt').select('at').execute()).toHaveLength(1);
        expect(await countSubmitsToday(db)).toBe(0);
        expect(await findNextPlace(db, allowance)).toBe(0);
      },
    );

    it('allow one of 20 concurrent submits for the last place', async () => {
      const limits = { windows: [{ lengthMs: HOUR_MS, submits: 5 }], inFlight: null };
      const results = await Promise.allSettled(Array.from({ length: 20 }, () => spend(limits)));
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
      expect(await db.selectFrom('video').select('id').execute()).toHaveLength(5);
    });
  });

  it.runIf(isShared)('never prunes a row that a late callback ends at the same time', async () => {
    const id = await insert();
    await rejectSubmit(db, id, '{}');
    await age(id, 2 * HOUR_MS);
    let pruning: Promise<number> | undefined;
    await db.transaction().execute(async (trx) => {
      await trx.updateTable('video').set({ finished_at: now }).where('id', '=', id).execute();
      pruning = pruneVideos(db, HOUR_MS, 9);
      await untilSomebodyWaits(db);
    });
    expect(await pruning).toBe(0);
    expect((await read(id)).id).toBe(id);
  });

  it.runIf(isShared)('never moves the pruned mark back, with concurrent pruning', async () => {
    for (let n = 0; n < 4; n++) {
      const id = await insertOpen(`t${n}`);
      await endVideo(db, id, succeeded());
      await age(id, 2 * HOUR_MS);
    }
    let pruning: Promise<number> | undefined;
    await db.transaction().execute(async (trx) => {
      await trx.updateTable('owner').set({ pruned: 4 }).where('owner', '=', 'me').execute();
      await trx.deleteFrom('completion').where('owner', '=', 'me').execute();
      // It sees four old entries still, and waits for the owner's row.
      pruning = pruneCompletions(db, HOUR_MS, 2);
      await untilSomebodyWaits(db);
    });
    await pruning;
    expect(await readLogBounds(db, 'me')).toEqual({ head: 4, pruned: 4, origin: 0 });
  });
});

describe('PostgreSQL', () => {
  it('is migrated once by ten replicas that start at once', async () => {
    const url = await postgres.createEmptyDatabase();
    const opened = await Promise.all(
      Array.from({ length: 10 }, () => openDatabase(url, { size: 2, statementTimeoutMs: 4_000 })),
    );
    expect(new Set(opened.map(({ id }) => id))).toHaveLength(1);
    await Promise.all(opened.map(({ close }) => close()));
  });

  it('explains why it cannot be used', async () => {
    const url = new URL(postgres.url);
    url.pathname = '/not_there';
    await expect(openDatabase(url.href)).rejects.toThrow(
      /could not be brought up to date.*not_there/,
    );
  });
});
