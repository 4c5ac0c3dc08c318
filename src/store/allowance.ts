/**
 * What the upstream allows per window, shared by all who use this database. Each place is a row; a
 * call takes one and the row tells when it is free again.
 */

import { sql } from 'kysely';
import { prepare } from './prepared.ts';
import { now } from './rows.ts';
import type { AllowanceName, Database } from './schema.ts';

export interface Allowance {
  readonly name: AllowanceName;
  /** Calls per window. */
  readonly calls: number;
  readonly windowMs: number;
}

/** Submits and reads have budgets of the same size, so that trouble with one leaves the other alone. */
export function toAllowance(
  name: AllowanceName,
  config: { readonly UPSTREAM_REQUESTS: number; readonly UPSTREAM_WINDOW_MS: number },
): Allowance {
  return { name, calls: config.UPSTREAM_REQUESTS, windowMs: config.UPSTREAM_WINDOW_MS };
}

/** How long to pause for so many seconds of `Retry-After`; for a window where it was not said. */
export function toPauseMs({ windowMs }: Allowance, seconds: number | null): number {
  return seconds === null ? windowMs : seconds * 1_000;
}

/** Makes the places that are not there yet. More than `calls` may be there from an earlier setting. */
export async function createAllowance(db: Database, { name, calls }: Allowance): Promise<void> {
  for (let from = 0; from < calls; from += 1_000) {
    const length = Math.min(1_000, calls - from);
    await db
      .insertInto('allowance')
      .values(Array.from({ length }, (_, index) => ({ name, place: from + index, free_at: 0 })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** A place that has been taken, and when, by this process's own clock (`performance.now`). */
export interface Place {
  readonly number: number;
  readonly takenAt: number;
}

/**
 * Takes a free place; null when there is none, or when another replica took the same one in the
 * same moment. Any of the free ones, so that this is rare.
 */
export async function takePlace(
  db: Database,
  { name, calls, windowMs }: Allowance,
): Promise<Place | null> {
  const takenAt = performance.now();
  const { rows } = await takeAny(db, { name, calls, lengthMs: toLength(windowMs) });
  return rows[0] ? { number: rows[0].place, takenAt } : null;
}

interface Taking {
  readonly name: AllowanceName;
  readonly calls: number;
  readonly lengthMs: number;
}

const takeAny = prepare<Taking, { place: number }>((db, param) =>
  db
    .updateTable('allowance')
    .set({ free_at: sql<number>`now_ms() + ${param('lengthMs')}` })
    .where('name', '=', param('name'))
    .where('place', '=', (eb) =>
      eb
        .selectFrom('allowance')
        .select('place')
        .where('name', '=', param('name'))
        .where('place', '<', param('calls'))
        .where('free_at', '<=', now)
        .orderBy(sql`random()`)
        .limit(1),
    )
    .where('free_at', '<=', now)
    .returning('place'),
);

/**
 * Counts the window of a place from now on: its call has only just left. Never shortens a pause. A
 * call that left at once is covered by the margin, and costs no second write.
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

/** With a margin: a call takes a while to arrive, and not always the same while. */
function toLength(windowMs: number): number {
  return windowMs + toMarginMs(windowMs);
}

function toMarginMs(windowMs: number): number {
  return Math.min(100, Math.max(5, Math.round(windowMs / 100)));
}

/** In how many milliseconds the next place is free; at least 0. */
export async function findNextPlace(db: Database, { name, calls }: Allowance): Promise<number> {
  const { wait } = await db
    .selectFrom('allowance')
    .select(sql<number | null>`min(free_at) - now_ms()`.as('wait'))
    .where('name', '=', name)
    .where('place', '<', calls)
    .executeTakeFirstOrThrow();
  return Math.max(0, wait ?? 0);
}

/** Lets nobody take a place for so long: the upstream has said that it is enough. */
export async function pauseAllowance(
  db: Database,
  name: AllowanceName,
  pauseMs: number,
): Promise<void> {
  await db
    .updateTable('allowance')
    .set({ free_at: sql<number>`now_ms() + ${pauseMs}` })
    .where('name', '=', name)
    .where('free_at', '<', sql<number>`now_ms() + ${pauseMs}`)
    .execute();
}
