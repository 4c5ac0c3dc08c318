/** Schedules submits, counts them, and takes them from the queue to be sent. */

import { type SqlBool, sql } from 'kysely';
import { countRows } from '../count.ts';
import { enterLane } from '../lanes.ts';
import { type Param, prepare } from '../prepared-statements.ts';
import { now, VIDEO_COLUMNS, type VideoRow } from '../rows.ts';
import type { Database, LaneKind } from '../schema.ts';
import { type NewRow, toRowValues } from './insert.ts';

/** What every submit gets that is scheduled. */
export const SCHEDULED = {
  state: 'SCHEDULED',
  waiting: 'LATER',
  post_begun: 0,
  check_after: sql<number>`queue_until`,
} as const;

/** Schedules a new submit instead of sending it, in the transaction of the insert. The owner's row is locked. */
export async function scheduleSubmit(
  trx: Database,
  { id, owner, not_before: notBefore }: VideoRow,
): Promise<VideoRow> {
  const row = await trx
    .updateTable('video')
    .set(SCHEDULED)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  await enterLane(trx, { owner, kind: 'LATER' }, id, notBefore);
  return row;
}

/** Inserts a submit that is scheduled from the start and has no idempotency key. The owner's row is locked. */
export async function insertScheduled(trx: Database, submit: NewRow): Promise<VideoRow> {
  const { rows } = await insertScheduledRow(trx, submit);
  const [row] = rows;
  if (!row) throw new Error('A scheduled submit was not inserted.');
  await enterLane(trx, { owner: row.owner, kind: 'LATER' }, row.id, row.not_before);
  return row;
}

/** The statement that inserts the row of `insertScheduled`. */
export function buildScheduled(db: Database, param: Param<NewRow>) {
  const values = toRowValues(param);
  return db
    .insertInto('video')
    .values({
      ...values,
      state: sql.lit('SCHEDULED'),
      waiting: sql.lit('LATER'),
      post_begun: sql.lit(0),
      check_after: values.queue_until,
    })
    .returning(VIDEO_COLUMNS);
}

const insertScheduledRow = prepare<NewRow, VideoRow>(buildScheduled);

/** Counts the owner's scheduled submits that are not being sent, up to `limit`. */
export async function countScheduled(db: Database, owner: string, limit: number): Promise<number> {
  return countRows(
    db,
    db
      .selectFrom('video')
      .select('id')
      .where('owner', '=', owner)
      .where('waiting', '=', 'LATER')
      .limit(limit),
  );
}

export interface Taken extends VideoRow {
  /** How long it has waited since it could first have been sent, by the database's clock. */
  readonly waited_ms: number;
}

/**
 * Takes a waiting submit from the queue, in the transaction that takes a place. From then on it counts as
 * sent and cannot be withdrawn. It gets a new token, because only hashes of tokens are stored.
 */
export async function takeWaiting(
  trx: Database,
  { id, kind }: { readonly id: string; readonly kind: LaneKind },
  { tokenHash, runtimeMs }: { readonly tokenHash: string; readonly runtimeMs: number },
): Promise<Taken | undefined> {
  const take = kind === 'LATER' ? takeScheduled : takeNow;
  const { rows } = await take(trx, { id, tokenHash, runtimeMs });
  return rows[0];
}

interface Taking {
  readonly id: string;
  readonly tokenHash: string;
  readonly runtimeMs: number;
}

function buildTaking(db: Database, param: Param<Taking>, kind: LaneKind) {
  const until = sql<number>`now_ms() + ${param('runtimeMs')}`;
  return (
    db
      .updateTable('video')
      .set({
        state: 'SUBMITTING',
        waiting: null,
        post_begun: 1,
        token_hash: param('tokenHash'),
        earlier_token_hashes: sql`case
        when queue_tries = 0 then null
        else substr(token_hash || ' ' || coalesce(earlier_token_hashes, ''), 1, ${sql.lit(MAX_HASHES)})
        end`,
        submit_until: until,
        check_after: until,
        lease_until: 0,
        unfinished_at: now,
        ...(kind === 'LATER' ? { sent_at: now } : {}),
      })
      .where('id', '=', param('id'))
      // No column by itself: PostgreSQL might read the whole queue by its index instead of this row.
      .where(sql<SqlBool>`coalesce(waiting, '') = ${sql.lit(kind)}`)
      .returning(VIDEO_COLUMNS)
      .returning(
        sql<number>`now_ms() - case
      when coalesce(not_before, 0) > created_at then not_before
      else created_at end`.as('waited_ms'),
      )
  );
}

/** The length of twenty hashes of 64 characters, each with a space. */
const MAX_HASHES = 20 * 65;

const takeScheduled = prepare<Taking, Taken>((db, param) => buildTaking(db, param, 'LATER'));
const takeNow = prepare<Taking, Taken>((db, param) => buildTaking(db, param, 'NOW'));
