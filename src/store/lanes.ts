/**
 * Lanes decide whose waiting submit is sent next. Each owner has up to two: one for submits whose callers
 * wait, and one for scheduled submits. Lanes are served in turn, so an owner with many submits does not
 * delay the others.
 *
 * A transaction locks the lane's row last. It takes an owner's scheduled submits under the lock on the
 * owner's row, so that their order and the owner's limits hold.
 */

import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely';
import { ONE, type Param, prepare } from './prepared-statements.ts';
import { now, VIDEO_COLUMNS, type VideoRow } from './rows.ts';
import type { Database, LaneKind } from './schema.ts';
import { isEmbedded } from './sqlite.ts';

export interface Lane {
  readonly owner: string;
  readonly kind: LaneKind;
}

/** How long a lane pauses while another transaction is writing its submits, in milliseconds. */
const RETRY_MS = 50;

const isReady = sql<SqlBool>`(resume_at <= now_ms() and busy_until <= now_ms())`;
const lastTurn = sql<number>`(select coalesce(max(turn), 0) + 1 from lane as every)`;

/**
 * Adds a waiting submit to the owner's lane, in the transaction that makes it wait. A new lane starts behind
 * all others. If the first submit of the lane must wait because of a limit or a refusal, a later submit
 * does not end that wait. The owner of a scheduled submit has a row, which `openLane` locks.
 *
 * @param id of the submit.
 * @param resumeAt epoch milliseconds; null for now.
 */
export async function enterLane(
  trx: Database,
  { owner, kind }: Lane,
  id: string,
  resumeAt: number | null = null,
): Promise<void> {
  await (resumeAt === null ? enterNow : enterLater)(trx, {
    owner,
    kind,
    id,
    resumeAt: resumeAt ?? 0,
  });
}

interface Entering extends Lane {
  readonly id: string;
  readonly resumeAt: number;
}

/** The statement of `enterLane`. */
export function buildEntering(
  db: Database,
  { owner, kind, id }: Lane & { readonly id: string },
  resumeAt: RawBuilder<number> = now,
) {
  const isLed = sql<SqlBool>`exists (
    select 1 from video
    where video.owner = ${owner} and video.waiting = ${kind} and video.id <> ${id}
      and coalesce(video.not_before, 0) <= now_ms()
  )`;
  return db
    .insertInto('lane')
    .values({ owner, kind, turn: lastTurn, resume_at: resumeAt, busy_until: 0, entries: 1 })
    .onConflict((conflict) =>
      conflict.columns(['owner', 'kind']).doUpdateSet({
        resume_at: sql<number>`case
          when excluded.resume_at < lane.resume_at and not ${isLed} then excluded.resume_at
          else lane.resume_at end`,
        entries: sql<number>`lane.entries + 1`,
      }),
    );
}

function toEntering(param: Param<Entering>) {
  return { owner: param('owner'), kind: param('kind'), id: param('id') };
}

const enterNow = prepare<Entering, unknown>((db, param) => buildEntering(db, toEntering(param)));
const enterLater = prepare<Entering, unknown>((db, param) =>
  buildEntering(db, toEntering(param), sql<number>`cast(${param('resumeAt')} as bigint)`),
);

/**
 * A condition: other submits wait for a place, so a new one must not take it.
 *
 * @param owner the owner whose scheduled submits go first even while their lane is paused; null for none.
 */
export function areOthersWaiting(owner: string | null): Expression<SqlBool> {
  return sql<SqlBool>`(
    exists (select 1 from lane where ${isReady})
    or exists (
      select 1 from video
      where video.owner = cast(${owner} as text) and video.waiting = 'LATER'
        and coalesce(video.not_before, 0) <= now_ms()
    )
  )`;
}

/** The lanes that may be served now, in the order of their turns. */
export async function listReadyLanes(db: Database, limit: number): Promise<Lane[]> {
  const { rows } = await findReady(db, { limit });
  return rows;
}

const findReady = prepare<{ limit: number }, Lane>((db, param) =>
  db
    .selectFrom('lane')
    .select(['owner', 'kind'])
    .where(isReady)
    .orderBy('turn')
    .limit(param('limit')),
);

/** Milliseconds until the next lane may be served, at least 0; null when there is no lane. */
export async function findNextLane(db: Database): Promise<number | null> {
  const { wait } = await db
    .selectFrom('lane')
    .select(
      sql<number | null>`min(case when resume_at > busy_until then resume_at else busy_until end)
        - now_ms()`.as('wait'),
    )
    .executeTakeFirstOrThrow();
  return wait === null ? null : Math.max(0, Number(wait));
}

/** How many submits have entered the lane so far. If it has changed, another submit has entered. */
export type Entries = number;

/**
 * Opens a lane. For a lane with an order, locks the owner's row until the transaction ends. Null when the
 * lane may no longer be served, or when another transaction holds that lock.
 */
export async function openLane(trx: Database, { owner, kind }: Lane): Promise<Entries | null> {
  if (kind === 'LATER' && !isEmbedded(trx)) {
    const locked = await trx
      .selectFrom('owner')
      .select('owner')
      .where('owner', '=', owner)
      .forUpdate()
      .skipLocked()
      .executeTakeFirst();
    if (!locked) return null;
  }
  const { rows } = await findEntries(trx, { owner, kind });
  return rows[0]?.entries ?? null;
}

const findEntries = prepare<Lane, { entries: Entries }>((db, param) =>
  db
    .selectFrom('lane')
    .select('entries')
    .where('owner', '=', param('owner'))
    .where('kind', '=', param('kind'))
    .where(isReady),
);

/** The submit of an open lane that is sent next. Its row is locked. */
export async function findNextWaiting(
  trx: Database,
  lane: Lane,
  runtimeMs: number,
): Promise<VideoRow | undefined> {
  const { rows } = await findFirst(trx, { ...lane, runtimeMs });
  return rows[0];
}

const findFirst = prepare<Lane & { runtimeMs: number }, VideoRow>((db, param) =>
  db
    .selectFrom('video')
    .select(VIDEO_COLUMNS)
    .where('owner', '=', param('owner'))
    .where('waiting', '=', param('kind'))
    .where(sql<SqlBool>`coalesce(not_before, 0) <= now_ms()`)
    // A waiting caller gives up in time to answer its client. A scheduled submit has a deadline.
    .where(
      sql<SqlBool>`coalesce(queue_until, submit_until - cast(${param('runtimeMs')} as bigint))
        > now_ms()`,
    )
    .orderBy('id')
    .limit(ONE)
    .$if(!isEmbedded(db), (query) => query.forUpdate().skipLocked()),
);

/**
 * Pauses the lane until one of its submits can be sent, or deletes it if it is empty. Changes nothing if
 * a submit has entered the lane since it was opened.
 */
export async function restLane(
  trx: Database,
  { owner, kind }: Lane,
  entries: Entries,
): Promise<void> {
  const { next } = await trx
    .selectFrom('video')
    .select(sql<number | null>`min(coalesce(not_before, 0))`.as('next'))
    .where('owner', '=', owner)
    .where('waiting', '=', kind)
    .executeTakeFirstOrThrow();
  if (next === null) {
    await trx
      .deleteFrom('lane')
      .where('owner', '=', owner)
      .where('kind', '=', kind)
      .where('entries', '=', entries)
      .execute();
    return;
  }
  const retryAt = sql<number>`now_ms() + ${sql.lit(RETRY_MS)}`;
  await updateLane(trx, { owner, kind })
    .set({
      resume_at: sql<number>`case when ${next} > ${retryAt} then ${next} else ${retryAt} end`,
    })
    .where('entries', '=', entries)
    .execute();
}

/** Pauses the lane for at least this long. None of its submits is being sent. */
export async function pauseLane(trx: Database, lane: Lane, waitMs: number): Promise<void> {
  await updateLane(trx, lane)
    .set({ busy_until: 0, resume_at: sql<number>`now_ms() + ${waitMs}` })
    .execute();
}

/** Moves the lane behind all others, after one of its submits was taken. */
export async function advanceLane(trx: Database, lane: Lane, busyMs: number): Promise<void> {
  await advance(trx, { owner: lane.owner, kind: lane.kind, busyMs });
}

const advance = prepare<Lane & { busyMs: number }, unknown>((db, param) =>
  db
    .updateTable('lane')
    .set({ turn: lastTurn, busy_until: sql<number>`now_ms() + ${param('busyMs')}` })
    .where('owner', '=', param('owner'))
    .where('kind', '=', param('kind')),
);

/** Lets the next submit of the lane be sent, because the last one has left or will not leave. */
export async function freeLane(db: Database, lane: Lane): Promise<void> {
  await updateLane(db, lane).set({ busy_until: 0 }).execute();
}

function updateLane(db: Database, { owner, kind }: Lane) {
  return db.updateTable('lane').where('owner', '=', owner).where('kind', '=', kind);
}
