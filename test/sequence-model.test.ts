/**
 * Promise 10 under random interleavings: creations, sends, callbacks in any order, late successes,
 * unknown outcomes, withdrawals, resumes, cancellations, restarts and pruning, on the real store.
 */

import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createHub } from '../src/delivery/hub.ts';
import { createReader } from '../src/delivery/reader.ts';
import { cancelSequence } from '../src/sequences/cancel.ts';
import { type MakingParts, makeSequence, type SequenceStart } from '../src/sequences/create.ts';
import { resumeSequence } from '../src/sequences/resume.ts';
import { openDatabase } from '../src/store/database.ts';
import { pruneSequences } from '../src/store/sequence-removals.ts';
import { confirmSubmit } from '../src/store/transitions/confirm.ts';
import { endVideo } from '../src/store/transitions/end.ts';
import { returnToQueue } from '../src/store/transitions/return.ts';
import { takeWaiting } from '../src/store/transitions/schedule.ts';
import { markUnconfirmed, recoverOrphans } from '../src/store/transitions/unconfirmed.ts';
import { withdrawSubmit } from '../src/store/transitions/withdraw.ts';
import { NO_METRICS } from '../src/telemetry/metrics.ts';
import { isEnded, type VideoFailure, type VideoState } from '../src/video.ts';
import { sharedPostgres } from './support/postgres.ts';
import { chooseRounds } from './support/rounds.ts';

const OWNER = 'me';
const FILES = { videoId: null, videoUrl: 'https://files.example/v.mp4', coverUrl: null };
const toFailure = (reason: VideoFailure['reason']): VideoFailure => ({
  reason,
  message: 'it failed',
  upstreamCode: null,
});
const LIMITS = { OWNER_QUEUED: 0, QUEUE_DEADLINE_MS: 60_000, SEQUENCE_MAX_SHOTS: 20 };

/** One sequence, what it may have sent, and what was sent. */
class Film {
  readonly parts: MakingParts;
  readonly id: string;
  posts = 0;
  /** Shots, the original included, and the retries of all of them. */
  readonly allowed: number;
  resumes = 0;
  private keys = 0;

  constructor(parts: MakingParts, id: string, allowed: number) {
    this.parts = parts;
    this.id = id;
    this.allowed = allowed;
  }

  get db() {
    return this.parts.db;
  }

  tries() {
    return this.db
      .selectFrom('video')
      .selectAll()
      .where('sequence_id', '=', this.id)
      .orderBy('id')
      .execute();
  }

  /** One of the tries in such a state. */
  async pick(choice: number, states: readonly string[]) {
    const some = (await this.tries()).filter(({ state }) => states.includes(state));
    return some[choice % some.length];
  }

  async send(choice: number): Promise<void> {
    const row = await this.pick(choice, ['SCHEDULED']);
    if (!row) return;
    const taking = { tokenHash: 'token', runtimeMs: 60_000 };
    const taken = await takeWaiting(this.db, { id: row.id, kind: 'LATER' }, taking);
    if (taken) this.posts += 1;
  }

  async confirm(choice: number): Promise<void> {
    const row = await this.pick(choice, ['SUBMITTING', 'UNCONFIRMED', 'FAILED']);
    if (row) {
      await confirmSubmit(this.db, { id: row.id, taskId: `task-${row.id}`, firstCheckMs: 1 });
    }
  }

  async end(choice: number, outcome: 'success' | 'final' | 'passing' | 'never'): Promise<void> {
    const row = await this.pick(choice, [
      ...['SUBMITTING', 'UNCONFIRMED', 'WAITING', 'FAILED', 'WITHDRAWN', 'SUCCEEDED'],
    ]);
    // What was withdrawn has never left.
    if (!row || row.sent_at === null) return;
    const reasons = {
      final: 'PROMPT_MODERATED',
      passing: 'UPLOAD_FAILED',
      never: 'NEVER_CONFIRMED',
    } as const;
    const isReported = outcome !== 'never';
    await endVideo(this.db, row.id, {
      outcome: outcome === 'success' ? FILES : toFailure(reasons[outcome]),
      taskId: isReported ? `task-${row.id}` : null,
      reported: isReported,
    });
  }

  async refuse(choice: number): Promise<void> {
    const row = await this.pick(choice, ['SUBMITTING']);
    // The upstream has started nothing, so this POST does not count.
    if (row && (await returnToQueue(this.db, row, 1))) this.posts -= 1;
  }

  async resume(words: string | null, isRepeated: boolean): Promise<void> {
    if (!isRepeated) this.keys += 1;
    const before = await this.read();
    const from = Math.max(1, before?.current ?? 1);
    const left = (await this.shots()).length - from + 1;
    const shots = words
      ? Array.from({ length: Math.max(1, left) }, () => ({
          prompt: words,
          quality: null,
          waterMark: null,
        }))
      : null;
    await resumeSequence(this.parts, {
      owner: OWNER,
      id: this.id,
      idempotencyKey: `resume-${this.keys}`,
      fingerprint: words ?? '',
      shots,
    }).catch((error: Error) => expect(error.name).toMatch(/Conflict|InvalidInput|NotFound/));
    const { length } = await this.db.selectFrom('sequence_resume').selectAll().execute();
    this.resumes = length;
  }

  read() {
    return this.db.selectFrom('sequence').selectAll().where('id', '=', this.id).executeTakeFirst();
  }

  shots() {
    return this.db
      .selectFrom('shot')
      .selectAll()
      .where('sequence_id', '=', this.id)
      .where('number', '>', 0)
      .orderBy('number')
      .execute();
  }

  async check(): Promise<void> {
    expect(this.posts).toBeLessThanOrEqual(this.allowed + this.resumes);
    const sequence = await this.read();
    if (!sequence) return;
    const tries = await this.tries();
    const open = tries.filter(({ state }) => !isEnded(state as VideoState));
    const ofCurrent = open.filter(({ shot_number }) => shot_number === sequence.current);
    if (sequence.state === 'RUNNING') expect(ofCurrent).toHaveLength(1);
    if (sequence.state !== 'RUNNING') {
      expect(tries.filter(({ state }) => state === 'SCHEDULED')).toEqual([]);
    }
    const shots = await this.shots();
    const done = shots.filter(({ number }) =>
      sequence.state === 'COMPLETED' ? true : number < sequence.current,
    );
    let source = sequence.start_task_id;
    for (const { video_row: row } of done) {
      const video = tries.find(({ id }) => id === row);
      expect(video).toMatchObject({ state: 'SUCCEEDED', source_task_id: source });
      source = video?.task_id ?? null;
    }
  }

  /** Everything succeeds from now on: it must come to its end. */
  async finish(): Promise<void> {
    for (let step = 0; step < 200; step++) {
      const state = (await this.read())?.state;
      if (state !== 'RUNNING' && state !== 'PAUSED') return;
      if (state === 'PAUSED') await this.resume(null, false);
      await this.send(0);
      const open = await this.pick(0, ['SUBMITTING', 'UNCONFIRMED', 'WAITING']);
      if (open) {
        const end = { outcome: FILES, taskId: `task-${open.id}`, reported: true };
        await endVideo(this.db, open.id, end);
      }
      await this.check();
    }
    throw new Error('The sequence is stuck.');
  }
}

type Step = (film: Film) => Promise<unknown>;
const choice = fc.nat(5);

const steps = fc.oneof<fc.Arbitrary<Step>[]>(
  choice.map(
    (n): Step =>
      (film) =>
        film.send(n),
  ),
  choice.map(
    (n): Step =>
      (film) =>
        film.send(n),
  ),
  choice.map(
    (n): Step =>
      (film) =>
        film.confirm(n),
  ),
  fc.tuple(choice, fc.constantFrom('success', 'success', 'final', 'passing', 'never')).map(
    ([n, outcome]): Step =>
      (film) =>
        film.end(n, outcome as 'success'),
  ),
  fc.tuple(choice, fc.constantFrom('success', 'passing')).map(
    ([n, outcome]): Step =>
      (film) =>
        film.end(n, outcome as 'success'),
  ),
  choice.map(
    (n): Step =>
      (film) =>
        film.refuse(n),
  ),
  choice.map(
    (n): Step =>
      async (film) => {
        const row = await film.pick(n, ['SUBMITTING']);
        if (row) await markUnconfirmed(film.db, row.id, 60_000);
      },
  ),
  choice.map(
    (n): Step =>
      async (film) => {
        const row = await film.pick(n, ['SCHEDULED']);
        if (row) await withdrawSubmit(film.db, OWNER, row.id);
      },
  ),
  fc.tuple(fc.constantFrom(null, 'new words', 'other words'), fc.boolean()).map(
    ([words, isRepeated]): Step =>
      (film) =>
        film.resume(words, isRepeated),
  ),
  fc.constant<Step>((film) => recoverOrphans(film.db, 60_000)),
  fc.constant<Step>((film) => pruneSequences(film.db, 3_600_000, 10)),
);
/** Rarer, because it is the end of most things. */
const cancel: Step = async (film) => {
  if (await film.read()) await cancelSequence(film.parts, OWNER, film.id);
};

const postgres = sharedPostgres();

describe.each(['SQLite', 'PostgreSQL'])('sequences on %s', (engine) => {
  it('pay for each shot once, and are never stuck, whatever happens in which order', async () => {
    const url = engine === 'SQLite' ? 'sqlite::memory:' : await postgres.createDatabase();
    const { db, close } = await openDatabase(url);
    const parts: MakingParts = {
      db,
      reader: createReader(db),
      hub: createHub(),
      metrics: NO_METRICS,
      log: pino({ level: 'silent' }),
      config: LIMITS,
    };
    let films = 0;
    async function make(shots: number, retries: number, hasOriginal: boolean): Promise<Film> {
      films += 1;
      const start: SequenceStart = hasOriginal
        ? { original: { prompt: 'first', imageUrl: null, aspectRatio: 'SQUARE_1_1', duration: 5 } }
        : { taskId: 'foreign' };
      const request = {
        owner: OWNER,
        idempotencyKey: `film-${films}`,
        fingerprint: '',
        retries,
        quality: 'P720',
        waterMark: '',
        shots: Array.from({ length: shots }, (_, n) => ({
          prompt: `shot ${n}`,
          quality: 'P720' as const,
          waterMark: '',
        })),
      } as const;
      const { id } = await makeSequence(parts, request, start);
      return new Film(parts, id, (shots + (hasOriginal ? 1 : 0)) * (1 + retries));
    }

    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.nat(2),
        fc.boolean(),
        fc.array(
          fc.oneof({ weight: 60, arbitrary: steps }, { weight: 1, arbitrary: fc.constant(cancel) }),
          {
            maxLength: 60,
          },
        ),
        async (shots, retries, hasOriginal, sequence) => {
          await db.deleteFrom('sequence_resume').execute();
          const film = await make(shots, retries, hasOriginal);
          for (const step of sequence) {
            await step(film);
            await film.check();
          }
          await film.finish();
        },
      ),
      {
        numRuns: chooseRounds(
          engine === 'SQLite' ? { few: 60, all: 1_000 } : { few: 10, all: 100 },
        ),
      },
    );
    await close();
  });
});
