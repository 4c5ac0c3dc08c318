/** Reads the queue of waiting submits, for estimates and metrics. */

import { sql } from 'kysely';
import type { Database, LaneKind } from './schema.ts';

export interface LaneLoad {
  readonly owner: string;
  readonly kind: LaneKind;
  readonly turn: number;
  /**
   * Milliseconds until the lane is served again, after a limit, a pause, or `notBefore`. 0 or less: it is
   * being served.
   */
  readonly restsMs: number;
  /** Submits that could be sent now. */
  readonly waiting: number;
}

/** All lanes in the order of their turns. Counts are limited; above the limit they are lower bounds. */
export async function readLanes(db: Database): Promise<LaneLoad[]> {
  const rows = await db
    .selectFrom('lane')
    .select([
      'owner',
      'kind',
      'turn',
      sql<number>`resume_at - now_ms()`.as('restsMs'),
      (eb) =>
        eb
          .selectFrom((of) =>
            of
              .selectFrom('video')
              .select('video.id')
              .whereRef('video.owner', '=', 'lane.owner')
              .whereRef('video.waiting', '=', 'lane.kind')
              .where(sql<boolean>`coalesce(not_before, 0) <= now_ms()`)
              .limit(LIMIT)
              .as('some'),
          )
          .select(sql<number>`count(*)`.as('waiting'))
          .as('waiting'),
    ])
    .orderBy('turn')
    .limit(LIMIT)
    .execute();
  return rows.map((row) => ({ ...row, waiting: Number(row.waiting ?? 0) }));
}

const LIMIT = 10_000;

/** The ids of an owner's scheduled submits in the order in which they are sent. */
export async function listScheduled(db: Database, owner: string): Promise<string[]> {
  const rows = await db
    .selectFrom('video')
    .select('id')
    .where('owner', '=', owner)
    .where('waiting', '=', 'LATER')
    .orderBy(sql`case when coalesce(not_before, 0) <= now_ms() then 0 else not_before end`)
    .orderBy('id')
    .limit(LIMIT)
    .execute();
  return rows.map(({ id }) => id);
}

export interface QueueState {
  readonly length: number;
  /** How many seconds the oldest submit that could be sent has waited; 0 when there is none. */
  readonly oldestSeconds: number;
}

/** The state of all scheduled submits together. Above a limit the length is a lower bound. */
export async function readQueueState(db: Database): Promise<QueueState> {
  const { length, age } = await db
    .selectFrom((eb) =>
      eb
        .selectFrom('video')
        .select(
          sql<number>`case
          when coalesce(not_before, 0) > created_at then not_before
          else created_at end`.as('since'),
        )
        // Always true; lets the statement use the index, whose first column is the owner.
        .where('owner', '>=', '')
        .where('waiting', '=', 'LATER')
        .limit(LIMIT)
        .as('scheduled'),
    )
    .select(({ fn }) => [
      fn.countAll<number>().as('length'),
      sql<number | null>`now_ms() - min(since)`.as('age'),
    ])
    .executeTakeFirstOrThrow();
  return { length: Number(length), oldestSeconds: Math.max(0, Number(age ?? 0)) / 1_000 };
}
