/** How much an owner has begun, against what an owner may begin. */

import { sql } from 'kysely';
import { TASK_STATES } from './open-tasks.ts';
import { now } from './rows.ts';
import type { Database } from './schema.ts';

export interface SpendLimits {
  /** Submits in any window of so many milliseconds, whatever became of them. */
  readonly windows: readonly { readonly lengthMs: number; readonly submits: number }[];
  /** Tasks that have not ended; null: as many as you like. */
  readonly inFlight: number | null;
}

export interface Overspending {
  /** When the next submit would be within the limit; null: when a task ends. */
  readonly retryAfterMs: number | null;
}

/**
 * Makes later transactions of the same owner wait for this one, so that two submits cannot both
 * take the last place.
 */
export async function lockOwner(trx: Database, owner: string): Promise<void> {
  await trx
    .insertInto('owner')
    .values({ owner, head: 0, pruned: 0 })
    .onConflict((conflict) => conflict.column('owner').doUpdateSet({ owner }))
    .execute();
}

/** Counts a submit against the windows of its owner, even if its row is refused or pruned later. */
export async function recordAttempt(
  trx: Database,
  { owner, id }: { readonly owner: string; readonly id: string },
): Promise<void> {
  await trx.insertInto('attempt').values({ owner, at: now, video_row: id }).execute();
}

/** Which limit the owner exceeds, this transaction included; null: none. */
export async function findOverspending(
  trx: Database,
  owner: string,
  limits: SpendLimits,
): Promise<Overspending | null> {
  for (const { lengthMs, submits } of limits.windows) {
    // The one too many, counted from the newest: when it leaves the window, there is a place again.
    const excess = await trx
      .selectFrom('attempt')
      .select(sql<number>`at + ${lengthMs} - now_ms()`.as('wait'))
      .where('owner', '=', owner)
      .where('at', '>', sql<number>`now_ms() - ${lengthMs}`)
      // The clock has been set back since it was made: it would count for as long again.
      .where('at', '<=', sql<number>`now_ms() + ${lengthMs}`)
      .orderBy('at', 'desc')
      .limit(1)
      .offset(submits)
      .executeTakeFirst();
    if (excess) return { retryAfterMs: Math.min(lengthMs, Math.max(0, excess.wait)) };
  }

  const { inFlight } = limits;
  if (inFlight === null) return null;
  const { open } = await trx
    .selectFrom((eb) =>
      eb
        .selectFrom('video')
        .select('id')
        .where('owner', '=', owner)
        .where('state', 'in', TASK_STATES)
        .limit(inFlight + 1)
        .as('task'),
    )
    .select((eb) => eb.fn.countAll<number>().as('open'))
    .executeTakeFirstOrThrow();
  return Number(open) > inFlight ? { retryAfterMs: null } : null;
}

/** Removes about `limit` attempts that no window holds any more. Returns how many. */
export async function pruneAttempts(
  db: Database,
  longestWindowMs: number,
  limit: number,
): Promise<number> {
  const result = await db
    .deleteFrom('attempt')
    .where('at', '<=', (eb) =>
      eb
        .selectFrom(
          eb
            .selectFrom('attempt')
            .select('at')
            .where('at', '<', sql<number>`now_ms() - ${longestWindowMs}`)
            .orderBy('at')
            .limit(limit)
            .as('oldest'),
        )
        .select(({ fn }) => fn.max('oldest.at').as('at')),
    )
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}
