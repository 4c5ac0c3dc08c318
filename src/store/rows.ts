/** Converts rows to videos. */

import { type Selectable, sql } from 'kysely';
import { FILE_LIFETIME_MS, type KeptFilm, type Video, type VideoState } from '../video.ts';
import type { RowState, VideoTable } from './schema.ts';

export type VideoRow = Selectable<VideoTable>;

const COLUMNS: Record<keyof VideoTable, true> = {
  id: true,
  owner: true,
  state: true,
  idempotency_key: true,
  key_held: true,
  fingerprint: true,
  kind: true,
  source_task_id: true,
  duration: true,
  aspect_ratio: true,
  prompt: true,
  quality: true,
  water_mark: true,
  image_url: true,
  expand_prompt: true,
  waiting: true,
  not_before: true,
  queue_until: true,
  queue_tries: true,
  sent_at: true,
  submit_until: true,
  post_begun: true,
  token_hash: true,
  earlier_token_hashes: true,
  traceparent: true,
  rejection: true,
  task_id: true,
  video_id: true,
  video_url: true,
  cover_url: true,
  failure_reason: true,
  failure_message: true,
  failure_code: true,
  expire_flag: true,
  created_at: true,
  finished_at: true,
  unfinished_at: true,
  checked_at: true,
  check_after: true,
  check_count: true,
  lease_until: true,
  fileless_reads: true,
  sequence_id: true,
  shot_number: true,
  starts_sequences: true,
  keep_state: true,
  kept_film: true,
  kept_cover: true,
};

/**
 * Every column, by name. A prepared statement with `*` fails on PostgreSQL once a newer version has
 * added a column.
 */
export const VIDEO_COLUMNS = Object.keys(COLUMNS) as (keyof VideoTable)[];

/** The same of a table under another name, or of a common table expression. */
export function toVideoColumns<Table extends string>(table: Table) {
  return VIDEO_COLUMNS.map((column) => `${table}.${column}` as const);
}

/** The time in epoch milliseconds by the database's clock, because the clocks of replicas differ. */
export const now = sql<number>`now_ms()`;

/** Whether a row in this state is a video that its owner may see. */
export function isVideo(state: RowState): boolean {
  return state !== 'REJECTED' && state !== 'DELETED';
}

/** When the submit was sent. A submit that was never scheduled is sent when its row is created. */
export const startedAt = sql<number>`coalesce(sent_at, created_at)`;

/** The same for a row that was read. */
export function toStartedAt({
  sent_at,
  created_at,
}: Pick<VideoRow, 'sent_at' | 'created_at'>): number {
  return sent_at ?? created_at;
}

/**
 * The state that clients see. A submit in flight is UNCONFIRMED. A scheduled one stays SCHEDULED until the
 * outcome of its POST is known, because after a temporary refusal it returns to the queue.
 */
export function toVideoState({
  state,
  queue_until: queueUntil,
  post_begun: begun,
  failure_reason: reason,
}: Pick<VideoRow, 'state' | 'queue_until' | 'post_begun' | 'failure_reason'>): VideoState {
  // Only a repeated submit is answered with a deleted video.
  if (state === 'DELETED')
    return reason !== null ? 'FAILED' : begun === 1 ? 'SUCCEEDED' : 'WITHDRAWN';
  if (state === 'SUBMITTING') return queueUntil === null ? 'UNCONFIRMED' : 'SCHEDULED';
  return state === 'REJECTED' ? 'UNCONFIRMED' : state;
}

/** Converts a row to a video. `expired` depends on this process's clock. */
export function toVideo(row: VideoRow): Video {
  const expiresAt = row.state === 'SUCCEEDED' ? row.unfinished_at + FILE_LIFETIME_MS : null;
  return {
    id: row.id,
    taskId: row.task_id,
    state: toVideoState(row),
    kind: row.kind,
    duration: row.duration,
    aspectRatio: row.aspect_ratio,
    prompt: row.state === 'DELETED' ? null : row.prompt,
    quality: row.quality,
    waterMark: row.state === 'DELETED' ? null : row.water_mark,
    imageUrl: row.image_url,
    expandPrompt: row.expand_prompt === null ? null : row.expand_prompt === 1,
    sourceTaskId: row.source_task_id || null,
    sequenceId: row.sequence_id,
    videoId: row.video_id,
    videoUrl: row.video_url,
    coverUrl: row.cover_url,
    failure:
      row.failure_reason === null
        ? null
        : {
            reason: row.failure_reason,
            message: row.failure_message ?? '',
            upstreamCode: row.failure_code,
          },
    createdAt: row.created_at,
    startedAt: toStartedAt(row),
    notBefore: row.not_before,
    queuedUntil: row.queue_until,
    finishedAt: row.finished_at,
    expiresAt,
    expired:
      row.state === 'DELETED' ||
      row.expire_flag === 1 ||
      (expiresAt !== null && expiresAt <= Date.now()),
    checkedAt: row.checked_at,
    copies: toCopies(row),
  };
}

function toCopies({ keep_state: state, kept_film: film, kept_cover: cover }: VideoRow) {
  if (state === null) return null;
  return { state, film: film === null ? null : (JSON.parse(film) as KeptFilm), cover };
}
