/** Every error that a client may branch on. Codes are part of the API: add freely, never rename. */

import type { Video } from './video.ts';

export const ERROR_CODES = [
  'INVALID_INPUT',
  'VIDEO_NOT_FOUND',
  'SOURCE_UNAVAILABLE',
  'RATE_LIMITED',
  'UPSTREAM_UNAUTHORIZED',
  'INSUFFICIENT_CREDITS',
  'UPSTREAM_MAINTENANCE',
  'UPSTREAM_ERROR',
  'UPSTREAM_UNREACHABLE',
  'OUTCOME_UNKNOWN',
  'IDEMPOTENCY_CONFLICT',
  'CURSOR_EXPIRED',
  'GATEWAY_UNAVAILABLE',
  'UNAUTHENTICATED',
  'INTERNAL',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** What the upstream said, where it spoke: the code and text of its envelope, or its HTTP status. */
export interface UpstreamFacts {
  readonly upstreamCode: number | null;
  readonly upstreamMessage: string | null;
  /** Seconds, from `Retry-After`. */
  readonly retryAfter: number | null;
}

const SILENT: UpstreamFacts = { upstreamCode: null, upstreamMessage: null, retryAfter: null };

/** An error with a code for programs, a sentence for people, and the facts it was made from. */
export abstract class GatewayError extends Error {
  abstract readonly code: ErrorCode;
  /** Whether the same request may be sent again as it is, without a risk of paying twice. */
  readonly retryable: boolean = false;
  /** Seconds after which a repeat makes sense; null where nothing is known. */
  readonly retryAfter: number | null;
  readonly upstreamCode: number | null;
  readonly upstreamMessage: string | null;

  constructor(message: string, facts: UpstreamFacts = SILENT, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.retryAfter = facts.retryAfter;
    this.upstreamCode = facts.upstreamCode;
    this.upstreamMessage = facts.upstreamMessage;
  }
}

/** One fault of an input: where it stands and what is wrong. */
export interface InputIssue {
  readonly path: readonly string[];
  readonly message: string;
}

/** The input was refused: by the gateway before any call (issues), or by the upstream (its 422). */
export class InvalidInputError extends GatewayError {
  readonly code = 'INVALID_INPUT';
  readonly issues: readonly InputIssue[];

  constructor(issues: readonly InputIssue[], facts?: UpstreamFacts) {
    super(
      issues.length > 0
        ? `The input is invalid: ${issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}`
        : 'The upstream refused the input.',
      facts,
    );
    this.issues = issues;
  }
}

/** No video has this id, or it is not the caller's: the two cannot be told apart. */
export class VideoNotFoundError extends GatewayError {
  readonly code = 'VIDEO_NOT_FOUND';
  readonly taskId: string;

  constructor(taskId: string, facts?: UpstreamFacts) {
    super(`No video has the id ${JSON.stringify(taskId)}.`, facts);
    this.taskId = taskId;
  }
}

/** 451: the upstream could not fetch the image. */
export class SourceUnavailableError extends GatewayError {
  readonly code = 'SOURCE_UNAVAILABLE';

  constructor(facts: UpstreamFacts) {
    super('The upstream could not fetch the image. Is its address public?', facts);
  }
}

/** 429, or a limit of the gateway's own: nothing was started. */
export class RateLimitedError extends GatewayError {
  readonly code = 'RATE_LIMITED';
  override readonly retryable = true;

  constructor(facts: Partial<UpstreamFacts> = {}) {
    super('Too many requests. Nothing was started; try again later.', { ...SILENT, ...facts });
  }
}

/** 401: the gateway's own key was refused. Only the operator can fix it. */
export class UpstreamUnauthorizedError extends GatewayError {
  readonly code = 'UPSTREAM_UNAUTHORIZED';

  constructor(facts: UpstreamFacts) {
    super("The upstream refused the gateway's key. An operator has to look at it.", facts);
  }
}

/**
 * 402 or 433: the gateway's account at the upstream has no credits left, or a limit of its key is
 * reached. Callers cannot fix it; operators must.
 */
export class InsufficientCreditsError extends GatewayError {
  readonly code = 'INSUFFICIENT_CREDITS';
  /** True only where the breaker refused the submit, which then names the time in `retryAfter`. */
  override readonly retryable: boolean;

  constructor(facts: UpstreamFacts) {
    super(
      "The gateway's account at the upstream has no credits left. Nothing was started; an operator has to look at it.",
      facts,
    );
    this.retryable = facts.retryAfter !== null;
  }
}

/** 455. */
export class UpstreamMaintenanceError extends GatewayError {
  readonly code = 'UPSTREAM_MAINTENANCE';
  override readonly retryable = true;

  constructor(facts: UpstreamFacts) {
    super('The upstream is under maintenance. Nothing was started; try again later.', facts);
  }
}

export interface UpstreamErrorOptions extends ErrorOptions {
  /** Whether the same request may be sent again: reads only. */
  readonly retryable?: boolean;
  /** The task that a submit may have started all the same. */
  readonly video?: Video | null;
}

/**
 * The upstream answered with an error that has no type of its own. On a submit, `video` is set unless
 * the answer asserts that nothing was started.
 */
export class UpstreamError extends GatewayError {
  readonly code = 'UPSTREAM_ERROR';
  override readonly retryable: boolean;
  readonly video: Video | null;

  constructor(
    facts: UpstreamFacts,
    { retryable = false, video = null, ...options }: UpstreamErrorOptions = {},
  ) {
    super(
      video
        ? 'The upstream answered with an error, but may have started this task. Watch the video: it moves on as soon as the upstream reports on it. A new submit may be paid a second time.'
        : 'The upstream answered with an error.',
      facts,
      options,
    );
    this.retryable = retryable;
    this.video = video;
  }
}

/** The upstream was never reached: nothing has left the gateway. */
export class UpstreamUnreachableError extends GatewayError {
  readonly code = 'UPSTREAM_UNREACHABLE';
  override readonly retryable = true;

  constructor({
    retryAfter = null,
    ...options
  }: ErrorOptions & { retryAfter?: number | null } = {}) {
    super(
      'The upstream could not be reached. Nothing was started.',
      { ...SILENT, retryAfter },
      options,
    );
  }
}

/** The request left and no readable answer came: the task may exist, and may have been paid for. */
export class OutcomeUnknownError extends GatewayError {
  readonly code = 'OUTCOME_UNKNOWN';
  readonly video: Video;

  constructor(video: Video) {
    super(
      'The upstream may have started this task, but its answer was lost. Watch the video: it moves on as soon as the upstream is heard of. A new submit may be paid a second time.',
    );
    this.video = video;
  }
}

/** The idempotency key has been used with another input. */
export class IdempotencyConflictError extends GatewayError {
  readonly code = 'IDEMPOTENCY_CONFLICT';

  constructor() {
    super('This idempotencyKey has been used with another input. Take a new key for a new task.');
  }
}

/** Completions after this cursor have been pruned: some may have been missed. */
export class CursorExpiredError extends GatewayError {
  readonly code = 'CURSOR_EXPIRED';

  constructor() {
    super(
      'The log no longer reaches back to this cursor. Read `videos`, then go on from a new cursor.',
    );
  }
}

/** The gateway cannot serve now: no database, or shutting down. Nothing was started. */
export class GatewayUnavailableError extends GatewayError {
  readonly code = 'GATEWAY_UNAVAILABLE';
  override readonly retryable = true;

  constructor(options?: ErrorOptions) {
    super('The gateway cannot serve this now; try again shortly.', undefined, options);
  }
}

/** The request does not say who is asking, or not credibly. */
export class UnauthenticatedError extends GatewayError {
  readonly code = 'UNAUTHENTICATED';

  constructor() {
    super(
      'Authentication is required: send a valid, unexpired bearer token in the Authorization header.',
    );
  }
}
