/** Opens a submit: checks the spending limits, commits its row, and takes a place if one is free. */

import type { Config } from '../config.ts';
import { DAY_MS, MINUTE_MS } from '../durations.ts';
import { RateLimitedError } from '../errors.ts';
import { takeDailySubmit } from '../store/account.ts';
import type { Place } from '../store/allowance.ts';
import type { VideoRow } from '../store/rows.ts';
import type { Database } from '../store/schema.ts';
import { findOverspending, lockOwner, recordAttempt, type SpendLimits } from '../store/spending.ts';
import { insertSubmit, markWaitingForTurn, type NewSubmit } from '../store/transitions/insert.ts';
import type { Gate } from './gate.ts';

export type SpendConfig = Pick<
  Config,
  'OWNER_SUBMITS_PER_MINUTE' | 'OWNER_SUBMITS_PER_DAY' | 'OWNER_TASKS_IN_FLIGHT' | 'SUBMITS_PER_DAY'
>;

/** Spending limits: per owner, and for all owners per day (0: no limit). */
export interface Spending {
  readonly limits: SpendLimits | null;
  readonly dailyCap: number;
}

/** Converts the settings, in which 0 means no limit. Null when there is no limit at all. */
export function toSpendLimits(config: SpendConfig): SpendLimits | null {
  const windows = [
    { lengthMs: MINUTE_MS, submits: config.OWNER_SUBMITS_PER_MINUTE },
    { lengthMs: DAY_MS, submits: config.OWNER_SUBMITS_PER_DAY },
  ].filter(({ submits }) => submits > 0);
  const inFlight = config.OWNER_TASKS_IN_FLIGHT || null;
  return windows.length > 0 || inFlight !== null ? { windows, inFlight } : null;
}

export interface OpenedSubmit {
  readonly row: VideoRow;
  /** A place of the allowance, taken in the same commit; null when none was free. */
  readonly place: Place | null;
}

/**
 * Commits the row of a submit unless a limit is exceeded. Undefined when another row holds its key.
 *
 * @param onUncertain called before it throws when the commit may have happened nevertheless.
 * @throws RateLimitedError, and nothing is stored: the owner's limits, or a place that will not be free
 * in time; GatewayUnavailableError.
 */
export async function openSubmit(
  db: Database,
  submit: NewSubmit,
  { limits, dailyCap }: Spending,
  gate: Pick<Gate, 'takeFree'>,
  onUncertain: () => void,
): Promise<OpenedSubmit | undefined> {
  let isCommitting = false;
  const opening = db.transaction().execute(async (trx) => {
    // The insert may wait for another transaction that writes a row with this key, which in turn may
    // wait for the owner's row: so the owner is locked after the video, as at the end of a task.
    const row = await insertSubmit(trx, submit);
    if (!row) return undefined;
    if (limits) {
      await lockOwner(trx, submit.owner);
      await refuseOverspending(trx, submit, limits);
    }
    if (dailyCap > 0) await refuseOverCap(trx, dailyCap);
    const place = await gate.takeFree(trx, submit.owner);
    if (!place) await markWaitingForTurn(trx, row.id);
    isCommitting = true;
    return { row, place };
  });
  return opening.catch((error: unknown) => {
    if (isCommitting) onUncertain();
    throw error;
  });
}

async function refuseOverspending(
  trx: Database,
  submit: NewSubmit,
  limits: SpendLimits,
): Promise<void> {
  if (limits.windows.length > 0) await recordAttempt(trx, submit);
  const overspending = await findOverspending(trx, submit.owner, limits);
  if (!overspending) return;
  const { retryAfterMs } = overspending;
  throw new RateLimitedError({
    retryAfter: retryAfterMs === null ? null : Math.ceil(retryAfterMs / 1_000),
  });
}

/** @throws RateLimitedError when the day's submits of all owners are used up. */
async function refuseOverCap(trx: Database, cap: number): Promise<void> {
  const waitMs = await takeDailySubmit(trx, cap);
  if (waitMs !== null) throw new RateLimitedError({ retryAfter: Math.ceil(waitMs / 1_000) });
}
