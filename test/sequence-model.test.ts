/**
 * Promise 10 under random interleavings: creations, sends, refusals, callbacks in any order, late
 * successes, unknown outcomes, withdrawals, resumes, cancellations, restarts and pruning, on the real
 * store.
 */

import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createHub } from '../src/delivery/hub.ts';
import { createReader } from '../src/delivery/reader.ts';
import { type MakingParts, makeSequence, type SequenceStart } from '../src/sequences/create.ts';
import { openDatabase } from '../src/store/database.ts';
import { lockOwner } from '../src/store/owner-limits.ts';
import { insertSubmit } from '../src/store/transitions/insert.ts';
import { scheduleSubmit } from '../src/store/transitions/schedule.ts';
import { NO_METRICS } from '../src/telemetry/metrics.ts';
import { createVideoId } from '../src/video-id.ts';
import { Film, OWNER, type Report } from './model/film.ts';
import { sharedPostgres } from './support/postgres.ts';
import { chooseRounds } from './support/rounds.ts';

const LIMITS = { OWNER_QUEUED: 0, QUEUE_DEADLINE_MS: 60_000, SEQUENCE_MAX_SHOTS: 20 };
const STARTS = ['foreign', 'original', 'own'] as const;
/** With so many runs, every command must have done something. */
const ENOUGH_RUNS = 500;

interface Step {
  readonly name: string;
  /** Returns whether it changed anything. */
  run(film: Film): Promise<boolean>;
  toString(): string;
}

function step(name: string, run: Step['run']): Step {
  return { name, run, toString: () => name };
}

const choice = fc.nat(5);
const report = fc.constantFrom<Report[]>('success', 'success', 'final', 'passing');
const words = fc.constantFrom(null, 'new words', 'other words');

const onTry = (name: string, run: (film: Film, choice: number) => Promise<boolean>) =>
  choice.map((n) => step(name, (film) => run(film, n)));

const STEPS: fc.Arbitrary<Step>[] = [
  onTry('send', (film, n) => film.send(n)),
  onTry('send', (film, n) => film.send(n)),
  onTry('confirm', (film, n) => film.confirm(n)),
  onTry('adopt', (film, n) => film.adopt(n)),
  onTry('postpone', (film, n) => film.postpone(n)),
  onTry('refuse', (film, n) => film.refuse(n)),
  onTry('lose the answer', (film, n) => film.loseAnswer(n)),
  onTry('give up', (film, n) => film.giveUp(n)),
  onTry('withdraw', (film, n) => film.withdraw(n)),
  fc.tuple(choice, report).map(([n, how]) => step(`end: ${how}`, (film) => film.end(n, how))),
  fc
    .tuple(choice, report)
    .map(([n, how]) => step(`call back: ${how}`, (film) => film.callBack(n, how))),
  fc
    .tuple(words, fc.boolean())
    .map(([text, isRepeated]) => step('resume', (film) => film.resume(text, isRepeated))),
  fc.constant(step('restart', (film) => film.restart())),
];
/** Rarer, because they are the end of most things. */
const LAST: fc.Arbitrary<Step>[] = [
  fc.constant(step('cancel', (film) => film.cancel())),
  fc.constant(step('prune', (film) => film.prune())),
];
const NAMES = [
  ...['send', 'confirm', 'adopt', 'postpone', 'refuse', 'lose the answer', 'give up', 'withdraw'],
  ...['end: success', 'end: final', 'end: passing'],
  ...['call back: success', 'call back: final', 'call back: passing'],
  ...['resume', 'restart', 'cancel', 'prune'],
];

const postgres = sharedPostgres();

describe.each(['SQLite', 'PostgreSQL'])('sequences on %s', (engine) => {
  const numRuns = chooseRounds(
    engine === 'SQLite' ? { few: 40, all: 1_000 } : { few: 4, all: 100 },
  );

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
    const effective = new Map<string, number>();

    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.nat(2),
        fc.constantFrom(...STARTS),
        fc.array(
          fc.oneof(
            { weight: 100, arbitrary: fc.oneof(...STEPS) },
            { weight: 1, arbitrary: fc.oneof(...LAST) },
          ),
          { maxLength: 80, size: 'max' },
        ),
        async (shots, retries, kind, steps) => {
          const film = await makeFilm(parts, shots, retries, kind);
          for (const { name, run } of steps) {
            if (await run(film)) effective.set(name, (effective.get(name) ?? 0) + 1);
            await film.check();
          }
          await film.finish();
        },
      ),
      { numRuns },
    );
    const reached = [...effective.keys()].sort();
    if (numRuns >= ENOUGH_RUNS) expect(reached).toEqual(NAMES.toSorted());
    await close();
  });
});

let films = 0;

async function makeFilm(
  parts: MakingParts,
  shots: number,
  retries: number,
  kind: (typeof STARTS)[number],
): Promise<Film> {
  films += 1;
  const own = kind === 'own' ? await scheduleStart(parts) : null;
  const start: SequenceStart =
    own !== null
      ? { videoId: own }
      : kind === 'original'
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
  return new Film(parts, id, (shots + (kind === 'original' ? 1 : 0)) * (1 + retries), own);
}

/** A video that is still to be made, which the sequence waits for. */
async function scheduleStart({ db }: MakingParts): Promise<string> {
  const id = createVideoId();
  await db.transaction().execute(async (trx) => {
    await lockOwner(trx, OWNER);
    const row = await insertSubmit(trx, {
      id,
      owner: OWNER,
      idempotencyKey: null,
      fingerprint: '',
      tokenHash: 'token',
      kind: 'ORIGINAL',
      sourceTaskId: null,
      duration: 5,
      aspectRatio: 'SQUARE_1_1',
      prompt: 'Dance',
      quality: 'P720',
      waterMark: '',
      imageUrl: null,
      expandPrompt: null,
      runtimeMs: 60_000,
      queue: { notBefore: null, deadlineMs: 3_600_000 },
    });
    if (row) await scheduleSubmit(trx, row);
  });
  return id;
}
