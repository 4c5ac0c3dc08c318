/** Checks the spending limits of an owner. Those of all owners together are in `daily-submits.ts`. */

import { type ExpressionBuilder, sql } from 'kysely';
import { MINUTE_MS } from '../durations.ts';
import { toNewLog } from './log-origin.ts';
import { TASK_STATES } from './open-tasks.ts';
import { ONE } from './prepared-statements.ts';
import { now, type VideoRow } from './rows.ts';
import type { Database, Tables } from './schema.ts';

export interface SpendLimits {
  /** Submits per sliding window, whatever their outcome. */
  readonly windows: readonly { readonly lengthMs: number; readonly submits: number }[];
  /** Open tasks; null for no limit. */
  readonly inFlight: number | null;
}

/** Every limit that a submit is checked against before it is sent. */
export interface SubmitLimits {
  /** Those of its owner; null for none. */
  readonly limits: SpendLimits | null;
  /** Submits of all owners per day (UTC); 0: no limit. */
  readonly dailyCap: number;
}

/** Whether there is nothing to check or to count. */
export function isUnlimited({ limits, dailyCap }: SubmitLimits): boolean {
  return limits === null && dailyCap === 0;
}

export interface Overspending {
  /** Milliseconds until a submit is allowed again; null if a task of the owner must end first. */
  readonly retryAfterMs: number | null;
}

/**
 * Locks the owner's row until the transaction ends, so that two submits cannot both pass the same limit.
 */
export async function lockOwner(trx: Database, owner: string): Promise<void> {
  await trx
    .insertInto('owner')
    .values({ owner, ...toNewLog(0) })
    .onConflict((conflict) => conflict.column('owner').doUpdateSet({ owner }))
    .execute();
}

/** Counts a submit against the windows of its owner, even if its row is refused or pruned later. */
export async function recordAttempt(
  trx: Database,
  { owner, id }: { readonly owner: string; readonly id: string },
): Promise<void> {
  await trx.insertInto('attempt').values({ owner, at: now, video_row: id }).execute();
}

/** Takes back what `recordAttempt` has counted, for a submit that has started no task and will be sent again. */
export async function takeBackAttempt(
  trx: Database,
  { owner, id, unfinished_at: sentAt }: Pick<VideoRow, 'owner' | 'id' | 'unfinished_at'>,
): Promise<void> {
  await trx
    .deleteFrom('attempt')
    .where('owner', '=', owner)
    // By its time, because the index has the id last. It was counted right before the row was written.
    .where('at', '>=', sentAt - MINUTE_MS)
    .where('video_row', '=', id)
    .execute();
}

/**
 * The limit that the owner's next submit would exceed; null for none. Call it before `recordAttempt`.
 *
 * @param counted 1 if the row of the submit already counts as an open task, otherwise 0.
 */
export async function findOverspending(
  trx: Database,
  owner: string,
  limits: SpendLimits,
  counted: 0 | 1,
): Promise<Overspending | null> {
  const { windows, inFlight } = limits;
  const most = inFlight === null ? null : inFlight - 1 + counted;
  // One statement, because each costs a round trip on PostgreSQL.
  const found: Readonly<Record<string, number | null>> = await trx
    .selectNoFrom((eb) => [
      ...(most === null ? [] : [countOpen(eb, owner, most).as('open')]),
      ...windows.map((window, index) => selectWait(eb, owner, window).as(toWaitColumn(index))),
    ])
    .executeTakeFirstOrThrow();
  for (const [index, { lengthMs }] of windows.entries()) {
    const wait = found[toWaitColumn(index)] ?? null;
    if (wait !== null) return { retryAfterMs: Math.min(lengthMs, Math.max(0, wait)) };
  }
  return most !== null && Number(found.open) > most ? { retryAfterMs: null } : null;
}

function toWaitColumn(index: number): string {
  return `wait_${index}`;
}

type Builder = Pick<ExpressionBuilder<Tables, never>, 'selectFrom'>;

/** Whether the owner's next submit exceeds no limit, for a row that does not count as an open task yet. */
export function isWithinLimits(
  eb: ExpressionBuilder<Tables, keyof Tables>,
  owner: string,
  { windows, inFlight }: SpendLimits,
) {
  const waits = windows.map((window) => eb.not(eb.exists(selectWait(eb, owner, window))));
  return eb.and(
    inFlight === null ? waits : [...waits, eb(countOpen(eb, owner, inFlight - 1), '<', inFlight)],
  );
}

/** Literals, so that PostgreSQL keeps its plan. */
const OPEN_STATES = TASK_STATES.map((state) => sql.lit(state));

/** Counts the open tasks, up to one more than `most`. */
function countOpen(eb: Builder, owner: string, most: number) {
  const open = eb
    .selectFrom('video')
    .select('id')
    .where('owner', '=', owner)
    .where('state', 'in', OPEN_STATES)
    // PostgreSQL would use another index of the owner if it planned this while the table was empty.
    .orderBy('state')
    .limit(sql.lit(most + 1));
  return eb.selectFrom(open.as('counted')).select(({ fn }) => fn.countAll<number>().as('count'));
}

/** Milliseconds until the `submits`-th newest attempt leaves the window. No row if there are fewer. */
function selectWait(
  eb: Builder,
  owner: string,
  { lengthMs, submits }: SpendLimits['windows'][number],
) {
  const length = sql.lit(lengthMs);
  return (
    eb
      .selectFrom('attempt')
      .select(sql<number>`at + ${length} - now_ms()`.as('wait'))
      .where('owner', '=', owner)
      .where('at', '>', sql<number>`now_ms() - ${length}`)
      // Ignores attempts in the future, recorded before the clock was set back.
      .where('at', '<=', sql<number>`now_ms() + ${length}`)
      .orderBy('at', 'desc')
      .limit(ONE)
      .offset(sql.lit(submits - 1))
  );
}

/** Deletes about `limit` attempts that are older than every window. Returns how many. */
export async function pruneAttempts(
  db: Database,
  longestWindowMs: number,
  limit: number,
): Promise<number> {
  const result = await db
    .deleteFrom('attempt')
    .where('at', '<=', (eb) =>
      eb
        .selectFrom(
          eb
            .selectFrom('attempt')
            .select('at')
            .where('at', '<', sql<number>`now_ms() - ${longestWindowMs}`)
            .orderBy('at')
            .limit(limit)
            .as('oldest'),
        )
        .select(({ fn }) => fn.max('oldest.at').as('at')),
    )
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}
