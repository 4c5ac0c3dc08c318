/** The upstream account that all owners share: its submits per day and its balance. */

import { sql } from 'kysely';
import { DAY_MS } from '../durations.ts';
import { writeMeta } from './meta.ts';
import { now } from './rows.ts';
import type { Database } from './schema.ts';

/** Today as a number of days since 1970-01-01 (UTC), by the database's clock. Cast because SQLite divides as a real number. */
const today = sql<number>`cast(now_ms() / ${sql.lit(DAY_MS)} as bigint)`;

/**
 * Counts a submit of today unless the cap is reached. Locks the day's row: other submits wait until the
 * transaction ends.
 *
 * @returns null when it is counted; otherwise the milliseconds until the next day.
 */
export async function takeDailySubmit(trx: Database, cap: number): Promise<number | null> {
  const counted = await trx
    .insertInto('daily_submits')
    .values({ day: today, submits: 1 })
    .onConflict((conflict) =>
      conflict
        .column('day')
        .doUpdateSet({ submits: sql<number>`daily_submits.submits + 1` })
        .where('daily_submits.submits', '<', cap),
    )
    .returning('submits')
    .executeTakeFirst();
  if (counted) return null;
  const { wait } = await trx
    .selectNoFrom(sql<number>`(${today} + 1) * ${sql.lit(DAY_MS)} - now_ms()`.as('wait'))
    .executeTakeFirstOrThrow();
  return wait;
}

/** The submits of today. They are counted only while a cap is set. */
export async function countSubmitsToday(db: Database): Promise<number> {
  const row = await db
    .selectFrom('daily_submits')
    .select('submits')
    .where('day', '=', today)
    .executeTakeFirst();
  return row?.submits ?? 0;
}

const READ_AT = 'credits_read_at';
const CREDITS = 'credits';

/** Returns true for one replica per period, which then reads the balance. */
export async function claimCreditsRead(db: Database, periodMs: number): Promise<boolean> {
  const claimed = await db
    .insertInto('meta')
    .values({ name: READ_AT, value: sql<string>`cast(${now} as text)` })
    .onConflict((conflict) =>
      conflict
        .column('name')
        .doUpdateSet({ value: sql<string>`cast(${now} as text)` })
        // A time in the future was written before the clock was set back.
        .where(
          sql<boolean>`cast(meta.value as bigint) not between now_ms() - ${periodMs} and now_ms()`,
        ),
    )
    .returning('name')
    .executeTakeFirst();
  return claimed !== undefined;
}

export async function storeCredits(db: Database, credits: number): Promise<void> {
  await writeMeta(db, CREDITS, String(credits));
}

/** The balance as last read; null before the first reading. */
export async function readCredits(db: Database): Promise<number | null> {
  const row = await db
    .selectFrom('meta')
    .select('value')
    .where('name', '=', CREDITS)
    .executeTakeFirst();
  return row ? Number(row.value) : null;
}
