/**
 * What the upstream allows per window, shared by all who use this database. Each place is a row; a
 * call takes one and the row tells when it is free again.
 */

import { sql } from 'kysely';
import { now } from './rows.ts';
import type { AllowanceName, Database } from './schema.ts';

export interface Allowance {
  readonly name: AllowanceName;
  /** Calls per window. */
  readonly calls: number;
  readonly windowMs: number;
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

/**
 * Takes up to `count` free places; answers with how many. Fewer than are free when other replicas
 * take some at the same time.
 */
export async function takeAllowance(
  db: Database,
  { name, calls, windowMs }: Allowance,
  count: number,
): Promise<number> {
  if (count <= 0) return 0;
  const taken = await db
    .updateTable('allowance')
    .set({ free_at: sql<number>`now_ms() + ${windowMs + toMargin(windowMs)}` })
    .where('name', '=', name)
    .where('place', 'in', (eb) =>
      eb
        .selectFrom('allowance')
        .select('place')
        .where('name', '=', name)
        .where('place', '<', calls)
        .where('free_at', '<=', now)
        .orderBy('free_at')
        .limit(count),
    )
    .where('free_at', '<=', now)
    .returning('place')
    .execute();
  return taken.length;
}

/** A call takes a while to arrive, and not always the same while. */
function toMargin(windowMs: number): number {
  return Math.min(250, Math.max(5, Math.round(windowMs / 50)));
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
