/** The tables of sequences as Kysely sees them. */

import type { ErrorCode } from '../error-table.ts';
import type { SequenceState } from '../sequence.ts';
import type { VideoQuality } from '../video.ts';

export interface SequenceTable {
  id: string;
  owner: string;
  state: SequenceState;
  idempotency_key: string;
  fingerprint: string;
  /** How many new tries per shot the caller has allowed. */
  retries: number;
  /** For shots that name none. */
  quality: VideoQuality;
  water_mark: string;
  /** The number of the shot that is being made; 0 for the start. */
  current: number;
  /** The row of the video that the first shot extends; null while that is a foreign video. */
  start_video: string | null;
  /** The upstream's id of the start; null until the upstream has named it. */
  start_task_id: string | null;
  /** How long a shot may wait to be sent, in milliseconds. */
  queue_ms: number;
  problem_message: string | null;
  problem_video: string | null;
  problem_code: ErrorCode | null;
  revision: number;
  created_at: number;
  changed_at: number;
  finished_at: number | null;
}

/** Number 0 is the original that a sequence makes first. */
export interface ShotTable {
  sequence_id: string;
  number: number;
  prompt: string;
  quality: VideoQuality;
  water_mark: string;
  /** The try that succeeded, or the latest one. */
  video_row: string | null;
  /** How many new tries were made after failures. */
  retried: number;
}

/** The keys under which a sequence was resumed. */
export interface SequenceResumeTable {
  sequence_id: string;
  idempotency_key: string;
  fingerprint: string;
}

export interface SequenceTables {
  sequence: SequenceTable;
  sequence_resume: SequenceResumeTable;
  shot: ShotTable;
}
