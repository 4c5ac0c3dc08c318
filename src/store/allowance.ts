/**
 * The allowance: how many calls the upstream accepts per window, shared by all replicas. It consists of
 * one place (a row) per call. A call takes a place, and the row stores when the place is free again.
 */

import { type SqlBool, sql } from 'kysely';
import { MAX_PAUSE_MS } from '../durations.ts';
import { areOthersWaiting } from './lanes.ts';
import { isPaused, pauseCalls, takeTrial } from './pauses.ts';
import { ONE, type Param, prepare } from './prepared-statements.ts';
import { now } from './rows.ts';
import type { AllowanceName, Database } from './schema.ts';
import { isEmbedded } from './sqlite.ts';

export interface Allowance {
  readonly name: AllowanceName;
  /** Calls per window. */
  readonly calls: number;
  readonly windowMs: number;
}

/** Submits and reads have separate allowances of the same size, so that neither can exhaust the other. */
export function toAllowance(
  name: AllowanceName,
  config: { readonly UPSTREAM_REQUESTS: number; readonly UPSTREAM_WINDOW_MS: number },
): Allowance {
  return { name, calls: config.UPSTREAM_REQUESTS, windowMs: config.UPSTREAM_WINDOW_MS };
}

/** Creates missing places, and deletes those of an earlier, larger setting, which would be taken first. */
export async function createAllowance(db: Database, { name, calls }: Allowance): Promise<void> {
  const { count } = await db
    .selectFrom('allowance')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('name', '=', name)
    .where('place', '<', calls)
    .executeTakeFirstOrThrow();
  for (let from = 0; Number(count) < calls && from < calls; from += 1_000) {
    const length = Math.min(1_000, calls - from);
    await db
      .insertInto('allowance')
      .values(Array.from({ length }, (_, index) => ({ name, place: from + index, free_at: 0 })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  const { numDeletedRows } = await db
    .deleteFrom('allowance')
    .where('name', '=', name)
    .where('place', '>=', calls)
    .executeTakeFirstOrThrow();
  // So that PostgreSQL plans for as many rows as there are: it keeps the plans of prepared statements.
  const hasChanged = Number(count) < calls || numDeletedRows > 0n;
  if (hasChanged && !isEmbedded(db)) await sql`analyze allowance`.execute(db);
}

/** A place that was taken. `takenAt` is by `performance.now`. */
export interface Place {
  readonly number: number;
  readonly takenAt: number;
  /** Whether this is the trial call after a pause. */
  readonly isTrial: boolean;
}

/** Takes the place that has been free for the longest time; null when none is free, or during a pause. */
export async function takePlace(
  db: Database,
  { name, calls, windowMs }: Allowance,
): Promise<Place | null> {
  const takenAt = performance.now();
  const taking = { name, calls, lengthMs: toLength(windowMs) };
  const { rows } = await takeUnpaused(db, taking);
  if (rows[0]) return { number: rows[0].place, takenAt, isTrial: false };
  if (!(await takeTrial(db, name))) return null;
  const { rows: trials } = await takeAny(db, taking);
  return trials[0] ? { number: trials[0].place, takenAt, isTrial: true } : null;
}

/**
 * The same for a new submit: null also while other submits wait, one of which makes the trial call after a
 * pause.
 *
 * @param owner the owner whose own scheduled submits go first even while they may not be sent yet; null
 * for none.
 */
export async function takePlaceForNewSubmit(
  db: Database,
  allowance: Allowance,
  owner: string | null,
): Promise<Place | null> {
  const takenAt = performance.now();
  const { rows } = await takeForNewSubmit(db, toTakingForNewSubmit(allowance, owner));
  return rows[0] ? { number: rows[0].place, takenAt, isTrial: false } : null;
}

/** Gives a place back in the transaction that took it, because no call is made. */
export async function putPlaceBack(
  trx: Database,
  { name }: Allowance,
  { number }: Place,
): Promise<void> {
  await trx
    .updateTable('allowance')
    .set({ free_at: 0 })
    .where('name', '=', name)
    .where('place', '=', number)
    .execute();
}

interface Taking {
  readonly name: AllowanceName;
  readonly calls: number;
  readonly lengthMs: number;
}

export interface TakingForNewSubmit extends Taking {
  /** The owner whose scheduled submits go first; null for none. */
  readonly first: string | null;
}

/** The parameters of `buildTakingForNewSubmit`. */
export function toTakingForNewSubmit(
  { name, calls, windowMs }: Allowance,
  first: string | null,
): TakingForNewSubmit {
  return { name, calls, lengthMs: toLength(windowMs), first };
}

function buildTaking(db: Database, param: Param<Taking>) {
  return db
    .updateTable('allowance')
    .set({ free_at: sql<number>`now_ms() + ${param('lengthMs')}` })
    .where('name', '=', param('name'))
    .where('place', '=', (eb) =>
      eb
        .selectFrom('allowance')
        .select('place')
        .where('name', '=', param('name'))
        // `place + 0` keeps PostgreSQL from the index on `place`: it must read the first place by `free_at`.
        .where(sql<SqlBool>`place + 0 < ${param('calls')}`)
        .where('free_at', '<=', now)
        .orderBy('free_at')
        .limit(ONE)
        // Replicas that take a place at the same moment take different ones.
        .$if(!isEmbedded(db), (query) => query.forUpdate().skipLocked()),
    )
    .where('free_at', '<=', now)
    .returning('place');
}

const takeAny = prepare<Taking, { place: number }>(buildTaking);

const takeUnpaused = prepare<Taking, { place: number }>((db, param) =>
  buildTaking(db, param).where((eb) => eb.not(isPaused(param('name')))),
);

/** The statement that takes a place for a new submit. */
export function buildTakingForNewSubmit(db: Database, param: Param<TakingForNewSubmit>) {
  return buildTaking(db, param)
    .where((eb) => eb.not(isPaused(param('name'))))
    .where((eb) => eb.not(areOthersWaiting(param('first'))));
}

const takeForNewSubmit = prepare<TakingForNewSubmit, { place: number }>(buildTakingForNewSubmit);

/**
 * Restarts the window of a place when its call leaves; never shortens it. A call that left at once is covered
 * by the margin and costs no second write.
 */
export async function restartPlace(
  db: Database,
  { name, windowMs }: Allowance,
  { number, takenAt }: Place,
): Promise<void> {
  if (performance.now() - takenAt < toMarginMs(windowMs) / 2) return;
  await db
    .updateTable('allowance')
    .set({ free_at: toFreeAt(windowMs) })
    .where('name', '=', name)
    .where('place', '=', number)
    .where('free_at', '<', toFreeAt(windowMs))
    .execute();
}

function toFreeAt(windowMs: number) {
  return sql<number>`now_ms() + ${toLength(windowMs)}`;
}

/** Includes a margin, because the time from sending to arrival varies. */
function toLength(windowMs: number): number {
  return windowMs + toMarginMs(windowMs);
}

function toMarginMs(windowMs: number): number {
  return Math.min(100, Math.max(5, Math.round(windowMs / 100)));
}

/** Milliseconds until a place is free and no pause is in force; at least 0. */
export async function findNextPlace(db: Database, { name, calls }: Allowance): Promise<number> {
  const { place, pause } = await db
    .selectNoFrom((eb) => [
      eb
        .selectFrom('allowance')
        .select(sql<number>`free_at - now_ms()`.as('wait'))
        .where('name', '=', name)
        .where('place', '<', calls)
        .orderBy('free_at')
        .limit(1)
        .as('place'),
      eb
        .selectFrom('pause')
        .select(sql<number>`until - now_ms()`.as('wait'))
        .where('name', '=', name)
        .as('pause'),
    ])
    .executeTakeFirstOrThrow();
  return Math.max(0, place ?? 0, pause ?? 0);
}

/**
 * Pauses all calls of this kind after a refusal: for the seconds of its Retry-After, or else for one
 * window. After the longest pause that is possible, a single trial call goes first.
 *
 * @returns the milliseconds of the pause.
 */
export async function pauseAllowance(
  db: Database,
  { name, windowMs }: Allowance,
  seconds: number | null,
): Promise<number> {
  const pauseMs = seconds === null ? windowMs : Math.min(seconds * 1_000, MAX_PAUSE_MS);
  await pauseCalls(db, name, pauseMs, seconds !== null && pauseMs === MAX_PAUSE_MS);
  return pauseMs;
}
