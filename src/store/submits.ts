/** The way of a row through its submit: made before the request, settled by its answer. */

import { type SqlBool, sql } from 'kysely';
import type { VideoQuality } from '../video.ts';
import { prepare } from './prepared.ts';
import { isUnclaimed, keepTaskId, now, type VideoRow } from './rows.ts';
import type { Database } from './schema.ts';

export interface NewSubmit {
  readonly id: string;
  readonly owner: string;
  readonly idempotencyKey: string | null;
  readonly fingerprint: string;
  readonly tokenHash: string;
  readonly traceparent?: string | null;
  readonly sourceTaskId: string;
  readonly prompt: string;
  readonly quality: VideoQuality;
  readonly waterMark: string;
  readonly imageUrl: string | null;
  readonly expandPrompt: boolean | null;
  /** How long the submit may take in all, in milliseconds. */
  readonly runtimeMs: number;
}

/** Commits the row before its request; undefined when another row of the owner holds the key. */
export async function insertSubmit(db: Database, submit: NewSubmit): Promise<VideoRow | undefined> {
  const { rows } = await insertRow(db, {
    ...submit,
    keyHeld: submit.idempotencyKey === null ? 0 : 1,
    expandPrompt: submit.expandPrompt === null ? null : Number(submit.expandPrompt),
    traceparent: submit.traceparent ?? null,
  });
  return rows[0];
}

type NewRow = Omit<Required<NewSubmit>, 'expandPrompt'> & {
  readonly keyHeld: number;
  readonly expandPrompt: number | null;
};

const insertRow = prepare<NewRow, VideoRow>((db, param) => {
  const submitUntil = sql<number>`now_ms() + ${param('runtimeMs')}`;
  return db
    .insertInto('video')
    .values({
      id: param('id'),
      owner: param('owner'),
      state: 'SUBMITTING',
      idempotency_key: param('idempotencyKey'),
      key_held: param('keyHeld'),
      fingerprint: param('fingerprint'),
      source_task_id: param('sourceTaskId'),
      prompt: param('prompt'),
      quality: param('quality'),
      water_mark: param('waterMark'),
      image_url: param('imageUrl'),
      expand_prompt: param('expandPrompt'),
      submit_until: submitUntil,
      token_hash: param('tokenHash'),
      traceparent: param('traceparent'),
      created_at: now,
      unfinished_at: now,
      check_after: submitUntil,
      expire_flag: 0,
      check_count: 0,
      lease_until: 0,
      fileless_reads: 0,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll();
});

/** The row that answers for the owner's key at present. */
export async function findKeyHolder(
  db: Database,
  owner: string,
  idempotencyKey: string,
): Promise<VideoRow | undefined> {
  const { rows } = await findRowOfKey(db, { owner, idempotencyKey });
  return rows[0];
}

const findRowOfKey = prepare<{ owner: string; idempotencyKey: string }, VideoRow>((db, param) =>
  db
    .selectFrom('video')
    .selectAll()
    .where('owner', '=', param('owner'))
    .where('idempotency_key', '=', param('idempotencyKey'))
    .where('key_held', '=', 1),
);

/** The newest row that was ever given the owner's key, a tombstone too. */
export async function findLatestOfKey(
  db: Database,
  owner: string,
  idempotencyKey: string,
): Promise<VideoRow | undefined> {
  return db
    .selectFrom('video')
    .selectAll()
    .where('owner', '=', owner)
    .where('idempotency_key', '=', idempotencyKey)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** The row whatever its state, tombstones too; for the submit it belongs to and its callback. */
export async function findRow(db: Database, id: string): Promise<VideoRow | undefined> {
  const { rows } = await findRowById(db, { id });
  return rows[0];
}

const findRowById = prepare<{ id: string }, VideoRow>((db, param) =>
  db.selectFrom('video').selectAll().where('id', '=', param('id')),
);

/**
 * Writes what the upstream answered: the task exists and has this id. A row that has moved on (its
 * callback came first) keeps its state. Undefined when the id is another row's: nothing is written.
 */
export async function confirmSubmit(
  db: Database,
  id: string,
  taskId: string,
  firstCheckMs: number,
): Promise<VideoRow | undefined> {
  const { rows } = await confirmRow(db, { id, taskId, firstCheckMs });
  return rows[0];
}

interface Confirmation {
  readonly id: string;
  readonly taskId: string;
  readonly firstCheckMs: number;
}

const confirmRow = prepare<Confirmation, VideoRow>((db, param) => {
  const isOpenStill = sql<SqlBool>`state in ('SUBMITTING', 'UNCONFIRMED')`;
  return db
    .updateTable('video')
    .set({
      task_id: keepTaskId(param('taskId')),
      state: sql`case when ${isOpenStill} then 'WAITING' else state end`,
      checked_at: sql`case when ${isOpenStill} then now_ms() else checked_at end`,
      check_after: sql`case when ${isOpenStill} then now_ms() + ${param('firstCheckMs')} else check_after end`,
    })
    .where('id', '=', param('id'))
    .where(isUnclaimed(param('id'), param('taskId')))
    .returningAll();
});

/** Turns a submit that has certainly started nothing into a tombstone, which frees its key. */
export async function rejectSubmit(db: Database, id: string, rejection: string): Promise<boolean> {
  const result = await db
    .updateTable('video')
    .set({ state: 'REJECTED', rejection, key_held: 0, finished_at: now, check_after: null })
    .where('id', '=', id)
    .where('state', '=', 'SUBMITTING')
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/**
 * Gives up waiting for a submit's answer: it may have been paid. The row keeps its key, and is
 * looked at again when the time to give up the task itself has come.
 */
export async function markUnconfirmed(
  db: Database,
  id: string,
  giveUpAfterMs: number,
): Promise<boolean> {
  const result = await toUnconfirmed(db, giveUpAfterMs).where('id', '=', id).executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** The same for a row whose time has passed: the process that was to settle it is gone. */
export async function markOverdueUnconfirmed(
  db: Database,
  id: string,
  giveUpAfterMs: number,
): Promise<boolean> {
  const result = await toUnconfirmed(db, giveUpAfterMs)
    .where('id', '=', id)
    .where('submit_until', '<=', now)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/**
 * At the start of the only process that uses this database: whatever was being submitted or looked
 * at died with the process before.
 */
export async function recoverOrphans(db: Database, giveUpAfterMs: number): Promise<void> {
  await toUnconfirmed(db, giveUpAfterMs).execute();
  await db.updateTable('video').set({ lease_until: 0 }).where('lease_until', '>', 0).execute();
}

function toUnconfirmed(db: Database, giveUpAfterMs: number) {
  return db
    .updateTable('video')
    .set({
      state: 'UNCONFIRMED',
      check_after: sql<number>`created_at + ${giveUpAfterMs}`,
      lease_until: 0,
    })
    .where('state', '=', 'SUBMITTING');
}
