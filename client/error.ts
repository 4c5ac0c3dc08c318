import type { ErrorCode, Video, VideoFailure } from './schema.ts';

/** The gateway's codes, and those of this client. New ones may be added. */
export type LongtakeErrorCode =
  | ErrorCode
  /** No readable answer came. */
  | 'NO_ANSWER'
  /** The task ended without a video; see `failure`. */
  | 'VIDEO_FAILED'
  /** The request was withdrawn before it was sent. */
  | 'VIDEO_WITHDRAWN'
  | (string & {});

export interface ErrorFacts {
  readonly code: LongtakeErrorCode;
  readonly message: string;
  readonly retryable?: boolean | undefined;
  readonly retryAfter?: number | null | undefined;
  readonly issues?: LongtakeError['issues'] | undefined;
  readonly video?: Video | undefined;
}

/** Everything that a call of the client throws, except the reason of an aborted signal. */
export class LongtakeError extends Error {
  override readonly name = 'LongtakeError';
  readonly code: LongtakeErrorCode;
  /** Whether the same call may succeed later. After a failed video it is a new task, which is paid for. */
  readonly retryable: boolean;
  /** Seconds to wait before that. Null: unknown. */
  readonly retryAfter: number | null;
  /** Why the task failed. Null: no task was made, or its outcome is unknown. */
  readonly failure: VideoFailure | null;
  /** The video without a file. Null: no task was made, or its outcome is unknown. */
  readonly video: Video | null;
  /** The invalid fields of the input. */
  readonly issues: readonly { readonly path: readonly string[]; readonly message: string }[];

  constructor(facts: ErrorFacts, options?: ErrorOptions) {
    super(facts.message, options);
    this.code = facts.code;
    this.retryable = facts.retryable ?? false;
    this.retryAfter = facts.retryAfter ?? null;
    this.video = facts.video ?? null;
    this.failure = facts.video?.failure ?? null;
    this.issues = facts.issues ?? [];
  }
}

export function toNoAnswer(cause: unknown): LongtakeError {
  const message = 'No answer came from the gateway.';
  return new LongtakeError({ code: 'NO_ANSWER', message, retryable: true }, { cause });
}
