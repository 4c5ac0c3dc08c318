/** Converts rows to videos. */

import { type Selectable, sql } from 'kysely';
import { FILE_LIFETIME_MS, type KeptFilm, type Video, type VideoState } from '../video.ts';
import type { RowState, VideoTable } from './schema.ts';

export type VideoRow = Selectable<VideoTable>;

/** The database's clock in epoch milliseconds, because the clocks of replicas differ. */
export const now = sql<number>`now_ms()`;

/** The state that clients see: a submit in flight is UNCONFIRMED. */
function toVideoState({ state, failure_reason: reason }: VideoRow): VideoState {
  // Only a repeated submit is answered with a deleted video.
  if (state === 'DELETED') return reason === null ? 'SUCCEEDED' : 'FAILED';
  return state === 'SUBMITTING' || state === 'REJECTED' ? 'UNCONFIRMED' : state;
}

/** The row states that clients see as the given states. */
export function toRowStates(states: readonly VideoState[]): RowState[] {
  const wanted = new Set<RowState>(states);
  if (wanted.has('UNCONFIRMED')) wanted.add('SUBMITTING');
  return [...wanted];
}

/** Converts a row. `expired` is judged by this process's clock. */
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
