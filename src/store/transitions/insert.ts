/** Inserts a submit's row, which is committed before its request is sent. */

import { sql } from 'kysely';
import type { AspectRatio, VideoKind, VideoQuality } from '../../video.ts';
import { enterLane } from '../lanes.ts';
import { type Param, prepare } from '../prepared-statements.ts';
import { now, VIDEO_COLUMNS, type VideoRow } from '../rows.ts';
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
  /** How long the submit may take in total, in milliseconds. */
  readonly runtimeMs: number;
  /** Null when the submit must not be scheduled. */
  readonly queue?: QueueTimes | null;
  /** Set for a try of a sequence's shot. */
  readonly shot?: { readonly sequenceId: string; readonly number: number } | null;
}

export interface QueueTimes {
  /** Epoch milliseconds; null for as soon as there is room. */
  readonly notBefore: number | null;
  /** Milliseconds after `notBefore`, or else after the insert, when the submit ends as NEVER_SENT. */
  readonly deadlineMs: number;
}

/** Inserts the row; undefined when another row of the owner holds the key. */
export async function insertSubmit(db: Database, submit: NewSubmit): Promise<VideoRow | undefined> {
  const { rows } = await insertRow(db, toNewRow(submit));
  return rows[0];
}

export function toNewRow(submit: NewSubmit): NewRow {
  return {
    ...submit,
    keyHeld: submit.idempotencyKey === null ? 0 : 1,
    sourceTaskId: submit.sourceTaskId ?? '',
    expandPrompt: submit.expandPrompt === null ? null : Number(submit.expandPrompt),
    traceparent: submit.traceparent ?? null,
    notBefore: submit.queue?.notBefore ?? null,
    deadlineMs: submit.queue?.deadlineMs ?? null,
    sequenceId: submit.shot?.sequenceId ?? null,
    shotNumber: submit.shot?.number ?? null,
  };
}

export type NewRow = Omit<
  Required<NewSubmit>,
  'expandPrompt' | 'sourceTaskId' | 'queue' | 'shot'
> & {
  readonly sequenceId: string | null;
  readonly shotNumber: number | null;
  readonly notBefore: number | null;
  readonly deadlineMs: number | null;
  readonly sourceTaskId: string;
  readonly keyHeld: number;
  readonly expandPrompt: number | null;
};

/** A number as a column value: PostgreSQL would take a plain parameter there for a text. */
function integer<T extends number | null>(value: T) {
  return sql<T>`cast(${value} as integer)`;
}

const ZERO = sql.lit(0);

/** The columns of the row of a submit whose POST may leave at once. */
export function toRowValues(param: Param<NewRow>) {
  const submitUntil = sql<number>`now_ms() + ${param('runtimeMs')}`;
  return {
    id: sql<string>`${param('id')}`,
    owner: sql<string>`${param('owner')}`,
    state: sql.lit('SUBMITTING' as const),
    idempotency_key: sql<string | null>`${param('idempotencyKey')}`,
    key_held: integer(param('keyHeld')),
    fingerprint: sql<string>`${param('fingerprint')}`,
    kind: sql<VideoKind>`${param('kind')}`,
    source_task_id: sql<string>`${param('sourceTaskId')}`,
    duration: integer(param('duration')),
    aspect_ratio: sql<AspectRatio | null>`${param('aspectRatio')}`,
    prompt: sql<string>`${param('prompt')}`,
    quality: sql<VideoQuality>`${param('quality')}`,
    water_mark: sql<string>`${param('waterMark')}`,
    image_url: sql<string | null>`${param('imageUrl')}`,
    expand_prompt: integer(param('expandPrompt')),
    not_before: sql<number | null>`cast(${param('notBefore')} as bigint)`,
    queue_until: toQueueUntil(param('notBefore'), param('deadlineMs')),
    submit_until: submitUntil,
    post_begun: sql.lit(1),
    queue_tries: ZERO,
    token_hash: sql<string>`${param('tokenHash')}`,
    traceparent: sql<string | null>`${param('traceparent')}`,
    sequence_id: sql<string | null>`${param('sequenceId')}`,
    shot_number: integer(param('shotNumber')),
    created_at: now,
    unfinished_at: now,
    check_after: submitUntil,
    expire_flag: ZERO,
    check_count: ZERO,
    lease_until: ZERO,
    fileless_reads: ZERO,
  };
}

const insertRow = prepare<NewRow, VideoRow>((db, param) =>
  db
    .insertInto('video')
    .values(toRowValues(param))
    .onConflict((conflict) => conflict.doNothing())
    .returning(VIDEO_COLUMNS),
);

/** Null without a deadline. */
function toQueueUntil(notBefore: number | null, deadlineMs: number | null) {
  const earliest = sql`cast(${notBefore} as bigint)`;
  return sql<number>`cast(${deadlineMs} as bigint)
    + case when ${earliest} > now_ms() then ${earliest} else now_ms() end`;
}

/**
 * Makes the submit, and its caller, wait for a place. Call it at the end of the transaction of the insert.
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
  await enterLane(trx, { owner, kind: 'NOW' }, id);
}
