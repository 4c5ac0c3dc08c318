/** Pauses of all calls after the upstream refused one (429). */

import { type Expression, type SqlBool, sql } from 'kysely';
import { prepare } from './prepared-statements.ts';
import { now } from './rows.ts';
import type { AllowanceName, Database } from './schema.ts';

/**
 * How long a pause continues if the trial call does not end. This happens only when the process of the
 * call dies.
 */
const TRIAL_MS = 60_000;

/**
 * Pauses all calls for this long, unless a longer pause is in force.
 *
 * @param mustTry whether a single trial call at the end decides if the pause is over.
 */
export async function pauseCalls(
  db: Database,
  name: AllowanceName,
  pauseMs: number,
  mustTry: boolean,
): Promise<void> {
  const isLonger = sql`excluded.until > pause.until`;
  await db
    .insertInto('pause')
    .values({ name, until: sql<number>`now_ms() + ${pauseMs}`, must_try: mustTry ? 1 : 0 })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet({
        until: sql<number>`case when ${isLonger} then excluded.until else pause.until end`,
        must_try: sql<number>`case when ${isLonger} then excluded.must_try else pause.must_try end`,
      }),
    )
    .execute();
}

/** A condition for statements that take a place: calls are paused, or wait for the trial call. */
export function isPaused(name: AllowanceName): Expression<SqlBool> {
  return sql<SqlBool>`exists (
    select 1 from pause where pause.name = ${name} and (must_try = 1 or until > now_ms())
  )`;
}

/** Returns true for exactly one caller when the pause is over. That caller makes the trial call. */
export async function takeTrial(db: Database, name: AllowanceName): Promise<boolean> {
  const { rows } = await startTrial(db, { name });
  return rows.length > 0;
}

const startTrial = prepare<{ name: AllowanceName }, { name: AllowanceName }>((db, param) =>
  db
    .updateTable('pause')
    .set({ until: sql<number>`now_ms() + ${sql.lit(TRIAL_MS)}` })
    .where('name', '=', param('name'))
    .where('must_try', '=', 1)
    .where('until', '<=', now)
    .returning('name'),
);

/** Ends the pause for all replicas, because the trial call was not refused. */
export async function endPause(db: Database, name: AllowanceName): Promise<void> {
  await db.deleteFrom('pause').where('name', '=', name).execute();
}

export interface Pause {
  readonly name: AllowanceName;
  /** 0 or less when it is over. */
  readonly remainingMs: number;
  readonly mustTry: boolean;
}

/** Reads all pauses, expired ones included. */
export async function readPauses(db: Database): Promise<Pause[]> {
  const rows = await db
    .selectFrom('pause')
    .select(['name', 'must_try', sql<number>`until - now_ms()`.as('remainingMs')])
    .execute();
  return rows.map(({ must_try, ...pause }) => ({ ...pause, mustTry: must_try === 1 }));
}
