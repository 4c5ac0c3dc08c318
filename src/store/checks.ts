/** Upkeep's view of the rows: which are due, who looks at them, and what was seen. */

import { type SqlBool, sql } from 'kysely';
import { now, type VideoRow } from './rows.ts';
import type { Database } from './schema.ts';
import { isEmbedded } from './sqlite.ts';

/** Rows whose task can be read at the upstream, or those that can only be settled here. */
export type DueKind = 'readable' | 'unnamed';

export interface LeasedRow extends VideoRow {
  /** The database's time of the lease: it decides about deadlines, and not a replica's clock. */
  readonly leased_at: number;
}

/**
 * Takes up to `limit` rows whose time has come, each for this caller alone until the lease ends.
 * A process that dies leaves its rows to the next that asks after that.
 *
 * @param kind each has an index of its own: rows that wait for a read do not hold up the others.
 */
export async function leaseDueRows(
  db: Database,
  kind: DueKind,
  limit: number,
  leaseMs: number,
): Promise<LeasedRow[]> {
  return (
    db
      .updateTable('video')
      .set({ lease_until: sql<number>`now_ms() + ${leaseMs}` })
      .where('id', 'in', (eb) =>
        eb
          .selectFrom('video')
          .select('id')
          .where('check_after', '<=', now)
          .where('task_id', kind === 'readable' ? 'is not' : 'is', null)
          .where('lease_until', '<=', now)
          .orderBy('check_after')
          .limit(limit)
          .$if(!isEmbedded(db), (query) => query.forUpdate().skipLocked()),
      )
      // Again, because PostgreSQL may run the nested statement more than once.
      .where('check_after', '<=', now)
      .where('lease_until', '<=', now)
      .returningAll()
      .returning(now.as('leased_at'))
      .execute()
  );
}

/** Gives rows back as they were taken: they stay due. */
export async function releaseLeases(db: Database, ids: readonly string[]): Promise<void> {
  await db.updateTable('video').set({ lease_until: 0 }).where('id', 'in', ids).execute();
}

/** Ends a lease and sets the time of the next look. */
export async function scheduleCheck(db: Database, id: string, afterMs: number): Promise<void> {
  await db
    .updateTable('video')
    .set({
      check_after: sql<number>`now_ms() + ${afterMs}`,
      check_count: sql<number>`check_count + 1`,
      lease_until: 0,
    })
    .where('id', '=', id)
    .where('check_after', 'is not', null)
    .execute();
}

/** Milliseconds from one look to the next at a task that somebody follows through its states. */
const followedGap = sql<number>`case
  when now_ms() - created_at < 8000 then 2000
  when now_ms() - created_at > 60000 then 15000
  else (now_ms() - created_at) / 4 end`;
const WATCHED_GAP_MS = 15_000;

/**
 * Brings the next look at watched tasks forward. Those that are followed through their states are
 * seen to move: 2 s after the last look at first, then at a quarter of the task's age, up to 15 s.
 * For those whose end is waited for the callback is quicker, if it comes: 15 s.
 */
export async function hastenWatched(
  db: Database,
  ids: readonly string[],
  isFollowed: boolean,
): Promise<void> {
  if (ids.length === 0) return;
  const gap = isFollowed ? followedGap : sql<number>`${WATCHED_GAP_MS}`;
  await db
    .updateTable('video')
    .set({ check_after: now })
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('video')
        .select('id')
        .where('id', 'in', ids)
        .where('task_id', 'is not', null)
        .where('check_after', '>', now)
        .where(sql<SqlBool>`coalesce(checked_at, created_at) <= now_ms() - ${gap}`)
        // A row that somebody writes at this moment needs no read now, and is not worth a wait.
        .$if(!isEmbedded(db), (query) => query.forUpdate().skipLocked()),
    )
    .execute();
}

/** No more looks at a task. */
export async function endChecks(db: Database, id: string): Promise<void> {
  await db
    .updateTable('video')
    .set({ check_after: null, lease_until: 0 })
    .where('id', '=', id)
    .execute();
}
