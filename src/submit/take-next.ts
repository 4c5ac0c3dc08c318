/** Takes the next waiting submit together with a place of the allowance, in one transaction. */

import { type Allowance, type Place, takePlace } from '../store/allowance.ts';
import {
  advanceLane,
  type Entries,
  findNextWaiting,
  type Lane,
  listReadyLanes,
  openLane,
  pauseLane,
  restLane,
} from '../store/lanes.ts';
import { isRolledBack } from '../store/rolled-back.ts';
import type { Database } from '../store/schema.ts';
import { type Taken, takeWaiting } from '../store/transitions/schedule.ts';
import { countSubmit, type Spending } from './spending.ts';

/** Lanes considered at a time: other replicas may hold the first ones. */
const LANES = 8;
/** How long a lane pauses when its owner has reached OWNER_TASKS_IN_FLIGHT. */
const IN_FLIGHT_RETRY_MS = 5_000;
/** The longest pause of a lane because of a limit, which a restart may have raised. */
const MAX_LIMIT_PAUSE_MS = 60_000;

export type TakeResult =
  | { readonly found: 'submit'; readonly row: Taken; readonly place: Place }
  /**
   * `change`: a lane was paused or deleted, so the caller should try again. `busy`: other transactions
   * hold all lanes.
   */
  | { readonly found: 'change' | 'no place' | 'no submit' | 'busy' };

export interface TakeNextParts {
  readonly db: Database;
  readonly allowance: Allowance;
  readonly spending: Spending;
  /** How long the POST and its commits may take. */
  readonly runtimeMs: number;
}

/** Thrown to roll the transaction back. */
class NoPlace extends Error {}

/**
 * @param tokenHash of the submit's callback URL.
 * @param onUncertain called with the submit, before the error is thrown, when its row may have been
 * committed in spite of the error.
 */
export async function takeNext(
  parts: TakeNextParts,
  tokenHash: string,
  onUncertain: (row: Taken) => void,
): Promise<TakeResult> {
  const { db } = parts;
  let committing: Taken | undefined;
  const lanes = await listReadyLanes(db, LANES);
  if (lanes.length === 0) return { found: 'no submit' };
  const taking = db.transaction().execute(async (trx): Promise<TakeResult> => {
    for (const lane of lanes) {
      const entries = await openLane(trx, lane);
      if (entries === null) continue;
      const result = await takeFrom(parts, trx, lane, entries, tokenHash);
      if (result.found === 'submit') committing = result.row;
      return result;
    }
    return { found: 'busy' };
  });
  return taking.catch((error: unknown) => {
    if (error instanceof NoPlace) return { found: 'no place' };
    if (committing && !isRolledBack(error)) onUncertain(committing);
    throw error;
  });
}

async function takeFrom(
  { allowance, spending, runtimeMs }: TakeNextParts,
  trx: Database,
  lane: Lane,
  entries: Entries,
  tokenHash: string,
): Promise<TakeResult> {
  const next = await findNextWaiting(trx, lane, runtimeMs);
  if (!next) {
    await restLane(trx, lane, entries);
    return { found: 'change' };
  }
  // A submit whose caller waits was counted against the limits when it arrived.
  const exceeded = lane.kind === 'LATER' ? await countSubmit(trx, next, spending, 0) : null;
  if (exceeded) {
    const waitMs = exceeded.retryAfterMs ?? IN_FLIGHT_RETRY_MS;
    await pauseLane(trx, lane, Math.min(waitMs, MAX_LIMIT_PAUSE_MS));
    return { found: 'change' };
  }
  const place = await takePlace(trx, allowance);
  if (!place) throw new NoPlace();
  const row = await takeWaiting(trx, { id: next.id, kind: lane.kind }, { tokenHash, runtimeMs });
  if (!row) throw new NoPlace();
  // Submits whose callers wait need no order.
  await advanceLane(trx, lane, lane.kind === 'LATER' ? runtimeMs : 0);
  return { found: 'submit', row, place };
}
