/** How much an owner has begun, against what an owner may begin. */

import { sql } from 'kysely';
import type { Database } from './schema.ts';

export interface SpendLimits {
  /** Submits in any window of so many milliseconds; refused ones do not count. */
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

/** Which limit the owner's rows exceed as they stand in this transaction; null: none. */
export async function findOverspending(
  trx: Database,
  owner: string,
  limits: SpendLimits,
): Promise<Overspending | null> {
  for (const { lengthMs, submits } of limits.windows) {
    // The one too many, counted from the newest: when it leaves the window, there is a place again.
    const excess = await trx
      .selectFrom('video')
      .select(sql<number>`created_at + ${lengthMs} - now_ms()`.as('wait'))
      .where('owner', '=', owner)
      .where('state', '!=', 'REJECTED')
      .where('created_at', '>', sql<number>`now_ms() - ${lengthMs}`)
      .orderBy('id', 'desc')
      .limit(1)
      .offset(submits)
      .executeTakeFirst();
    if (excess) return { retryAfterMs: Math.max(0, excess.wait) };
  }

  if (limits.inFlight === null) return null;
  const { open } = await trx
    .selectFrom('video')
    .select((eb) => eb.fn.countAll<number>().as('open'))
    .where('owner', '=', owner)
    .where('check_after', 'is not', null)
    .executeTakeFirstOrThrow();
  return Number(open) > limits.inFlight ? { retryAfterMs: null } : null;
}
