/** Reports the submits of today against SUBMITS_PER_DAY, and the account's balance. */

import { DAY_MS } from '../durations.ts';
import { type Finding, ok, warning } from './finding.ts';

/** The migration that made the table. */
const MIGRATION = '0011-account';

/**
 * @param landed the names of the migrations that the database has had.
 * @param ask runs a statement that returns rows.
 */
export async function examineDailySubmits(
  cap: number,
  landed: readonly string[],
  ask: (statement: string) => Promise<readonly unknown[]>,
): Promise<Finding[]> {
  if (cap === 0) return [];
  const today = Math.floor(Date.now() / DAY_MS);
  const [row] = landed.includes(MIGRATION)
    ? await ask(`select submits from daily_submits where day = ${today}`)
    : [];
  const used = Number((row as { submits?: unknown } | undefined)?.submits ?? 0);
  const message = `${used} of ${cap} submits of today (UTC) are used`;
  return used < cap
    ? [ok('upstream', message)]
    : [warning('upstream', message, 'Raise SUBMITS_PER_DAY, or wait for midnight UTC.')];
}
