/** The columns that the end of a task writes. */

import type { Step } from '../../sequence.ts';
import type { VideoFailure, VideoFiles } from '../../video.ts';
import type { Completion } from '../completions.ts';
import { now, toVideo, type VideoRow } from '../rows.ts';

export interface VideoEnd {
  /** The files of a success, or why the task failed. */
  readonly outcome: VideoFiles | VideoFailure;
  /** The upstream's id, if its report names one. A row without an id adopts it. */
  readonly taskId?: string | null;
  readonly expired?: boolean;
  /** True if the upstream reported the end, false if the gateway gives the task up. */
  readonly reported: boolean;
  /** The upstream has refused the request. A row that has a task by now does not end. */
  readonly isRefusal?: boolean;
}

export type EndState = 'SUCCEEDED' | 'FAILED';

export function toState({ outcome }: VideoEnd): EndState {
  return 'videoUrl' in outcome ? 'SUCCEEDED' : 'FAILED';
}

export type EndColumns = Pick<
  VideoRow,
  | 'video_id'
  | 'video_url'
  | 'cover_url'
  | 'failure_reason'
  | 'failure_message'
  | 'failure_code'
  | 'expire_flag'
>;

export function toColumns({ outcome, expired }: VideoEnd): EndColumns {
  const files = 'videoUrl' in outcome ? outcome : null;
  const failure = 'reason' in outcome ? outcome : null;
  return {
    video_id: files?.videoId ?? null,
    video_url: files?.videoUrl ?? null,
    cover_url: files?.coverUrl ?? null,
    failure_reason: failure?.reason ?? null,
    failure_message: failure?.message ?? null,
    failure_code: failure?.upstreamCode ?? null,
    expire_flag: expired ? 1 : 0,
  };
}

/** No more checks are needed. */
export const ENDED = { finished_at: now, check_after: null, lease_until: 0, waiting: null };

export function toCompletion(row: VideoRow, number: number): Completion {
  return { number, video: toVideo(row) };
}

/** An end that was written, and what followed from it. */
export interface Ended {
  readonly owner: string;
  readonly completion: Completion;
  /** Null unless the video is part of a sequence or the start of one. */
  readonly followUp: FollowUp | null;
}

export type SequenceStep = Step | 'CREATE' | 'RESUME' | 'CANCEL';

/** What the same transaction has changed in the sequences of the video. */
export interface FollowUp {
  /** The sequences that changed, and the step of each. */
  readonly sequences: readonly { readonly id: string; readonly step: SequenceStep }[];
  /** Other tries of the same shot that were withdrawn. */
  readonly withdrawn: readonly Completion[];
  /** How many shots were scheduled. */
  readonly scheduled: number;
}
