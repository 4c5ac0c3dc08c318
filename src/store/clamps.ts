/**
 * Corrects times that are too far in the future because the clock was set back after they were written.
 * Without this, rows would not become due, places not free and pauses not end until the clock reaches them.
 */

import { type Expression, sql, type UpdateResult } from 'kysely';
import { MINUTE_MS } from '../durations.ts';
import { now } from './rows.ts';
import type { Database } from './schema.ts';

/** How far in the future each time can have been set, in milliseconds. */
export interface Bounds {
  /** The next check of a row with a task id. */
  readonly lookMs: number;
  /** The end of a submit. */
  readonly submitMs: number;
  /** When a row whose task was never confirmed is given up. */
  readonly unconfirmedMs: number;
  /** When any other row without a task id is given up. */
  readonly deadlineMs: number;
  /** When a scheduled submit is given up, `notBefore` included. */
  readonly queueMs: number;
  /** The end of a submit's POST, for which the owner's next submit waits; or the end of a pause of a lane. */
  readonly laneMs: number;
  /** When a place of the allowance is free. */
  readonly placeMs: number;
  readonly pauseMs: number;
}

/** Tolerance, because replicas may commit attempts in a different order than they record them. */
const ATTEMPT_MS = MINUTE_MS;

/** Returns how many rows were corrected. */
export async function clampTimes(db: Database, bounds: Bounds): Promise<number> {
  const results = [
    await clampLooks(db, bounds),
    await clampUnnamed(db, bounds),
    await db
      .updateTable('allowance')
      .set({ free_at: 0 })
      .where('free_at', '>', ahead(bounds.placeMs))
      .executeTakeFirst(),
    await clampLanes(db, bounds),
    await db
      .updateTable('attempt')
      .set({ at: now })
      .where('at', '>', ahead(ATTEMPT_MS))
      .executeTakeFirst(),
  ];
  const { numDeletedRows } = await db
    .deleteFrom('pause')
    .where('until', '>', ahead(bounds.pauseMs))
    .executeTakeFirst();
  const updated = results.reduce((sum, { numUpdatedRows }) => sum + numUpdatedRows, 0n);
  return Number(updated + numDeletedRows);
}

function ahead(ms: number): Expression<number> {
  return sql<number>`now_ms() + ${ms}`;
}

/** A check that is too early is harmless: the allowance spreads the reads. */
function clampLooks(db: Database, { lookMs }: Bounds): Promise<UpdateResult> {
  return db
    .updateTable('video')
    .set({ check_after: now, lease_until: 0 })
    .where('check_after', '>', ahead(lookMs))
    .where('task_id', 'is not', null)
    .executeTakeFirst();
}

/** A lane that waits for a `notBefore` keeps that time. */
function clampLanes(db: Database, { laneMs }: Bounds): Promise<UpdateResult> {
  return db
    .updateTable('lane')
    .set({ busy_until: 0, resume_at: now })
    .where(({ eb, and, or, not, exists, selectFrom }) =>
      or([
        eb('busy_until', '>', ahead(laneMs)),
        and([
          eb('resume_at', '>', ahead(laneMs)),
          not(
            exists(
              selectFrom('video')
                .select('id')
                .whereRef('video.owner', '=', 'lane.owner')
                .whereRef('video.waiting', '=', 'lane.kind')
                .whereRef('not_before', '>=', 'resume_at'),
            ),
          ),
        ]),
      ]),
    )
    .executeTakeFirst();
}

/** The next check gives such a row up, so it is set to the full time from now instead of to now. */
function clampUnnamed(
  db: Database,
  { submitMs, unconfirmedMs, deadlineMs, queueMs }: Bounds,
): Promise<UpdateResult> {
  const latest = sql<number>`now_ms() + case state
    when 'SUBMITTING' then cast(${submitMs} as bigint)
    when 'UNCONFIRMED' then cast(${unconfirmedMs} as bigint)
    when 'SCHEDULED' then cast(${queueMs} as bigint)
    else cast(${deadlineMs} as bigint) end`;
  return (
    db
      .updateTable('video')
      .set({
        check_after: latest,
        lease_until: 0,
        submit_until: sql<number>`case
        when state = 'SUBMITTING' then now_ms() + cast(${submitMs} as bigint)
        else submit_until end`,
      })
      .where('task_id', 'is', null)
      // The index covers rows in all states.
      .where('check_after', '>', ahead(Math.min(submitMs, unconfirmedMs, deadlineMs, queueMs)))
      .where('check_after', '>', latest)
      .executeTakeFirst()
  );
}
