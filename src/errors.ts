/**
 * The error classes. What an error says and means is in error-table.ts; a class of its own body exists
 * only where an error carries more than what the upstream said.
 */

import { ERROR_TABLE, type ErrorCode } from './error-table.ts';
import type { Video } from './video.ts';

/** What the upstream said, where it answered: the code and text of its envelope, or its HTTP status. */
export interface UpstreamFacts {
  readonly upstreamCode: number | null;
  readonly upstreamMessage: string | null;
  /** Seconds, from `Retry-After`. */
  readonly retryAfter: number | null;
}

export type ErrorDetails = Partial<UpstreamFacts> & ErrorOptions;

/** Where a class decides instead of its entry in the table. */
interface Decided {
  readonly message?: string;
  readonly retryable?: boolean;
}

/** An error with a code for programs, a sentence for people, and the facts it was made from. */
export abstract class GatewayError extends Error {
  readonly code: ErrorCode;
  /** Whether the same request can be sent again unchanged without the risk of paying twice. */
  readonly retryable: boolean;
  /** Seconds to wait before a retry; null: unknown. */
  readonly retryAfter: number | null;
  readonly upstreamCode: number | null;
  readonly upstreamMessage: string | null;

  constructor(code: ErrorCode, details: ErrorDetails, { message, retryable }: Decided) {
    const entry = ERROR_TABLE[code];
    super(message ?? entry.message, details);
    this.name = new.target.name;
    this.code = code;
    this.retryable = retryable ?? entry.retryable === true;
    this.retryAfter = details.retryAfter ?? null;
    this.upstreamCode = details.upstreamCode ?? null;
    this.upstreamMessage = details.upstreamMessage ?? null;
  }
}

/** The base class of the error with this code. */
function errorOf<Code extends ErrorCode>(code: Code) {
  return class extends GatewayError {
    declare readonly code: Code;

    constructor(details: ErrorDetails = {}, decided: Decided = {}) {
      super(code, details, decided);
    }
  };
}

/** One invalid field of an input. */
export interface InputIssue {
  readonly path: readonly string[];
  readonly message: string;
}

export class InvalidInputError extends errorOf('INVALID_INPUT') {
  readonly issues: readonly InputIssue[];

  /** @param issues what the gateway found; none where the upstream refused the input. */
  constructor(issues: readonly InputIssue[], details?: ErrorDetails) {
    const faults = issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    super(details, {
      message:
        issues.length > 0
          ? `The input is invalid: ${faults.join('; ')}`
          : 'The upstream refused the input.',
    });
    this.issues = issues;
  }
}

/** Does not reveal whether the video exists and belongs to another owner. */
export class VideoNotFoundError extends errorOf('VIDEO_NOT_FOUND') {
  readonly taskId: string;

  constructor(taskId: string, details?: ErrorDetails) {
    super(details, { message: `No video has the id ${JSON.stringify(taskId)}.` });
    this.taskId = taskId;
  }
}

export class SourceUnavailableError extends errorOf('SOURCE_UNAVAILABLE') {}

/** 429, or a limit of the gateway's own. */
export class RateLimitedError extends errorOf('RATE_LIMITED') {}

export class UpstreamUnauthorizedError extends errorOf('UPSTREAM_UNAUTHORIZED') {}

export class InsufficientCreditsError extends errorOf('INSUFFICIENT_CREDITS') {
  /** Only the breaker names the time of a retry. */
  constructor(details: ErrorDetails) {
    super(details, { retryable: (details.retryAfter ?? null) !== null });
  }
}

export class UpstreamMaintenanceError extends errorOf('UPSTREAM_MAINTENANCE') {}

export interface UpstreamErrorOptions extends ErrorOptions {
  /** Whether the same request may be sent again: reads only. */
  readonly retryable?: boolean;
  /** The task that a submit may have started all the same. */
  readonly video?: Video | null;
}

/** On a submit, `video` is set unless the answer asserts that nothing was started. */
export class UpstreamError extends errorOf('UPSTREAM_ERROR') {
  readonly video: Video | null;

  constructor(
    facts: UpstreamFacts,
    { retryable = false, video = null, ...options }: UpstreamErrorOptions = {},
  ) {
    super(
      { ...facts, ...options },
      {
        message: video
          ? 'The upstream answered with an error, but may have started this task. Watch the video: its state changes when the upstream reports on it. A new submit may be paid a second time.'
          : 'The upstream answered with an error.',
        retryable,
      },
    );
    this.video = video;
  }
}

export class UpstreamUnreachableError extends errorOf('UPSTREAM_UNREACHABLE') {}

export class OutcomeUnknownError extends errorOf('OUTCOME_UNKNOWN') {
  readonly video: Video;

  constructor(video: Video) {
    super();
    this.video = video;
  }
}

export class IdempotencyConflictError extends errorOf('IDEMPOTENCY_CONFLICT') {}

/** The video is in a state in which the request makes no sense. */
export class TooLateError extends errorOf('TOO_LATE') {
  readonly video: Video;

  constructor(video: Video, message?: string) {
    super({}, message === undefined ? {} : { message });
    this.video = video;
  }
}

/** Whether the sequence is unknown or another owner's cannot be told apart. */
export class SequenceNotFoundError extends errorOf('SEQUENCE_NOT_FOUND') {
  readonly sequenceId: string;

  constructor(sequenceId: string) {
    super({}, { message: `No sequence has the id ${JSON.stringify(sequenceId)}.` });
    this.sequenceId = sequenceId;
  }
}

export class CursorExpiredError extends errorOf('CURSOR_EXPIRED') {}

/** No database, or shutting down. */
export class GatewayUnavailableError extends errorOf('GATEWAY_UNAVAILABLE') {}

export class UnauthenticatedError extends errorOf('UNAUTHENTICATED') {}

/** The class of each code. A bug, INTERNAL, has none: any other thrown value is one. */
export const ERROR_CLASSES = {
  INVALID_INPUT: InvalidInputError,
  VIDEO_NOT_FOUND: VideoNotFoundError,
  SOURCE_UNAVAILABLE: SourceUnavailableError,
  RATE_LIMITED: RateLimitedError,
  UPSTREAM_UNAUTHORIZED: UpstreamUnauthorizedError,
  INSUFFICIENT_CREDITS: InsufficientCreditsError,
  UPSTREAM_MAINTENANCE: UpstreamMaintenanceError,
  UPSTREAM_ERROR: UpstreamError,
  UPSTREAM_UNREACHABLE: UpstreamUnreachableError,
  OUTCOME_UNKNOWN: OutcomeUnknownError,
  IDEMPOTENCY_CONFLICT: IdempotencyConflictError,
  TOO_LATE: TooLateError,
  SEQUENCE_NOT_FOUND: SequenceNotFoundError,
  CURSOR_EXPIRED: CursorExpiredError,
  GATEWAY_UNAVAILABLE: GatewayUnavailableError,
  UNAUTHENTICATED: UnauthenticatedError,
} satisfies {
  [Code in Exclude<ErrorCode, 'INTERNAL'>]: new (
    ...args: never[]
  ) => GatewayError & { readonly code: Code };
};
