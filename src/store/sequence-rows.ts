/** Converts rows of sequences. */

import type { Selectable } from 'kysely';
import type { Sequence } from '../sequence.ts';
import type { SequenceTable, ShotTable } from './sequence-tables.ts';

export type SequenceRow = Selectable<SequenceTable>;
export type ShotRow = Selectable<ShotTable>;

/** By name, as `VIDEO_COLUMNS` is. */
export const SHOT_COLUMNS = [
  'sequence_id',
  'number',
  'prompt',
  'quality',
  'water_mark',
  'video_row',
  'retried',
] as const satisfies readonly (keyof ShotTable)[];

export function toSequence(row: SequenceRow): Sequence {
  return {
    id: row.id,
    state: row.state,
    current: row.current,
    startVideoId: row.start_video,
    startTaskId: row.start_task_id,
    problem:
      row.problem_message === null
        ? null
        : { message: row.problem_message, videoId: row.problem_video, code: row.problem_code },
    revision: row.revision,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
    parts: null,
  };
}
