/** What a sequence is: shots that extend one video, one after another. No I/O. */

import type { ErrorCode } from './error-table.ts';
import {
  type FailureReason,
  isRetryable,
  type Video,
  type VideoFailure,
  type VideoQuality,
} from './video.ts';

/** COMPLETED and CANCELLED are final. */
export type SequenceState = 'RUNNING' | 'PAUSED' | 'COMPLETED' | 'CANCELLED';

/** Why a sequence is paused. */
export interface SequenceProblem {
  readonly message: string;
  readonly videoId: string | null;
  readonly code: ErrorCode | null;
}

/** A sequence as clients see it, without its shots. Times are epoch milliseconds. */
export interface Sequence {
  readonly id: string;
  readonly state: SequenceState;
  /** Where it stands: the shot that is being made, or the start (`START`). */
  readonly current: number;
  /** The video that it starts from; null while that is a foreign video. */
  readonly startVideoId: string | null;
  readonly startTaskId: string | null;
  readonly problem: SequenceProblem | null;
  /** Grows with each change. */
  readonly revision: number;
  readonly createdAt: number;
  readonly finishedAt: number | null;
  /** Null until they are read. */
  readonly parts: SequenceParts | null;
}

export interface Shot {
  /** From 1. */
  readonly number: number;
  readonly prompt: string;
  readonly quality: VideoQuality;
  readonly waterMark: string;
  /** Its success, or its latest try. */
  readonly video: Video | null;
  /** In the order in which they were made. */
  readonly tries: readonly Video[];
}

export interface SequenceParts {
  /** Null for a foreign video, and for one that is not stored any more. */
  readonly start: Video | null;
  readonly shots: readonly Shot[];
  /** Every video that is a try of a shot, or of the original. */
  readonly videos: ReadonlyMap<string, Video>;
}

/** The number of the video that the first shot extends. */
export const START = 0;

/** Whether the value is a sequence and not a video. */
export function isSequence(value: Sequence | Video): value is Sequence {
  return 'revision' in value;
}

/** How a try of a shot, or the start, has ended. */
export interface TryEnd {
  readonly number: number;
  /** Null: it succeeded. */
  readonly failure: VideoFailure | 'WITHDRAWN' | null;
  /** Whether it is the latest try of its shot. */
  readonly isLatest: boolean;
  /** Whether it was made from the present words of its shot, which a resume may have changed. */
  readonly isCurrentInput: boolean;
  /** Whether a next shot can extend it: the upstream has named its task. */
  readonly isExtendable: boolean;
}

/** What a sequence knows when one of its tries ends. */
export interface Progress {
  readonly state: SequenceState;
  readonly current: number;
  readonly hasNext: boolean;
  /** New tries that the caller has allowed for the shot and that are left. */
  readonly retriesLeft: number;
}

/**
 * What follows. `keep`: the try becomes its shot's video. KEEP: nothing else; NEXT: the next shot is
 * scheduled; RETRY: this shot is scheduled again.
 */
export type Step = 'IGNORE' | 'KEEP' | 'NEXT' | 'COMPLETE' | 'RETRY' | 'PAUSE';

/** The whole course of a sequence: what follows from the end of a try. */
export function toStep(sequence: Progress, end: TryEnd): Step {
  const { state, current } = sequence;
  if (end.number !== current || state === 'COMPLETED') return 'IGNORE';
  if (end.failure === null) {
    if (!end.isCurrentInput) return 'IGNORE';
    if (state === 'CANCELLED') return 'KEEP';
    if (!sequence.hasNext) return 'COMPLETE';
    if (end.isExtendable) return 'NEXT';
    // A later try may be extendable.
    return end.isLatest ? 'PAUSE' : 'IGNORE';
  }
  // A paused sequence has had its failure; an earlier try says nothing about the latest one.
  if (state !== 'RUNNING' || !end.isLatest) return 'IGNORE';
  const mayRetry = end.failure !== 'WITHDRAWN' && isRetryable(end.failure);
  return mayRetry && sequence.retriesLeft > 0 ? 'RETRY' : 'PAUSE';
}

const CODES: Partial<Record<FailureReason, ErrorCode>> = {
  INPUT_REFUSED: 'INVALID_INPUT',
  IMAGE_UNREADABLE: 'SOURCE_UNAVAILABLE',
  SOURCE_NOT_FOUND: 'VIDEO_NOT_FOUND',
  INSUFFICIENT_CREDITS: 'INSUFFICIENT_CREDITS',
  NEVER_CONFIRMED: 'OUTCOME_UNKNOWN',
};

/** What pauses the sequence, for people and for programs. */
export function toProblem(
  number: number,
  failure: VideoFailure | 'WITHDRAWN' | null,
): Pick<SequenceProblem, 'message' | 'code'> {
  const shot = number === START ? 'The video to start from' : `Shot ${number}`;
  if (failure === null) {
    return {
      message: `${shot} was made, but the upstream has not named its task, so it cannot be extended.`,
      code: null,
    };
  }
  if (failure === 'WITHDRAWN') {
    return { message: `${shot} was withdrawn before it was sent.`, code: null };
  }
  return { message: `${shot} failed: ${failure.message}`, code: CODES[failure.reason] ?? null };
}
