/** Opens a submit: checks the limits, commits its row, and takes a place or makes the submit wait. */

import { RateLimitedError } from '../errors.ts';
import type { Place } from '../store/allowance.ts';
import { isUnlimited, lockOwner } from '../store/owner-limits.ts';
import { isRolledBack } from '../store/rolled-back.ts';
import type { VideoRow } from '../store/rows.ts';
import type { Database } from '../store/schema.ts';
import { isEmbedded } from '../store/sqlite.ts';
import { insertSubmit, markWaitingForTurn, type NewSubmit } from '../store/transitions/insert.ts';
import type { Inserted } from '../store/transitions/insert-with-place.ts';
import { countScheduled, scheduleSubmit } from '../store/transitions/schedule.ts';
import type { Gate } from './gate.ts';
import { countSubmit, type Spending } from './spending.ts';

export interface OpenedSubmit {
  /** SCHEDULED, or SUBMITTING. */
  readonly row: VideoRow;
  /** A place of the allowance, taken in the same commit; null when the submit waits for one. */
  readonly place: Place | null;
}

/** How many submits of each owner this process is opening at the moment. */
export type Openings = Map<string, number>;

export interface OpeningParts {
  readonly db: Database;
  readonly openings: Openings;
  readonly spending: Spending;
  readonly gate: Pick<Gate, 'insertWithPlace' | 'takeFree' | 'putBack' | 'checkWait'>;
}

/**
 * Commits the row of a submit unless a limit is exceeded. Undefined when another row holds its key.
 *
 * @param mustWait whether a submit that may be scheduled is scheduled even if a place is free.
 * @param onUncertain called before an error is thrown when the row may have been committed in spite of it:
 * with the row if it waits, or with null if it has a place.
 * @throws RateLimitedError when the owner has reached a limit or no place will be free in time, and then
 * nothing is stored; GatewayUnavailableError.
 */
export async function openSubmit(
  parts: OpeningParts,
  submit: NewSubmit,
  mustWait: boolean,
  onUncertain: (waiting: VideoRow | null) => void,
): Promise<OpenedSubmit | undefined> {
  const { openings } = parts;
  const { owner } = submit;
  const others = openings.get(owner) ?? 0;
  openings.set(owner, others + 1);
  try {
    return await open(parts, submit, { mustWait, isAlone: others === 0 }, onUncertain);
  } finally {
    const left = (openings.get(owner) ?? 1) - 1;
    if (left === 0) openings.delete(owner);
    else openings.set(owner, left);
  }
}

async function open(
  parts: OpeningParts,
  submit: NewSubmit,
  { mustWait, isAlone }: { readonly mustWait: boolean; readonly isAlone: boolean },
  onUncertain: (waiting: VideoRow | null) => void,
): Promise<OpenedSubmit | undefined> {
  const { db, spending, gate } = parts;
  // A single statement undoes itself if another submit of the owner is counted meanwhile.
  if (!mustWait && !isEmbedded(db) && (isAlone || isUnlimited(spending))) {
    const inserted = await insertAtOnce(db, submit, gate, onUncertain);
    if (inserted !== 'not at once') return inserted === 'key held' ? undefined : inserted;
  }

  let committing: OpenedSubmit | undefined;
  const opening = db.transaction().execute(async (trx) => {
    // The insert may wait for another transaction with this key, which may in turn wait for the owner's
    // row. So the owner is locked after the video, as at the end of a task.
    const row = await insertSubmit(trx, submit);
    if (!row) return undefined;
    const send = submit.queue ? sendOrSchedule : sendOrWait;
    committing = await send(parts, trx, row, mustWait);
    return committing;
  });
  return opening.catch((error: unknown) => {
    if (committing && !isRolledBack(error)) onUncertain(committing.place ? null : committing.row);
    throw error;
  });
}

/** Commits the row with one statement, which only PostgreSQL supports. */
async function insertAtOnce(
  db: Database,
  submit: NewSubmit,
  gate: Pick<Gate, 'insertWithPlace'>,
  onUncertain: (waiting: null) => void,
): Promise<Inserted> {
  let isSending = false;
  const inserting = db.connection().execute((connection) => {
    isSending = true;
    return gate.insertWithPlace(connection, submit, Boolean(submit.queue));
  });
  return inserting.catch((error: unknown) => {
    if (isSending && !isRolledBack(error)) onUncertain(null);
    throw error;
  });
}

async function sendOrWait(
  { spending, gate }: OpeningParts,
  trx: Database,
  row: VideoRow,
): Promise<OpenedSubmit> {
  const exceeded = await countSubmit(trx, row, spending, 1);
  if (exceeded) {
    const { retryAfterMs } = exceeded;
    throw new RateLimitedError({
      retryAfter: retryAfterMs === null ? null : Math.ceil(retryAfterMs / 1_000),
    });
  }
  const place = await gate.takeFree(trx, row.owner, false);
  if (!place) {
    const refusal = await gate.checkWait(trx, row.owner);
    if (refusal) throw refusal;
    await markWaitingForTurn(trx, row);
    return { row: { ...row, waiting: 'NOW' }, place };
  }
  return { row, place };
}

async function sendOrSchedule(
  { spending, gate }: OpeningParts,
  trx: Database,
  row: VideoRow,
  mustWait: boolean,
): Promise<OpenedSubmit> {
  await lockOwner(trx, row.owner);
  const place = mustWait ? null : await gate.takeFree(trx, row.owner, true);
  if (place) {
    // Only a submit that is sent counts against the limits.
    if (!(await countSubmit(trx, row, spending, 1))) return { row, place };
    await gate.putBack(trx, place);
  }
  const { maxQueued } = spending;
  if (maxQueued > 0 && (await countScheduled(trx, row.owner, maxQueued)) >= maxQueued) {
    throw new RateLimitedError({ retryAfter: null });
  }
  return { row: await scheduleSubmit(trx, row), place: null };
}
