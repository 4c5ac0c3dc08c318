/** A submit's row, committed before its request. */

import { sql } from 'kysely';
import type { AspectRatio, VideoKind, VideoQuality } from '../../video.ts';
import { prepare } from '../prepared.ts';
import { now, type VideoRow } from '../rows.ts';
import type { Database } from '../schema.ts';

export interface NewSubmit {
  readonly id: string;
  readonly owner: string;
  readonly idempotencyKey: string | null;
  readonly fingerprint: string;
  readonly tokenHash: string;
  readonly traceparent?: string | null;
  readonly kind: VideoKind;
  /** Null for an original. */
  readonly sourceTaskId: string | null;
  readonly duration: number | null;
  readonly aspectRatio: AspectRatio | null;
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
    sourceTaskId: submit.sourceTaskId ?? '',
    expandPrompt: submit.expandPrompt === null ? null : Number(submit.expandPrompt),
    traceparent: submit.traceparent ?? null,
  });
  return rows[0];
}

type NewRow = Omit<Required<NewSubmit>, 'expandPrompt' | 'sourceTaskId'> & {
  readonly sourceTaskId: string;
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
      kind: param('kind'),
      source_task_id: param('sourceTaskId'),
      duration: param('duration'),
      aspect_ratio: param('aspectRatio'),
      prompt: param('prompt'),
      quality: param('quality'),
      water_mark: param('waterMark'),
      image_url: param('imageUrl'),
      expand_prompt: param('expandPrompt'),
      submit_until: submitUntil,
      post_begun: 1,
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

/** In the transaction of the insert: the submit has no place yet, so its POST has not begun. */
export async function markWaitingForTurn(trx: Database, id: string): Promise<void> {
  await trx.updateTable('video').set({ post_begun: 0 }).where('id', '=', id).execute();
}

/**
 * Commits that the POST of a submit that waited for its turn begins now.
 *
 * @returns false when it must not: its time is over, or another replica has released the row.
 */
export async function beginPost(db: Database, id: string): Promise<boolean> {
  const result = await db
    .updateTable('video')
    .set({ post_begun: 1 })
    .where('id', '=', id)
    .where('state', '=', 'SUBMITTING')
    .where('submit_until', '>', now)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
