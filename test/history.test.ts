import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as allowance from '../src/store/allowance.ts';
import * as checks from '../src/store/check-leases.ts';
import * as clamps from '../src/store/clamps.ts';
import * as completions from '../src/store/completions.ts';
import * as copies from '../src/store/copies.ts';
import * as copyEnds from '../src/store/copy-ends.ts';
import * as copyState from '../src/store/copy-state.ts';
import * as credits from '../src/store/credits.ts';
import * as dailySubmits from '../src/store/daily-submits.ts';
import * as database from '../src/store/database.ts';
import { openDatabase } from '../src/store/database.ts';
import * as durations from '../src/store/durations.ts';
import * as knownOwners from '../src/store/known-owners.ts';
import * as lanes from '../src/store/lanes.ts';
import * as logOrigin from '../src/store/log-origin.ts';
import * as lostCopies from '../src/store/lost-copies.ts';
import * as meta from '../src/store/meta.ts';
import * as openTasks from '../src/store/open-tasks.ts';
import * as ownerLimits from '../src/store/owner-limits.ts';
import * as pauses from '../src/store/pauses.ts';
import { listPreparedStatements } from '../src/store/prepared-statements.ts';
import * as pruning from '../src/store/pruning.ts';
import * as queue from '../src/store/queue.ts';
import * as removals from '../src/store/removals.ts';
import type { Database } from '../src/store/schema.ts';
import * as sequenceRemovals from '../src/store/sequence-removals.ts';
import * as sequences from '../src/store/sequences.ts';
import * as submits from '../src/store/submits.ts';
import * as confirm from '../src/store/transitions/confirm.ts';
import * as deletes from '../src/store/transitions/delete.ts';
import * as end from '../src/store/transitions/end.ts';
import * as endConfirmed from '../src/store/transitions/end-confirmed.ts';
import * as followUp from '../src/store/transitions/follow-up.ts';
import * as insert from '../src/store/transitions/insert.ts';
import * as insertWithPlace from '../src/store/transitions/insert-with-place.ts';
import * as nextShot from '../src/store/transitions/next-shot.ts';
import * as progress from '../src/store/transitions/progress.ts';
import * as refuse from '../src/store/transitions/refuse.ts';
import * as back from '../src/store/transitions/return-to-queue.ts';
import * as schedule from '../src/store/transitions/schedule.ts';
import * as sequence from '../src/store/transitions/sequence.ts';
import * as tries from '../src/store/transitions/tries.ts';
import * as unconfirmed from '../src/store/transitions/unconfirmed.ts';
import * as withdraw from '../src/store/transitions/withdraw.ts';
import * as videos from '../src/store/videos.ts';
import { VIDEO_STATES } from '../src/video.ts';
import { createSequenceId, createVideoId } from '../src/video-id.ts';
import { DAY_MS } from './support/backdate.ts';
import { type History, makeHistory, OWNER, SOURCE, SPENT_KEY } from './support/long-history.ts';
import { sharedPostgres } from './support/postgres.ts';
import { chooseRounds } from './support/rounds.ts';
import { type WatchedDatabase, watchDatabase } from './support/statements.ts';

/** So many that a scan exceeds every limit below by far. */
const ROWS = chooseRounds({ few: 100_000, all: 200_000 });
/** The longest page and one more. */
const PAGE = 101;
const FILES = { videoId: 'v', videoUrl: 'https://files.example/v.mp4', coverUrl: null };
const FAILURE = { reason: 'PROVIDER_ERROR', message: 'broken', upstreamCode: 500 } as const;
const ALLOWANCE: allowance.Allowance = { name: 'submit', calls: 20, windowMs: 10_000 };

const LIMITS: ownerLimits.SpendLimits = {
  windows: [
    { lengthMs: 60_000, submits: 20 },
    { lengthMs: DAY_MS, submits: 200 },
  ],
  inFlight: 10_000,
};

const HOUR_MS = 3_600_000;
const BOUNDS: clamps.Bounds = {
  lookMs: 2 * HOUR_MS,
  submitMs: HOUR_MS,
  unconfirmedMs: HOUR_MS,
  deadlineMs: HOUR_MS,
  queueMs: HOUR_MS,
  laneMs: HOUR_MS,
  placeMs: HOUR_MS,
  pauseMs: HOUR_MS,
};

type Run = (db: Database, history: History) => Promise<unknown>;

/** Inserts a row for the statement under test. */
async function insertRow(
  db: Database,
  idempotencyKey: string | null = null,
  queue: insert.QueueTimes | null = null,
): Promise<string> {
  const row = await insert.insertSubmit(db, toSubmit(idempotencyKey, queue));
  return row?.id ?? '';
}

function toQuestion(source: string | null, idempotencyKey: string | null): submits.SubmitQuestion {
  return { owner: OWNER, source, idempotencyKey };
}

function toSubmit(
  idempotencyKey: string | null = null,
  queue: insert.QueueTimes | null = null,
): insert.NewSubmit {
  return {
    id: createVideoId(),
    owner: OWNER,
    idempotencyKey,
    fingerprint: 'fingerprint',
    tokenHash: 'token',
    kind: 'EXTENSION',
    sourceTaskId: SOURCE,
    duration: null,
    aspectRatio: null,
    prompt: 'Dance',
    quality: 'P720',
    waterMark: '',
    imageUrl: null,
    expandPrompt: null,
    runtimeMs: 60_000,
    queue,
  };
}

async function insertOpen(db: Database): Promise<{ id: string; taskId: string }> {
  const id = await insertRow(db);
  const taskId = `task-${id}`;
  await confirm.confirmSubmit(db, { id, taskId, firstCheckMs: 0 });
  return { id, taskId };
}

/** Of a submit whose caller waits. */
async function insertWaiting(db: Database): Promise<string> {
  const id = await insertRow(db);
  await ownerLimits.lockOwner(db, OWNER);
  await insert.markWaitingForTurn(db, { id, owner: OWNER });
  return id;
}

async function insertScheduled(db: Database): Promise<string> {
  const id = await insertRow(db, null, { notBefore: null, deadlineMs: HOUR_MS });
  await ownerLimits.lockOwner(db, OWNER);
  const row = await submits.findRow(db, id);
  if (row) await schedule.scheduleSubmit(db, row);
  return id;
}

const LANE = { owner: OWNER, kind: 'LATER' } as const;
const TAKING = { tokenHash: 'token', runtimeMs: 60_000 };

async function insertTaken(db: Database): Promise<schedule.Taken> {
  const id = await insertScheduled(db);
  const taken = await schedule.takeWaiting(db, { id, kind: 'LATER' }, TAKING);
  if (!taken) throw new Error('A scheduled submit was not taken.');
  return taken;
}

/** With one shot, which is scheduled. */
async function insertFilm(db: Database) {
  await ownerLimits.lockOwner(db, OWNER);
  const film = await sequence.insertSequence(db, toFilm());
  if (!film) throw new Error('The sequence was not stored.');
  const shot = toShot(film.id);
  await sequence.replaceShots(db, film.id, 1, [shot]);
  const video = await tries.insertTry(db, film, shot, { source_task_id: SOURCE });
  await sequence.setShot(db, shot, { video_row: video.id });
  return { film, shot, video };
}

function toFilm(): sequence.NewSequence {
  const id = createSequenceId();
  return {
    id,
    owner: OWNER,
    idempotency_key: id,
    fingerprint: 'fingerprint',
    retries: 0,
    quality: 'P720',
    water_mark: '',
    current: 1,
    start_video: null,
    start_task_id: SOURCE,
    queue_ms: HOUR_MS,
  };
}

function toShot(sequence_id: string) {
  const words = { prompt: 'Dance', quality: 'P720', water_mark: '' } as const;
  return { ...words, sequence_id, number: 1, video_row: null, retried: 0 };
}

const FILM_STATES = [null, ['RUNNING'], ['PAUSED', 'COMPLETED', 'CANCELLED']] as const;

const FILTERS: readonly videos.VideoFilter[] = [
  {},
  { sourceTaskId: SOURCE },
  { states: ['FAILED'] },
  { states: ['QUEUED'] },
  { states: ['GENERATING', 'FAILED'] },
  { states: VIDEO_STATES },
];

const newest = (history: History) => history.endOfChain;

/** The copy of a film that has been leased once. */
const toCopy = (history: History) => {
  const video_row = history.toId(history.firstTombstone - 1);
  return { id: `${video_row}/film`, video_row, part: 'film', attempts: 1 } as const;
};

/** Every function of the store that runs a statement, by module, as it costs the most. */
const CALLS: Readonly<Record<string, Readonly<Record<string, readonly Run[]>>>> = {
  'daily-submits': {
    takeDailySubmit: [
      (db) => dailySubmits.takeDailySubmit(db, 10),
      (db) => dailySubmits.takeDailySubmit(db, 1),
    ],
    takeBackDailySubmit: [(db) => dailySubmits.takeBackDailySubmit(db, Date.now())],
    countSubmitsToday: [(db) => dailySubmits.countSubmitsToday(db)],
  },
  credits: {
    claimCreditsRead: [(db) => credits.claimCreditsRead(db, 1_000)],
    storeCredits: [(db) => credits.storeCredits(db, 7)],
    readCredits: [(db) => credits.readCredits(db)],
  },
  allowance: {
    createAllowance: [(db) => allowance.createAllowance(db, ALLOWANCE)],
    takePlace: [(db) => allowance.takePlace(db, ALLOWANCE)],
    restartPlace: [
      (db) =>
        allowance.restartPlace(db, ALLOWANCE, {
          number: 1,
          takenAt: performance.now() - 1e6,
          isTrial: false,
        }),
    ],
    findNextPlace: [(db) => allowance.findNextPlace(db, ALLOWANCE)],
    takePlaceForNewSubmit: [null, OWNER].map(
      (first) => (db) => allowance.takePlaceForNewSubmit(db, ALLOWANCE, first),
    ),
    putPlaceBack: [
      (db) =>
        allowance.putPlaceBack(db, ALLOWANCE, {
          number: 1,
          takenAt: performance.now(),
          isTrial: false,
        }),
    ],
    pauseAllowance: [(db) => allowance.pauseAllowance(db, ALLOWANCE, 1)],
  },
  'check-leases': {
    leaseDueRows: [
      (db) => checks.leaseDueRows(db, 'readable', 8, 40_000),
      (db) => checks.leaseDueRows(db, 'unnamed', 64, 40_000),
    ],
    releaseLeases: [(db, history) => checks.releaseLeases(db, [history.toId(history.firstOpen)])],
    scheduleCheck: [
      async (db) =>
        checks.scheduleCheck(db, { id: (await insertOpen(db)).id, check_after: Date.now() }, 1_000),
    ],
    scheduleCheckWithin: [
      async (db) => checks.scheduleCheckWithin(db, (await insertOpen(db)).id, 1_000),
    ],
    scheduleWatchedNow: [
      async (db) => checks.scheduleWatchedNow(db, [(await insertOpen(db)).id], true),
      async (db) => checks.scheduleWatchedNow(db, [(await insertOpen(db)).id], false),
    ],
    endChecks: [async (db) => checks.endChecks(db, (await insertOpen(db)).id)],
  },
  clamps: { clampTimes: [(db) => clamps.clampTimes(db, BOUNDS)] },
  completions: {
    readLogBounds: [(db) => completions.readLogBounds(db, OWNER)],
    readCompletions: [
      (db) => completions.readCompletions(db, OWNER, 0, PAGE),
      (db) => completions.readCompletions(db, OWNER, 100_000, PAGE),
    ],
    findTaskEnd: [
      (db, history) => completions.findTaskEnd(db, OWNER, history.toId(newest(history))),
    ],
  },
  copies: {
    planCopies: [(db) => copies.planCopies(db, 20)],
    leaseCopies: [(db) => copies.leaseCopies(db, 4, 60_000)],
    renewCopyLease: [(db, history) => copies.renewCopyLease(db, toCopy(history), 60_000, ['name'])],
    endCopyLeases: [(db) => copies.endCopyLeases(db)],
  },
  'copy-state': { readCopyState: [(db) => copyState.readCopyState(db)] },
  'copy-ends': {
    finishCopy: [
      (db, history) =>
        copyEnds.finishCopy(db, toCopy(history), { name: 'name', bytes: 1, sha256: 'hash' }),
    ],
    retryCopy: [
      (db, history) =>
        copyEnds.retryCopy(db, toCopy(history), { afterMs: 1, reason: 'gone', isFailure: true }),
    ],
    releaseCopy: [(db, history) => copyEnds.releaseCopy(db, toCopy(history))],
    giveUpCopy: [(db, history) => copyEnds.giveUpCopy(db, toCopy(history), 'gone')],
  },
  database: {
    isReachable: [(db) => database.isReachable(db)],
    writeProbe: [(db) => database.writeProbe(db)],
  },
  durations: { readTaskDurations: [(db) => durations.readTaskDurations(db, 500)] },
  'known-owners': {
    isKnownOwner: [OWNER, 'nobody'].map((owner) => (db) => knownOwners.isKnownOwner(db, owner)),
  },
  lanes: {
    enterLane: [(db) => lanes.enterLane(db, LANE, 'another')],
    listReadyLanes: [(db) => lanes.listReadyLanes(db, 8)],
    findNextLane: [(db) => lanes.findNextLane(db)],
    openLane: [(db) => lanes.openLane(db, LANE)],
    findNextWaiting: [
      async (db) => {
        await insertScheduled(db);
        await lanes.findNextWaiting(db, LANE, 60_000);
      },
    ],
    restLane: [(db) => lanes.restLane(db, LANE, 1)],
    pauseLane: [(db) => lanes.pauseLane(db, LANE, 1_000)],
    advanceLane: [(db) => lanes.advanceLane(db, LANE, 1_000)],
    freeLane: [(db) => lanes.freeLane(db, LANE)],
  },
  queue: {
    readLanes: [(db) => queue.readLanes(db)],
    listScheduled: [(db) => queue.listScheduled(db, OWNER)],
    readQueueState: [(db) => queue.readQueueState(db)],
  },
  'lost-copies': {
    loseCopy: [(db, history) => lostCopies.loseCopy(db, `${toCopy(history).video_row}/film-1.mp4`)],
    findNewestCopy: [(db) => lostCopies.findNewestCopy(db)],
  },
  meta: {
    findMeta: [(db) => meta.findMeta(db, 'name')],
    writeMeta: [(db) => meta.writeMeta(db, 'name', 'value')],
    takeMeta: [(db) => meta.takeMeta(db, 'name', 'value')],
  },
  'open-tasks': { countOpenTasks: [(db) => openTasks.countOpenTasks(db)] },
  pauses: {
    pauseCalls: [(db) => pauses.pauseCalls(db, 'read', 1_000, true)],
    takeTrial: [(db) => pauses.takeTrial(db, 'read')],
    endPause: [(db) => pauses.endPause(db, 'read')],
    readPauses: [(db) => pauses.readPauses(db)],
  },
  pruning: {
    pruneUnsent: [
      async (db) => {
        for (let count = 0; count < 5; count += 1) {
          await refuse.rejectSubmit(db, await insertRow(db), '{}', false);
        }
        await pruning.pruneUnsent(db, -1_000, 20);
      },
    ],
    pruneCompletions: [
      (db) => pruning.pruneCompletions(db, 60 * DAY_MS, 20),
      (db) => pruning.pruneCompletions(db, 49 * DAY_MS, 20),
    ],
    readPruningTimes: [(db) => pruning.readPruningTimes(db)],
    recordPruning: [(db) => pruning.recordPruning(db, Date.now())],
    pruneVideos: [
      (db) => pruning.pruneVideos(db, 60 * DAY_MS, 20),
      async (db) => {
        // Ended rows keep to their completions: of these there are none.
        await pruning.pruneCompletions(db, 49.9 * DAY_MS, 400);
        await pruning.pruneVideos(db, 49.9 * DAY_MS, 20);
      },
    ],
  },
  'log-origin': {
    lockNewLogs: [(db) => db.transaction().execute((trx) => logOrigin.lockNewLogs(trx, 1_500))],
    deleteLog: [
      async (db) => {
        await ownerLimits.lockOwner(db, 'leaving');
        await logOrigin.deleteLog(db, 'leaving');
      },
    ],
  },
  removals: {
    requestRemovals: [(db, history) => removals.requestRemovals(db, [toCopy(history).video_row])],
    expireCopies: [(db) => removals.expireCopies(db, 29 * DAY_MS, 20)],
    leaseRemovals: [
      (db) => removals.leaseRemovals(db, 20, 60_000),
      (db, history) => removals.leaseRemovals(db, 20, 60_000, toCopy(history).video_row),
    ],
    countRemovals: [(db) => removals.countRemovals(db)],
    endRemoval: [(db, history) => removals.endRemoval(db, toCopy(history))],
    postponeRemoval: [(db, history) => removals.postponeRemoval(db, toCopy(history), 1)],
  },
  'sequence-removals': {
    pruneSequences: [(db) => sequenceRemovals.pruneSequences(db, 49 * DAY_MS, 20)],
    forgetSequences: [
      async (db) => {
        await sequence.insertSequence(db, { ...toFilm(), owner: 'leaving' });
        await sequenceRemovals.forgetSequences(db, 'leaving');
      },
    ],
  },
  sequences: {
    findSequenceByKey: [(db) => sequences.findSequenceByKey(db, OWNER, 'film-7')],
    findResume: [async (db) => sequences.findResume(db, (await insertFilm(db)).film.id, 'key')],
    countResumes: [async (db) => sequences.countResumes(db, (await insertFilm(db)).film.id, 1_000)],
    findShots: [async (db) => sequences.findShots(db, (await insertFilm(db)).film.id)],
    hasScheduledTry: [async (db) => sequences.hasScheduledTry(db, (await insertFilm(db)).film.id)],
    countRunning: [(db) => sequences.countRunning(db, OWNER, 101)],
    findSequences: [
      async (db) => sequences.findSequences(db, OWNER, [(await insertFilm(db)).film.id]),
    ],
    listSequences: FILM_STATES.flatMap((states): Run[] =>
      [null, createSequenceId()].map(
        (before) => (db) => sequences.listSequences(db, OWNER, states, { limit: PAGE, before }),
      ),
    ),
    findParts: [
      async (db, history) => {
        const { film } = await insertFilm(db);
        const found = await sequences.findSequences(db, OWNER, [film.id]);
        const startVideoId = history.toId(newest(history));
        const all = [...found.values()].map((one) => ({ ...one, startVideoId }));
        await sequences.findParts(db, OWNER, all);
      },
    ],
    countOpenSequences: [(db) => sequences.countOpenSequences(db)],
  },
  'owner-limits': {
    lockOwner: [(db) => ownerLimits.lockOwner(db, OWNER)],
    takeBackAttempt: [async (db) => ownerLimits.takeBackAttempt(db, await insertTaken(db))],
    recordAttempt: [(db) => ownerLimits.recordAttempt(db, { owner: OWNER, id: createVideoId() })],
    pruneAttempts: [
      (db) => ownerLimits.pruneAttempts(db, 60 * DAY_MS, 20),
      (db) => ownerLimits.pruneAttempts(db, 49 * DAY_MS, 20),
    ],
    findOverspending: [(db) => ownerLimits.findOverspending(db, OWNER, LIMITS, 1)],
  },
  submits: {
    readForSubmit: [
      (db, history) => submits.readForSubmit(db, toQuestion(SOURCE, `key-${newest(history)}`)),
      (db, history) =>
        submits.readForSubmit(db, toQuestion(history.toId(newest(history)), SPENT_KEY)),
      (db, history) => submits.readForSubmit(db, toQuestion(history.toId(newest(history)), null)),
      (db) => submits.readForSubmit(db, toQuestion(SOURCE, null)),
      (db) => submits.readForSubmit(db, toQuestion(null, null)),
    ],
    findAnswerer: [
      (db, history) => submits.findAnswerer(db, OWNER, `key-${newest(history)}`),
      (db) => submits.findAnswerer(db, OWNER, SPENT_KEY),
      (db) => submits.findAnswerer(db, OWNER, 'never-used'),
    ],
    findRow: [(db, history) => submits.findRow(db, history.toId(newest(history)))],
  },
  videos: {
    findVideos: [
      (db, history) =>
        videos.findVideos(
          db,
          OWNER,
          Array.from({ length: 50 }, (_, index) =>
            index % 2 === 0 ? history.toId(index) : history.toTaskId(newest(history) - index),
          ),
        ),
    ],
    findVideo: [(db) => videos.findVideo(db, OWNER, 'nobody')],
    listVideos: FILTERS.flatMap((filter): Run[] =>
      [null, ROWS / 2].map((number) => (db, history) => {
        const before = number === null ? null : history.toId(number);
        return videos.listVideos(db, OWNER, filter, { limit: PAGE, before });
      }),
    ),
    findLineages: [
      (db, history) => videos.findLineages(db, OWNER, [history.toTaskId(newest(history))], 100),
      (db, history) => {
        const numbers = Array.from({ length: PAGE }, (_, index) => newest(history) - index);
        return videos.findLineages(db, OWNER, numbers.map(history.toTaskId), 2);
      },
    ],
  },
  'transitions/confirm': {
    confirmSubmit: [insertOpen],
    adoptTask: [
      async (db) => confirm.adoptTask(db, await insertRow(db), createVideoId(), true, DAY_MS),
    ],
  },
  'transitions/delete': {
    deleteEndedVideo: [
      (db, history) => deletes.deleteEndedVideo(db, OWNER, history.toId(history.firstSucceeded)),
    ],
    forgetVideos: [(db) => deletes.forgetVideos(db, OWNER, 20)],
    forgetOwner: [
      async (db) => {
        await lanes.enterLane(db, { owner: 'leaving', kind: 'LATER' }, 'none');
        await deletes.forgetOwner(db, 'leaving');
      },
    ],
  },
  'transitions/end': {
    endVideo: [
      async (db) => {
        const { id, taskId } = await insertOpen(db);
        await end.endVideo(db, id, { outcome: FAILURE, taskId, reported: true });
        await end.endVideo(db, id, { outcome: FILES, taskId, reported: true });
      },
      async (db) => {
        const id = await insertRow(db, 'key-late');
        await refuse.rejectSubmit(db, id, '{}');
        await end.endVideo(db, id, { outcome: FILES, taskId: 'task-late', reported: true });
      },
    ],
  },
  'transitions/end-confirmed': {
    endConfirmedVideo: [FILES, FAILURE].map((outcome) => async (db) => {
      const task = { ...(await insertOpen(db)), tokenHash: 'token' };
      await endConfirmed.endConfirmedVideo(db, task, { outcome, reported: true });
    }),
  },
  'transitions/insert': {
    insertSubmit: [(db) => insertRow(db), (db) => insertRow(db, 'key-7')],
    markWaitingForTurn: [async (db) => insertWaiting(db)],
  },
  'transitions/insert-with-place': {
    createInsertWithPlace: [
      { limits: null, dailyCap: 0 },
      { limits: LIMITS, dailyCap: 1_000_000 },
    ].flatMap((spending) => {
      const insert = insertWithPlace.createInsertWithPlace(spending);
      return [null, OWNER].map((first) => (db) => insert(db, toSubmit(), ALLOWANCE, first));
    }),
  },
  'transitions/progress': {
    noteOpen: [async (db) => progress.noteOpen(db, (await insertOpen(db)).id, 'GENERATING')],
    countFilelessRead: [async (db) => progress.countFilelessRead(db, (await insertOpen(db)).id)],
  },
  'transitions/refuse': {
    refuseWaiting: [async (db) => refuse.refuseWaiting(db, await insertWaiting(db), '{}')],
    rejectSubmit: [async (db) => refuse.rejectSubmit(db, await insertRow(db), '{}')],
    releaseTaken: [async (db) => refuse.releaseTaken(db, await insertTaken(db), '{}')],
  },
  'transitions/schedule': {
    scheduleSubmit: [insertScheduled],
    insertScheduled: [
      async (db) => {
        await ownerLimits.lockOwner(db, OWNER);
        const submit = toSubmit(null, { notBefore: null, deadlineMs: HOUR_MS });
        await schedule.insertScheduled(db, insert.toNewRow(submit));
      },
    ],
    countScheduled: [(db) => schedule.countScheduled(db, OWNER, 100)],
    takeWaiting: [insertTaken],
  },
  'transitions/follow-up': {
    concludeEnd: [
      async (db) => {
        const { video } = await insertFilm(db);
        await followUp.concludeEnd(db, { ...video, state: 'SUCCEEDED', starts_sequences: 1 });
      },
    ],
    withdrawRow: [async (db) => followUp.withdrawRow(db, (await insertFilm(db)).video.id)],
    withdrawTries: [async (db) => followUp.withdrawTries(db, (await insertFilm(db)).film.id, null)],
  },
  'transitions/return-to-queue': {
    returnToQueue: [
      async (db) => back.returnToQueue(db, await insertTaken(db), 1_000, 9),
      async (db) => {
        const { video } = await insertFilm(db);
        const taken = await schedule.takeWaiting(db, { id: video.id, kind: 'LATER' }, TAKING);
        if (taken) await back.returnToQueue(db, { ...taken, token_hash: 'token' }, 1_000, 0);
      },
    ],
  },
  'transitions/sequence': {
    lockStart: [(db, history) => sequence.lockStart(db, OWNER, history.toId(newest(history)))],
    lockSequence: [async (db) => sequence.lockSequence(db, OWNER, (await insertFilm(db)).film.id)],
    markStart: [(db, history) => sequence.markStart(db, history.toId(newest(history)))],
    insertSequence: [(db) => sequence.insertSequence(db, toFilm())],
    replaceShots: [
      async (db) => {
        const { film, shot } = await insertFilm(db);
        await sequence.replaceShots(db, film.id, 1, [shot]);
      },
    ],
    setSequence: [
      async (db) => sequence.setSequence(db, (await insertFilm(db)).film.id, { state: 'PAUSED' }),
    ],
    setShot: [async (db) => sequence.setShot(db, (await insertFilm(db)).shot, { retried: 1 })],
    insertResume: [
      async (db) => sequence.insertResume(db, (await insertFilm(db)).film.id, 'key', 'fingerprint'),
    ],
  },
  'transitions/next-shot': {
    scheduleNext: [
      async (db) => {
        const { film, shot } = await insertFilm(db);
        const next = { ...shot, number: 2 };
        await sequence.replaceShots(db, film.id, 2, [next]);
        await nextShot.scheduleNext(db, film, next, SOURCE, film);
      },
    ],
  },
  'transitions/tries': { insertTry: [insertFilm] },
  'transitions/withdraw': {
    withdrawSome: [
      async (db) => {
        await insertScheduled(db);
        await withdraw.withdrawSome(db, OWNER, 5);
      },
    ],
    withdrawSubmit: [async (db) => withdraw.withdrawSubmit(db, OWNER, await insertScheduled(db))],
  },
  'transitions/unconfirmed': {
    markUnconfirmed: [async (db) => unconfirmed.markUnconfirmed(db, await insertRow(db), 1)],
    settleOverdue: [async (db) => unconfirmed.settleOverdue(db, await insertRow(db), 1)],
    recoverOrphans: [(db) => unconfirmed.recoverOrphans(db, 7_200_000)],
  },
};

/** SQLite has no statement that writes two tables. */
const POSTGRES_ONLY = new Set(['createInsertWithPlace', 'lockNewLogs']);

/** Exported functions of the same modules that run no statement, or only those of others. */
const OTHERS = new Set([
  'allowance.toAllowance',
  'lanes.areOthersWaiting',
  'log-origin.isLockTimeout',
  'log-origin.selectNewLog',
  'log-origin.toNewLog',
  'pauses.isPaused',
  'database.explainDatabase',
  'database.isShared',
  'database.openDatabase',
  'database.toPoolOptions',
  'prepare-store.prepareStore',
  'transitions/refuse.releaseUnsent',
  'transitions/insert.toNewRow',
  'transitions/insert.toRowValues',
  'transitions/insert-with-place.isRolledBack',
  'allowance.buildTakingForNewSubmit',
  'daily-submits.buildCounting',
  'daily-submits.isBelowCap',
  'owner-limits.isUnlimited',
  'owner-limits.isWithinLimits',
  'allowance.toTakingForNewSubmit',
  'transitions/follow-up.toFollowUp',
  'transitions/schedule.buildScheduled',
  'transitions/tries.toTry',
  'lanes.buildEntering',
]);

/** Modules of the store without a statement about videos. */
const OTHER_MODULES = new Set([
  ...[
    'file-check',
    'finished',
    'group-commit',
    'applied-migrations',
    'listener',
    'migrate',
    'migrate-postgres',
    'notifications-proof',
    'postgres',
    'postgres-settings',
    'postgres-trouble',
    'prepared-statements',
    'rows',
    'count',
    'file-leases',
    'pages',
  ],
  ...['rolled-back', 'schema', 'sequence-rows', 'sequence-tables', 'sqlite', 'video-loader', 'wal'],
  ...['transitions/unique-keys', 'transitions/end-columns', 'transitions/end-number'],
  'transitions/unique-key-retries',
  'transitions/table',
]);

it('has a call of every store function that runs a statement', async () => {
  const folder = new URL('../src/store/', import.meta.url).pathname;
  const found: string[] = [];
  for (const file of await readdir(folder, { recursive: true })) {
    const name = file.replace(/\.ts$/, '');
    if (name === file || name.startsWith('migrations/') || OTHER_MODULES.has(name)) continue;
    const module: Record<string, unknown> = await import(join(folder, file));
    for (const [key, value] of Object.entries(module)) {
      if (typeof value === 'function' && !OTHERS.has(`${name}.${key}`))
        found.push(`${name}.${key}`);
    }
  }
  const called = Object.entries(CALLS).flatMap(([module, calls]) =>
    Object.keys(calls).map((name) => `${module}.${name}`),
  );
  expect(called.sort()).toEqual(found.sort());
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longtake-history-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const ENGINES = [
  // A row costs SQLite some 50 instructions where it is read, and some 500 where it is written.
  {
    engine: 'SQLite',
    most: 25_000,
    scan: /SCAN (video|completion|owner|attempt|file_copy|sequence|shot|sequence_resume)\b/,
    create: async () => `sqlite:${join(folder, 'history.db')}`,
  },
  // A row is counted in each step of a plan that it passes.
  {
    engine: 'PostgreSQL',
    most: 2_500,
    scan: /"Seq Scan",[^{}]*"Relation Name": "(video|completion|attempt|file_copy|sequence|shot)"/,
    create: () => sharedPostgres().createDatabase(),
  },
];

describe.each(ENGINES)(
  `with ${ROWS} stored videos on $engine`,
  ({ engine, most, scan, create }) => {
    let history: History;
    let watched: WatchedDatabase;
    let url: string;
    beforeAll(async () => {
      url = await create();
      history = await makeHistory(url, ROWS);
      watched = watchDatabase(url);
      await allowance.createAllowance(watched.db, ALLOWANCE);
    });
    afterAll(() => watched.db.destroy());

    const calls = Object.entries(CALLS).flatMap(([module, functions]) =>
      Object.entries(functions).map(([name, runs]) => ({ module, name, runs })),
    );
    const isRun = ({ name }: { name: string }) => engine !== 'SQLite' || !POSTGRES_ONLY.has(name);
    it.each(calls.filter(isRun))(
      '$module: $name reads no more rows than it needs',
      async ({ runs }) => {
        for (const run of runs) {
          watched.statements.length = 0;
          await run(watched.db, history);
          expect(watched.statements.length).toBeGreaterThan(0);
          for (const { sql, plan, work } of watched.statements) {
            const facts = `${sql}\n${plan}\n${work}`;
            expect(scan.test(plan) ? facts : '').toBe('');
            expect(work > most ? facts : '').toBe('');
          }
        }
      },
    );

    it.runIf(engine === 'PostgreSQL')(
      'plans a prepared statement once per connection',
      async () => {
        const { db, close } = await openDatabase(url, { size: 1, statementTimeoutMs: 60_000 });
        await allowance.createAllowance(db, { ...ALLOWANCE, calls: 20_000 });
        // The other calls would make the allowance small again.
        const repeated = calls.filter(({ name }) => name !== 'createAllowance');
        // After five plans for given values PostgreSQL keeps one for all values, unless that one costs more.
        for (const run of repeated.flatMap(({ runs }) => runs)) {
          for (let time = 0; time < 7; time += 1) await run(db, history);
        }
        const { rows } = await sql<{ statement: string; generic: number; custom: number }>`
        select statement, generic_plans as generic, custom_plans as custom
        from pg_prepared_statements where generic_plans + custom_plans > 6`.execute(db);
        await close();
        expect(rows.length).toBeGreaterThan(15);
        expect(rows.filter(({ custom }) => custom > 5)).toEqual([]);
      },
    );
  },
);

/** Each finds one row, or as few as its statement is limited to, by its first column. */
const PRECISE: Readonly<Record<string, string>> = {
  video_pkey: 'id',
  video_task: 'task_id',
  video_key: 'owner',
  video_waiting: 'owner',
  video_state: 'owner',
  attempt_key: 'owner',
  completion_video: 'video_row',
};

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly PlanNode[];
}

function flatten(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}

it('keeps plans that use a precise index, even if PostgreSQL makes them on empty tables', async () => {
  const url = await sharedPostgres().createDatabase();
  const { db, close } = await openDatabase(url, { size: 1, statementTimeoutMs: 60_000 });
  await allowance.createAllowance(db, { ...ALLOWANCE, calls: 1_000 });
  // Before version 18 a disabled scan would let the server compile each statement.
  expect((await sql<{ jit: string }>`show jit`.execute(db)).rows).toEqual([{ jit: 'off' }]);
  await close();
  const client = new pg.Client(url);
  await client.connect();
  await client.query('set enable_seqscan = off');
  // Those of SQLite have no numbers.
  const kept = listPreparedStatements().filter((statement) => statement.includes('$1'));
  expect(kept.length).toBeGreaterThan(15);
  for (const statement of kept) {
    const { rows } = await client.query(`explain (generic_plan, format json) ${statement}`);
    const nodes: PlanNode[] = rows[0]['QUERY PLAN'].flatMap(({ Plan }: { Plan: PlanNode }) =>
      flatten(Plan),
    );
    const others = nodes.filter((node) => {
      const { 'Node Type': type, 'Relation Name': table, 'Index Name': index = '' } = node;
      const { [index]: first = 'none' } = PRECISE;
      // Without a condition on the index's first column all of its entries are read.
      const isPrecise = new RegExp(`\\b${first} = `).test(node['Index Cond'] ?? '');
      const isOfGrowing = /^(video|completion|attempt)/.test(table ?? index);
      const isScan = type === 'Seq Scan' || type.includes('Index');
      return type === 'Sort' || (isScan && isOfGrowing && !isPrecise);
    });
    expect([statement, others]).toEqual([statement, []]);
  }
  await client.end();
});
