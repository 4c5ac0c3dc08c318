/** The submits that one owner may begin. */

import type { Config } from '../config.ts';
import { RateLimitedError } from '../errors.ts';
import type { VideoRow } from '../store/rows.ts';
import type { Database } from '../store/schema.ts';
import { findOverspending, lockOwner, type SpendLimits } from '../store/spending.ts';
import { insertSubmit, type NewSubmit } from '../store/submits.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

export type SpendConfig = Pick<
  Config,
  'OWNER_SUBMITS_PER_MINUTE' | 'OWNER_SUBMITS_PER_DAY' | 'OWNER_TASKS_IN_FLIGHT'
>;

/** In the settings 0 stands for no limit; null where there is none at all. */
export function toSpendLimits(config: SpendConfig): SpendLimits | null {
  const windows = [
    { lengthMs: MINUTE_MS, submits: config.OWNER_SUBMITS_PER_MINUTE },
    { lengthMs: DAY_MS, submits: config.OWNER_SUBMITS_PER_DAY },
  ].filter(({ submits }) => submits > 0);
  const inFlight = config.OWNER_TASKS_IN_FLIGHT || null;
  return windows.length > 0 || inFlight !== null ? { windows, inFlight } : null;
}

/**
 * Commits the row of a submit unless it is one too many; undefined when another row holds its key,
 * which costs nothing.
 *
 * @throws RateLimitedError, and nothing is stored.
 */
export async function insertWithinLimits(
  db: Database,
  submit: NewSubmit,
  limits: SpendLimits | null,
): Promise<VideoRow | undefined> {
  if (limits === null) return insertSubmit(db, submit);
  return db.transaction().execute(async (trx) => {
    await lockOwner(trx, submit.owner);
    const row = await insertSubmit(trx, submit);
    const overspending = row && (await findOverspending(trx, submit.owner, limits));
    if (!overspending) return row;
    const { retryAfterMs } = overspending;
    throw new RateLimitedError({
      upstreamCode: null,
      upstreamMessage: null,
      retryAfter: retryAfterMs === null ? null : Math.ceil(retryAfterMs / 1_000),
    });
  });
}
