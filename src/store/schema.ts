/** The tables as Kysely sees them. Times are epoch milliseconds, flags 0 or 1, on every engine. */

import type { Generated, Kysely } from 'kysely';
import type {
  AspectRatio,
  FailureReason,
  KeepState,
  VideoKind,
  VideoQuality,
  VideoState,
} from '../video.ts';
import type { SequenceTables } from './sequence-tables.ts';

/**
 * The states of a row: those of a video, and three in which clients see no video.
 * SUBMITTING: the POST may be in flight until `submit_until`. REJECTED: a tombstone, which keeps the answer
 * for waiting callers; a callback may still prove that the task exists. DELETED: the owner has deleted the
 * video, and the row only records that it was paid for.
 */
export type RowState = VideoState | 'SUBMITTING' | 'REJECTED' | 'DELETED';

/** NOW: a caller waits for the answer. LATER: the submit is scheduled. */
export type LaneKind = 'NOW' | 'LATER';

export interface VideoTable {
  id: string;
  owner: string;
  state: RowState;

  idempotency_key: string | null;
  /** 1 while the row holds its idempotency key. The unique index covers only these rows. */
  key_held: number;
  fingerprint: string;
  /** ORIGINAL or EXTENSION, which decides the endpoint of the upstream. */
  kind: VideoKind;
  /** Empty for an original, because the column was added before originals existed. */
  source_task_id: string;
  /** Seconds of film; null for an extension. */
  duration: number | null;
  aspect_ratio: AspectRatio | null;
  prompt: string;
  quality: VideoQuality;
  water_mark: string;
  image_url: string | null;
  expand_prompt: number | null;

  /** The lane in which the submit waits for a place of the allowance; null while it does not wait. */
  waiting: LaneKind | null;
  /** When a scheduled submit may be sent at the earliest; null for as soon as there is room. */
  not_before: number | null;
  /** When a scheduled submit ends as NEVER_SENT. Null if and only if the submit was never scheduled. */
  queue_until: number | null;
  /** How often a scheduled submit was sent and temporarily refused. */
  queue_tries: number;
  /** When a scheduled submit was sent. Null for others, which are sent when their row is created. */
  sent_at: number | null;

  submit_until: number;
  /**
   * 0 while the submit waits for its turn: if its process dies, nothing was sent. 1 from the commit after
   * which the POST may leave.
   */
  post_begun: number;
  /** SHA-256 (hex) of the token in the callback URL; the token itself is stored nowhere. */
  token_hash: string;
  /** The hashes of earlier tries, separated by spaces: a callback may still use their URLs. */
  earlier_token_hashes: string | null;
  /** The trace of the submit, if it was traced; the callback continues it. */
  traceparent: string | null;
  /**
   * JSON of the error that ended the submit. On a REJECTED row, every submit with its key gets this error;
   * on an UNCONFIRMED row, only callers that were waiting for the submit get it.
   */
  rejection: string | null;

  task_id: string | null;
  video_id: string | null;
  video_url: string | null;
  cover_url: string | null;
  failure_reason: FailureReason | null;
  failure_message: string | null;
  failure_code: number | null;
  /** 1 if the upstream has set `expireFlag`. */
  expire_flag: number;

  created_at: number;
  finished_at: number | null;
  /** When the task was last known to be unfinished. Its files cannot be older. */
  unfinished_at: number;
  checked_at: number | null;

  /**
   * The time of the next check by upkeep: the end of a submit, a read of an open task, a deadline.
   * Null for no further check.
   */
  check_after: number | null;
  check_count: number;
  lease_until: number;
  /** How many reads reported a success without a usable file. */
  fileless_reads: number;

  /** If the video is a try of a shot: the sequence and the number of the shot. 0 is the sequence's original. */
  sequence_id: string | null;
  shot_number: number | null;
  /** 1 if sequences wait for its end. */
  starts_sequences: number | null;

  /** The state of the film's copy; null before it was planned. */
  keep_state: CopyState | null;
  /** JSON of `KeptFilm`. */
  kept_film: string | null;
  /** The name of the cover's copy. */
  kept_cover: string | null;
}

/** REMOVED: the copies were kept, and have been removed. */
export type CopyState = KeepState | 'REMOVED';

export type FilePart = 'film' | 'cover';

/** A file that must be copied, is kept, or must be removed from the destination. */
export interface FileCopyTable {
  /** The video's id and the part. */
  id: string;
  video_row: string;
  part: FilePart;
  state: KeepState | 'REMOVING';
  /** Counts the leases, which tells a late attempt from the current one. */
  attempts: number;
  failures: number;
  /** JSON list: all objects that may exist at the destination. */
  names: string;
  /** The reason of the last failure. */
  reason: string | null;
  /** When the upstream deletes the file. */
  expires_at: number;
  kept_at: number | null;
  try_after: number;
  lease_until: number;
}

/** The completion log: an entry for each end of a task, numbered per owner without gaps. */
export interface CompletionTable {
  owner: string;
  number: number;
  video_row: string;
  created_at: number;
}

/** One row per owner: the head of the log, its pruned mark, and the lock under which numbers are taken. */
export interface OwnerTable {
  owner: string;
  head: number;
  /** 0 if no completion of this log has been pruned. */
  pruned: number;
  /** The log's numbers are greater. Cursors before it are of an earlier log, whose owner was forgotten. */
  origin: Generated<number>;
}

/** Named values. `database_id` is random and created with the tables; it binds cursors to this database. */
export interface MetaTable {
  name: string;
  value: string;
}

/** Submits and reads have separate allowances. */
export type AllowanceName = 'submit' | 'read';

/** A place stands for one call per window that the upstream accepts. It is free again at `free_at`. */
export interface AllowanceTable {
  name: AllowanceName;
  place: number;
  free_at: number;
}

/**
 * Calls of a kind are paused until this time. With `must_try`, a single trial call follows; the row is
 * deleted if that call is not refused.
 */
export interface PauseTable {
  name: AllowanceName;
  until: number;
  must_try: number;
}

/**
 * An owner's submits that wait for a place. Lanes are served in the order of their turns. A lane that was
 * served moves behind all others.
 */
export interface LaneTable {
  owner: string;
  kind: LaneKind;
  turn: number;
  /** When the next submit of the lane may be sent, because of `notBefore`, a limit, or a pause. */
  resume_at: number;
  /** Until then the submit that was taken last may not have left yet, so the next one could overtake it. */
  busy_until: number;
  /** Counts the submits that have entered the lane. If it has changed, another submit has entered. */
  entries: number;
}

/** A submit that counts against its owner's spending limits, whether or not its row still exists. */
export interface AttemptTable {
  owner: string;
  at: number;
  video_row: string;
}

/** Counts the submits of all owners per day (UTC). Days are counted from 1970-01-01. */
export interface DailySubmitsTable {
  day: number;
  submits: number;
}

export interface Tables extends SequenceTables {
  daily_submits: DailySubmitsTable;
  allowance: AllowanceTable;
  attempt: AttemptTable;
  video: VideoTable;
  completion: CompletionTable;
  file_copy: FileCopyTable;
  lane: LaneTable;
  owner: OwnerTable;
  meta: MetaTable;
  pause: PauseTable;
}

/** A connection pool or a transaction: every store function takes either. */
export type Database = Kysely<Tables>;
