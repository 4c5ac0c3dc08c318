import type { ErrorCode, Sequence, Video, VideoFailure } from './schema.ts';

/** The gateway's codes, and those of this client. New ones may be added. */
export type LongtakeErrorCode =
  | ErrorCode
  /** No readable answer came. */
  | 'NO_ANSWER'
  /** The task ended without a video; see `failure`. */
  | 'VIDEO_FAILED'
  /** The request was withdrawn before it was sent. */
  | 'VIDEO_WITHDRAWN'
  /** A shot of the sequence failed; see `sequence.problem`. `resumeSequence` or `cancelSequence` decides. */
  | 'SEQUENCE_PAUSED'
  /** The storage is full or away; see `cause`. Nothing new was sent. */
  | 'STORAGE_FAILED'
  | (string & {});

export interface ErrorFacts {
  readonly code: LongtakeErrorCode;
  readonly message: string;
  readonly retryable?: boolean | undefined;
  readonly retryAfter?: number | null | undefined;
  readonly issues?: LongtakeError['issues'] | undefined;
  readonly failure?: VideoFailure | null | undefined;
  readonly video?: Video | null | undefined;
  readonly sequence?: Sequence | undefined;
}

/** Everything that a call of the client throws, except the reason of an aborted signal. */
export class LongtakeError extends Error {
  override readonly name = 'LongtakeError';
  declare readonly code: LongtakeErrorCode;
  /** Whether the same may succeed later. After a failed video, or a failed shot, it is a new task, which is paid for. */
  declare readonly retryable: boolean;
  /** Seconds to wait before that. Null: unknown. */
  declare readonly retryAfter: number | null;
  /** Why the task failed. Null: no task was made, or its outcome is unknown. */
  declare readonly failure: VideoFailure | null;
  /** The video without a file. Null: no task was made, or its outcome is unknown. */
  declare readonly video: Video | null;
  /** The sequence that is paused. */
  declare readonly sequence: Sequence | null;
  /** The invalid fields of the input. */
  declare readonly issues: readonly {
    readonly path: readonly string[];
    readonly message: string;
  }[];
  /** Whether the submit stays in `pending()`. It may have been paid for, and a new one would be, too. */
  pending = false;

  constructor(facts: ErrorFacts, options?: ErrorOptions) {
    super(facts.message, options);
    this.code = facts.code;
    this.retryable = facts.retryable ?? false;
    this.retryAfter = facts.retryAfter ?? null;
    this.video = facts.video ?? null;
    this.sequence = facts.sequence ?? null;
    this.failure = facts.failure ?? null;
    this.issues = facts.issues ?? [];
  }
}

/** Only a part of the answer could not be read. A mutation has been executed by then. */
export class PartialError extends LongtakeError {}

export function toNoAnswer(cause: unknown): LongtakeError {
  const message = 'No answer came from the gateway.';
  return new LongtakeError({ code: 'NO_ANSWER', message, retryable: true }, { cause });
}
