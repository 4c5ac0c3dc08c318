/** Resumes a paused sequence at the shot that failed. */

import { notifyFollowUp } from '../delivery/end-task.ts';
import { InvalidInputError, RateLimitedError, SequenceNotFoundError } from '../errors.ts';
import { checkSameInput } from '../idempotency.ts';
import { START } from '../sequence.ts';
import { lockOwner } from '../store/owner-limits.ts';
import type { Database } from '../store/schema.ts';
import type { SequenceRow, ShotRow } from '../store/sequence-rows.ts';
import { countResumes, findResume, findShots } from '../store/sequences.ts';
import { findRow } from '../store/submits.ts';
import { NO_PROBLEM } from '../store/transitions/next-shot.ts';
import {
  insertResume,
  lockSequence,
  replaceShots,
  setSequence,
  setShot,
} from '../store/transitions/sequence.ts';
import { insertTry } from '../store/transitions/tries.ts';
import type { VideoQuality } from '../video.ts';
import { checkRunning, type MakingParts, type ShotWords, toShots } from './create.ts';

export interface ResumeRequest {
  readonly owner: string;
  readonly id: string;
  readonly idempotencyKey: string;
  readonly fingerprint: string;
  /** Null keeps the shots. Null in a shot stands for the setting of the sequence. */
  readonly shots:
    | readonly {
        readonly prompt: string;
        readonly quality: VideoQuality | null;
        readonly waterMark: string | null;
      }[]
    | null;
}

/** Per sequence. A key is stored even if it changes nothing, so a client could store any number of them. */
const MAX_KEYS = 1_000;

/**
 * Schedules a new try of the shot that failed. Changes nothing for a repeat with the same key, for a
 * sequence that is not paused, and where an existing video that it should start with has failed. The key is
 * stored in these cases as well, because a repeat must not be paid for after the next failure.
 *
 * @throws SequenceNotFoundError; IdempotencyConflictError; InvalidInputError for shots where none can be
 * replaced; RateLimitedError.
 */
export async function resumeSequence(parts: MakingParts, request: ResumeRequest): Promise<void> {
  const { db } = parts;
  const { owner, id, idempotencyKey, fingerprint } = request;
  const isResumed = await db.transaction().execute(async (trx) => {
    await lockOwner(trx, owner);
    const sequence = await lockSequence(trx, owner, id);
    if (!sequence) throw new SequenceNotFoundError(id);
    const known = await findResume(trx, id, idempotencyKey);
    if (known !== undefined) checkSameInput(known, fingerprint);
    if (known !== undefined) return false;
    const { state } = sequence;
    if (state !== 'PAUSED' && request.shots !== null) {
      throw toFault(`can be replaced only while the sequence is PAUSED; it is ${state}`);
    }
    // The other states are final.
    if (state === 'RUNNING' || state === 'PAUSED') {
      if ((await countResumes(trx, id, MAX_KEYS)) === MAX_KEYS) {
        throw new RateLimitedError({ retryAfter: null });
      }
      await insertResume(trx, id, idempotencyKey, fingerprint);
    }
    return state === 'PAUSED' && tryAgain(parts, trx, sequence, request);
  });
  if (isResumed) {
    const sequences = [{ id, step: 'RESUME' }] as const;
    notifyFollowUp(parts, owner, { sequences, withdrawn: [], scheduled: 1 });
  }
}

async function tryAgain(
  { config }: MakingParts,
  trx: Database,
  sequence: SequenceRow,
  { owner, id, shots: words }: ResumeRequest,
): Promise<boolean> {
  const { current } = sequence;
  const shots = await findShots(trx, id);
  const failed = shots.find(({ number }) => number === current);
  const model = failed && (await findRow(trx, failed.video_row ?? ''));
  // The start is a video outside of the sequence, which a resume cannot make again.
  if (!failed || !model) return false;
  let again = failed;
  if (words) {
    const from = Math.max(current, START + 1);
    if (from - 1 + words.length > config.SEQUENCE_MAX_SHOTS) {
      throw toFault(`would be more than ${config.SEQUENCE_MAX_SHOTS} in all`);
    }
    const replacing = toShots(
      id,
      from,
      words.map((shot) => toWords(shot, sequence)),
    ).map((shot): ShotRow => (shot.number === current ? { ...failed, ...toInput(shot) } : shot));
    await replaceShots(trx, id, from, replacing);
    again = replacing.find(({ number }) => number === current) ?? failed;
  }
  const queue_ms = config.QUEUE_DEADLINE_MS;
  const { id: video_row } = await insertTry(trx, { ...sequence, queue_ms }, again, model);
  await setShot(trx, again, { video_row });
  await setSequence(trx, id, {
    ...NO_PROBLEM,
    ...(current === START ? { start_video: video_row } : {}),
    state: 'RUNNING',
    queue_ms,
  });
  await checkRunning(trx, owner, config.OWNER_QUEUED);
  return true;
}

function toWords(
  { prompt, quality, waterMark }: NonNullable<ResumeRequest['shots']>[number],
  sequence: SequenceRow,
): ShotWords {
  return {
    prompt,
    quality: quality ?? sequence.quality,
    waterMark: waterMark ?? sequence.water_mark,
  };
}

/** The shot keeps its tries and the number of retries that it has used. */
function toInput({ prompt, quality, water_mark }: ShotRow) {
  return { prompt, quality, water_mark };
}

function toFault(message: string): InvalidInputError {
  return new InvalidInputError([{ path: ['shots'], message }]);
}
