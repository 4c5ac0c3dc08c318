/** Inserts the tries of a shot: the scheduled submits of a sequence. */

import { createVideoId } from '../../video-id.ts';
import type { VideoRow } from '../rows.ts';
import type { Database } from '../schema.ts';
import type { SequenceRow, ShotRow } from '../sequence-rows.ts';
import { type NewRow, type NewSubmit, toNewRow } from './insert.ts';
import { insertScheduled } from './schedule.ts';

/** Replaced when the submit is sent. */
const NO_TOKEN = 'none';

/** The columns that a new try takes from the video that it extends, or from an earlier try of the original. */
export type TryModel = Pick<VideoRow, 'source_task_id'> &
  Partial<Pick<VideoRow, 'kind' | 'duration' | 'aspect_ratio' | 'image_url'>>;

/** Schedules a try. The owner's row is locked. */
export async function insertTry(
  trx: Database,
  sequence: SequenceRow,
  shot: ShotRow,
  model: TryModel,
): Promise<VideoRow> {
  return insertScheduled(trx, toTry(sequence, shot, model));
}

/** The row of a try. */
export function toTry(
  { id: sequenceId, owner, queue_ms: deadlineMs }: SequenceRow,
  shot: ShotRow,
  model: TryModel,
): NewRow {
  return toNewRow({
    ...toInput(shot, model),
    id: createVideoId(),
    owner,
    idempotencyKey: null,
    fingerprint: '',
    tokenHash: NO_TOKEN,
    runtimeMs: 0,
    queue: { notBefore: null, deadlineMs },
    shot: { sequenceId, number: shot.number },
  });
}

type Input = Pick<
  NewSubmit,
  | ('kind' | 'sourceTaskId' | 'duration' | 'aspectRatio' | 'imageUrl')
  | ('prompt' | 'quality' | 'waterMark' | 'expandPrompt')
>;

function toInput({ prompt, quality, water_mark: waterMark }: ShotRow, model: TryModel): Input {
  return {
    kind: model.kind ?? 'EXTENSION',
    sourceTaskId: model.source_task_id || null,
    duration: model.duration ?? null,
    aspectRatio: model.aspect_ratio ?? null,
    imageUrl: model.image_url ?? null,
    expandPrompt: null,
    prompt,
    quality,
    waterMark,
  };
}
