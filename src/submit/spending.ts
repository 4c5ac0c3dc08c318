/** Spending limits: those of each owner, and one per day for all owners together. */

import type { Config } from '../config.ts';
import { DAY_MS, MINUTE_MS } from '../durations.ts';
import { takeDailySubmit } from '../store/daily-submits.ts';
import {
  findOverspending,
  isUnlimited,
  lockOwner,
  recordAttempt,
  type SpendLimits,
  type SubmitLimits,
} from '../store/owner-limits.ts';
import type { Database } from '../store/schema.ts';

export type SpendConfig = Pick<
  Config,
  | 'OWNER_SUBMITS_PER_MINUTE'
  | 'OWNER_SUBMITS_PER_DAY'
  | 'OWNER_TASKS_IN_FLIGHT'
  | 'OWNER_QUEUED'
  | 'SUBMITS_PER_DAY'
>;

export interface Spending extends SubmitLimits {
  /** Scheduled submits per owner; 0: no limit. */
  readonly maxQueued: number;
}

/** Converts the settings, in which 0 means no limit. */
export function toSpending(config: SpendConfig): Spending {
  const windows = [
    { lengthMs: MINUTE_MS, submits: config.OWNER_SUBMITS_PER_MINUTE },
    { lengthMs: DAY_MS, submits: config.OWNER_SUBMITS_PER_DAY },
  ].filter(({ submits }) => submits > 0);
  return {
    limits: toLimits({ windows, inFlight: config.OWNER_TASKS_IN_FLIGHT || null }),
    dailyCap: config.SUBMITS_PER_DAY,
    maxQueued: config.OWNER_QUEUED,
  };
}

/** Null for no limits, so that the database is not queried. */
function toLimits(limits: SpendLimits): SpendLimits | null {
  return limits.windows.length > 0 || limits.inFlight !== null ? limits : null;
}

/** A limit that the next submit would exceed. */
export interface Exceeded {
  /** Milliseconds until a submit is allowed again; null: when a task of the owner ends. */
  readonly retryAfterMs: number | null;
}

/**
 * Counts a submit against all limits, unless it exceeds one. Locks the owner's row.
 *
 * @param counted 1 if its row already counts as an open task, otherwise 0.
 * @returns the exceeded limit, and then nothing is counted; null when the submit may be sent.
 */
export async function countSubmit(
  trx: Database,
  submit: { readonly id: string; readonly owner: string },
  spending: Spending,
  counted: 0 | 1,
): Promise<Exceeded | null> {
  const { limits, dailyCap } = spending;
  // Always before the day's row, so that no two transactions wait for each other.
  if (!isUnlimited(spending)) await lockOwner(trx, submit.owner);
  const overspending = limits && (await findOverspending(trx, submit.owner, limits, counted));
  if (overspending) return overspending;
  const waitMs = dailyCap > 0 ? await takeDailySubmit(trx, dailyCap) : null;
  if (waitMs !== null) return { retryAfterMs: waitMs };
  if (limits && limits.windows.length > 0) await recordAttempt(trx, submit);
  return null;
}
