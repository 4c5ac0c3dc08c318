/** Counts open tasks for /metrics. */

import { sql } from 'kysely';
import { now } from './rows.ts';
import type { Database, RowState } from './schema.ts';

/** The states of a row that has not ended. */
export const TASK_STATES = [
  'SUBMITTING',
  'UNCONFIRMED',
  'WAITING',
  'QUEUED',
  'GENERATING',
] as const satisfies readonly RowState[];
export type TaskState = (typeof TASK_STATES)[number];

/** At most this many rows with a task id are counted, and as many without. Above it the count is a lower bound. */
const LIMIT = 10_000;

export interface OpenTasks {
  readonly counts: Readonly<Partial<Record<TaskState, number>>>;
  /** Age of the oldest open task in seconds, by the database's clock; 0 when there is none. */
  readonly oldestSeconds: number;
}

/** Counts the rows with a scheduled check. Uses their two indexes, so that ended tasks cost nothing. */
export async function countOpenTasks(db: Database): Promise<OpenTasks> {
  const rows = await db
    .selectFrom(selectOpen(db, 'is not').unionAll(selectOpen(db, 'is')).as('open'))
    .select(({ fn }) => [
      'open.state',
      fn.countAll<number>().as('count'),
      sql<number>`${now} - min(open.created_at)`.as('age'),
    ])
    .where('open.state', 'in', TASK_STATES)
    .groupBy('open.state')
    .execute();
  return {
    counts: Object.fromEntries(rows.map(({ state, count }) => [state, count])),
    oldestSeconds: Math.max(0, ...rows.map(({ age }) => age)) / 1_000,
  };
}

function selectOpen(db: Database, isNull: 'is' | 'is not') {
  const open = db
    .selectFrom('video')
    .select(['state', 'created_at'])
    .where('check_after', 'is not', null)
    .where('task_id', isNull, null)
    .orderBy('check_after')
    .limit(LIMIT)
    .as('part');
  // SQLite takes no limit in a part of a union.
  return db.selectFrom(open).selectAll();
}
