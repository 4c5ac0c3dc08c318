/** Scheduled checks of rows: which are due, which replica has leased them, and when the next one is. */

import { type SqlBool, sql } from 'kysely';
import { now, startedAt, type VideoRow } from './rows.ts';
import type { Database } from './schema.ts';
import { isEmbedded } from './sqlite.ts';

/** Rows whose task can be read at the upstream, or rows without a task id, which are settled locally. */
export type DueKind = 'readable' | 'unnamed';

export interface LeasedRow extends VideoRow {
  /** The database's time of the lease. Deadlines are judged by it, because replicas' clocks differ. */
  readonly leased_at: number;
}

/**
 * Leases up to `limit` due rows to this caller. When a process dies, its rows are leased to another
 * one after the lease has expired.
 *
 * @param kind each kind has its own index, so that rows waiting for a read do not delay the others.
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
      // Checked again, because PostgreSQL may run the nested statement more than once.
      .where('check_after', '<=', now)
      .where('lease_until', '<=', now)
      .returningAll()
      .returning(now.as('leased_at'))
      .execute()
  );
}

/** Ends leases without a check: the rows stay due. */
export async function releaseLeases(db: Database, ids: readonly string[]): Promise<void> {
  await db.updateTable('video').set({ lease_until: 0 }).where('id', 'in', ids).execute();
}

/**
 * Ends a lease and schedules the next check, unless a callback has scheduled another one since the lease.
 *
 * @param row as it was leased.
 */
export async function scheduleCheck(
  db: Database,
  { id, check_after: leasedFor }: Pick<VideoRow, 'id' | 'check_after'>,
  afterMs: number,
): Promise<void> {
  await db
    .updateTable('video')
    .set({
      check_after: sql<number>`case
        when check_after = ${leasedFor} then now_ms() + ${afterMs} else check_after end`,
      check_count: sql<number>`check_count + 1`,
      lease_until: 0,
    })
    .where('id', '=', id)
    .where('check_after', 'is not', null)
    .execute();
}

/** Schedules the next check of a task at most this many milliseconds from now; an earlier one stays. */
export async function scheduleCheckWithin(
  db: Database,
  id: string,
  afterMs: number,
): Promise<void> {
  const latest = sql<number>`now_ms() + ${afterMs}`;
  await db
    .updateTable('video')
    .set({ check_after: latest })
    .where('id', '=', id)
    .where('check_after', '>', latest)
    .execute();
}

/** Milliseconds between two checks of a task whose states somebody subscribes to. */
const age = sql`(now_ms() - ${startedAt})`;
const followedGap = sql<number>`case
  when ${age} < 8000 then 2000
  when ${age} > 60000 then 15000
  else ${age} / 4 end`;
const WATCHED_GAP_MS = 15_000;

/**
 * Makes tasks due that have subscribers and were not checked for a while. With a subscriber to the states
 * that is a quarter of the task's age, at least 2 s and at most 15 s. With subscribers to the completion
 * alone it is 15 s, because the callback is usually faster.
 */
export async function scheduleWatchedNow(
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
        // A row that another transaction is writing at this moment needs no check and is skipped.
        .$if(!isEmbedded(db), (query) => query.forUpdate().skipLocked()),
    )
    .execute();
}

/** Ends the checks of a task. */
export async function endChecks(db: Database, id: string): Promise<void> {
  await db
    .updateTable('video')
    .set({ check_after: null, lease_until: 0 })
    .where('id', '=', id)
    .execute();
}
