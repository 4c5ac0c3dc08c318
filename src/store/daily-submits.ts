/** Counts the submits of a day (UTC), which `SUBMITS_PER_DAY` limits for all owners together. */

import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely';
import { DAY_MS } from '../durations.ts';
import type { Database, Tables } from './schema.ts';

/** Today in days since 1970-01-01 (UTC), by the database's clock. Cast, because SQLite divides as real numbers. */
const today = sql<number>`cast(now_ms() / ${sql.lit(DAY_MS)} as bigint)`;

/**
 * Counts a submit of today unless the cap is reached. Locks the day's row: other submits wait until the
 * transaction ends.
 *
 * @returns null when it is counted; otherwise the milliseconds until the next day.
 */
export async function takeDailySubmit(trx: Database, cap: number): Promise<number | null> {
  const counted = await buildCounting(trx, cap, sql.lit(true)).executeTakeFirst();
  if (counted) return null;
  const { wait } = await trx
    .selectNoFrom(sql<number>`(${today} + 1) * ${sql.lit(DAY_MS)} - now_ms()`.as('wait'))
    .executeTakeFirstOrThrow();
  return wait;
}

/** Takes back what `takeDailySubmit` has counted at a time, for a submit that will be sent again. */
export async function takeBackDailySubmit(trx: Database, countedAt: number): Promise<void> {
  await trx
    .updateTable('daily_submits')
    .set({ submits: sql<number>`submits - 1` })
    .where('day', '=', Math.floor(countedAt / DAY_MS))
    .where('submits', '>', 0)
    .execute();
}

/** The statement that counts a submit if the condition holds. Returns no row when nothing is counted. */
export function buildCounting(db: Database, cap: number, condition: Expression<SqlBool>) {
  return db
    .insertInto('daily_submits')
    .columns(['day', 'submits'])
    .expression(db.selectNoFrom([today.as('day'), sql.lit(1).as('submits')]).where(condition))
    .onConflict((conflict) =>
      conflict
        .column('day')
        .doUpdateSet({ submits: sql<number>`daily_submits.submits + 1` })
        .where('daily_submits.submits', '<', cap),
    )
    .returning('submits');
}

/** Whether the cap allows another submit today. */
export function isBelowCap(
  eb: Pick<ExpressionBuilder<Tables, never>, 'exists' | 'not' | 'selectFrom'>,
  cap: number,
) {
  const reached = eb
    .selectFrom('daily_submits')
    .select('day')
    .where('day', '=', today)
    .where('submits', '>=', sql.lit(cap));
  return eb.not(eb.exists(reached));
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
