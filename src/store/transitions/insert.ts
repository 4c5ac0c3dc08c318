/** A submit's row, committed before its request. */

import { sql } from 'kysely';
import type { AspectRatio, VideoKind, VideoQuality } from '../../video.ts';
import { enterLane } from '../lanes.ts';
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
  /** Null where the submit is refused rather than scheduled. */
  readonly queue?: QueueTimes | null;
}

export interface QueueTimes {
  /** Epoch milliseconds; null: as soon as there is room. */
  readonly notBefore: number | null;
  /** Milliseconds after `notBefore`, or after the insert, when it ends as NEVER_SENT. */
  readonly deadlineMs: number;
}

/** Commits the row before its request; undefined when another row of the owner holds the key. */
export async function insertSubmit(db: Database, submit: NewSubmit): Promise<VideoRow | undefined> {
  const { rows } = await insertRow(db, {
    ...submit,
    keyHeld: submit.idempotencyKey === null ? 0 : 1,
    sourceTaskId: submit.sourceTaskId ?? '',
    expandPrompt: submit.expandPrompt === null ? null : Number(submit.expandPrompt),
    traceparent: submit.traceparent ?? null,
    notBefore: submit.queue?.notBefore ?? null,
    deadlineMs: submit.queue?.deadlineMs ?? null,
  });
  return rows[0];
}

type NewRow = Omit<Required<NewSubmit>, 'expandPrompt' | 'sourceTaskId' | 'queue'> & {
  readonly notBefore: number | null;
  readonly deadlineMs: number | null;
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
      not_before: param('notBefore'),
      queue_until: toQueueUntil(param('notBefore'), param('deadlineMs')),
      submit_until: submitUntil,
      post_begun: 1,
      queue_tries: 0,
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

/** Null without a deadline. */
function toQueueUntil(notBefore: number | null, deadlineMs: number | null) {
  const earliest = sql`cast(${notBefore} as bigint)`;
  return sql<number>`cast(${deadlineMs} as bigint)
    + case when ${earliest} > now_ms() then ${earliest} else now_ms() end`;
}

/**
 * In the transaction of the insert, at its end: the submit has no place yet, so it waits, and its caller
 * with it.
 */
export async function markWaitingForTurn(
  trx: Database,
  { id, owner }: Pick<VideoRow, 'id' | 'owner'>,
): Promise<void> {
  await trx
    .updateTable('video')
    .set({ post_begun: 0, waiting: 'NOW' })
    .where('id', '=', id)
    .execute();
  await enterLane(trx, { owner, kind: 'NOW' });
}
