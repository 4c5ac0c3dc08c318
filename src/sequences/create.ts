/** Creates a sequence: its row, its shots, and the first submit if the video that it extends exists. */

import type { Config } from '../config.ts';
import { type EndTaskParts, notifyFollowUp } from '../delivery/end-task.ts';
import { InvalidInputError, RateLimitedError } from '../errors.ts';
import { checkSameInput } from '../idempotency.ts';
import { START } from '../sequence.ts';
import { lockOwner } from '../store/owner-limits.ts';
import type { VideoRow } from '../store/rows.ts';
import type { Database } from '../store/schema.ts';
import type { SequenceRow, ShotRow } from '../store/sequence-rows.ts';
import { countRunning, findSequenceByKey } from '../store/sequences.ts';
import {
  insertSequence,
  lockStart,
  markStart,
  replaceShots,
  setSequence,
  setShot,
} from '../store/transitions/sequence.ts';
import { insertTry, type TryModel } from '../store/transitions/tries.ts';
import type { AspectRatio, VideoQuality } from '../video.ts';
import { createSequenceId } from '../video-id.ts';

export interface ShotWords {
  readonly prompt: string;
  readonly quality: VideoQuality;
  readonly waterMark: string;
}

export interface Original {
  readonly prompt: string;
  readonly imageUrl: string | null;
  readonly aspectRatio: AspectRatio | null;
  readonly duration: number;
}

/** What the first shot extends: a stored video by its row's id, a foreign one, or an original to make first. */
export type SequenceStart =
  | { readonly videoId: string }
  | { readonly taskId: string }
  | { readonly original: Original };

export interface SequenceRequest {
  readonly owner: string;
  readonly idempotencyKey: string;
  readonly fingerprint: string;
  readonly retries: number;
  readonly quality: VideoQuality;
  readonly waterMark: string;
  readonly shots: readonly ShotWords[];
}

export interface MakingParts extends EndTaskParts {
  readonly config: Pick<Config, 'OWNER_QUEUED' | 'QUEUE_DEADLINE_MS' | 'SEQUENCE_MAX_SHOTS'>;
}

/**
 * The sequence that an earlier request with this key created; undefined when there is none.
 *
 * @throws IdempotencyConflictError
 */
export async function findRepeated(
  db: Database,
  { owner, idempotencyKey, fingerprint }: SequenceRequest,
): Promise<SequenceRow | undefined> {
  const known = await findSequenceByKey(db, owner, idempotencyKey);
  if (known) checkSameInput(known.fingerprint, fingerprint);
  return known;
}

/**
 * Commits the sequence, or returns the one that a concurrent request with its key has created.
 *
 * @throws InvalidInputError for a start that cannot be extended; IdempotencyConflictError;
 * RateLimitedError when the owner has too many running sequences. Nothing is stored then.
 */
export async function makeSequence(
  parts: MakingParts,
  request: SequenceRequest,
  start: SequenceStart,
): Promise<SequenceRow> {
  const { db, config } = parts;
  const made = await db.transaction().execute(async (trx) => {
    // Videos are locked before the owner's row.
    const video = 'videoId' in start ? await lockVideo(trx, request.owner, start.videoId) : null;
    await lockOwner(trx, request.owner);
    const source = 'taskId' in start ? start.taskId : (video?.task_id ?? null);
    const isMade = 'taskId' in start || video?.state === 'SUCCEEDED';
    const sequence = await insertSequence(trx, {
      id: createSequenceId(),
      owner: request.owner,
      idempotency_key: request.idempotencyKey,
      fingerprint: request.fingerprint,
      retries: request.retries,
      quality: request.quality,
      water_mark: request.waterMark,
      current: isMade ? START + 1 : START,
      start_video: video?.id ?? null,
      start_task_id: isMade ? source : null,
      queue_ms: config.QUEUE_DEADLINE_MS,
    });
    if (!sequence) return null;
    await checkRunning(trx, request.owner, config.OWNER_QUEUED);
    const shots = toShots(sequence.id, START + 1, request.shots);
    const first: ShotRow[] =
      'original' in start
        ? toShots(sequence.id, START, [{ ...request, prompt: start.original.prompt }])
        : [];
    await replaceShots(trx, sequence.id, START, [...first, ...shots]);
    if (video && !isMade) {
      await markStart(trx, video.id);
      return { sequence, isScheduled: false };
    }
    const original = toModel(start, source);
    const scheduled = await scheduleFirst(trx, sequence, [...first, ...shots], original);
    return { sequence: scheduled, isScheduled: true };
  });
  if (!made) {
    const known = await findRepeated(db, request);
    if (!known) throw new Error('The sequence was not inserted although no other has its key.');
    return known;
  }
  const { sequence, isScheduled } = made;
  notifyFollowUp(parts, request.owner, {
    sequences: [{ id: sequence.id, step: 'CREATE' }],
    withdrawn: [],
    scheduled: isScheduled ? 1 : 0,
  });
  return sequence;
}

/**
 * @param most 0 for no limit.
 * @throws RateLimitedError
 */
export async function checkRunning(trx: Database, owner: string, most: number): Promise<void> {
  if (most > 0 && (await countRunning(trx, owner, most + 1)) > most) {
    throw new RateLimitedError({ retryAfter: null });
  }
}

export function toShots(sequenceId: string, from: number, words: readonly ShotWords[]): ShotRow[] {
  return words.map(({ prompt, quality, waterMark }, index) => ({
    sequence_id: sequenceId,
    number: from + index,
    prompt,
    quality,
    water_mark: waterMark,
    video_row: null,
    retried: 0,
  }));
}

async function scheduleFirst(
  trx: Database,
  sequence: SequenceRow,
  [shot]: readonly ShotRow[],
  model: TryModel,
): Promise<SequenceRow> {
  if (!shot) throw new Error('A sequence has no shots.');
  const { id } = await insertTry(trx, sequence, shot, model);
  await setShot(trx, shot, { video_row: id });
  if (shot.number !== START) return sequence;
  await setSequence(trx, sequence.id, { start_video: id });
  return { ...sequence, start_video: id };
}

function toModel(start: SequenceStart, source: string | null): TryModel {
  if (!('original' in start)) return { source_task_id: source ?? '' };
  const { imageUrl, aspectRatio, duration } = start.original;
  return {
    kind: 'ORIGINAL',
    source_task_id: '',
    duration,
    aspect_ratio: aspectRatio,
    image_url: imageUrl,
  };
}

/** @throws InvalidInputError */
async function lockVideo(trx: Database, owner: string, id: string): Promise<VideoRow> {
  const video = await lockStart(trx, owner, id);
  const fault = video ? findFault(video) : 'names no video of yours';
  if (video && fault === null) return video;
  throw new InvalidInputError([{ path: ['start', 'video'], message: fault ?? '' }]);
}

/** Why a stored video cannot be the start of a sequence; null when it can. */
function findFault({ state, task_id: taskId, sent_at: sentAt }: VideoRow): string | null {
  switch (state) {
    case 'SUCCEEDED':
      return taskId === null ? 'names a video whose task the upstream has not named' : null;
    case 'FAILED':
    case 'WITHDRAWN':
      return 'names a video that was not made';
    // A refusal would free such a row without a completion, and the sequence would wait for one forever.
    case 'SUBMITTING':
    case 'UNCONFIRMED':
      return taskId === null && sentAt === null
        ? 'names a video that the upstream has not confirmed yet'
        : null;
    default:
      return null;
  }
}
