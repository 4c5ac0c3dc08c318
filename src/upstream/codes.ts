import {
  type GatewayError,
  InsufficientCreditsError,
  InvalidInputError,
  RateLimitedError,
  SourceUnavailableError,
  UpstreamError,
  type UpstreamFacts,
  UpstreamMaintenanceError,
  UpstreamUnauthorizedError,
  VideoNotFoundError,
} from '../errors.ts';

/** The business code of an accepted request. */
export const ACCEPTED = 200;

/**
 * Codes that mean the same as a bare HTTP status. 404 is not among them: without an envelope it is
 * a wrong UPSTREAM_URL rather than a missing video.
 */
export const CODES_AS_STATUS: ReadonlySet<number> = new Set([401, 402, 422, 429, 451, 455]);

/**
 * Codes that assert a refusal and have no error type of their own, in an envelope or as a bare
 * status. Any code that is not listed in this file leaves open whether the task was started.
 */
const REFUSALS: readonly number[] = [
  400, 403, 405, 406, 410, 411, 413, 414, 415, 417, 421, 426, 431,
];
/** 505: the feature is disabled. As an HTTP status it means something else. */
const REFUSALS_IN_ENVELOPE: ReadonlySet<number> = new Set([...REFUSALS, 505]);
/** A redirect or a missing path: UPSTREAM_URL is wrong, and the request was not acted upon. */
const REFUSALS_AS_STATUS: ReadonlySet<number> = new Set([...REFUSALS, 301, 302, 307, 308, 404]);

export function isServerFault(code: number): boolean {
  return code >= 500 && code <= 599;
}

/** Whether `Retry-After` says something about an answer with this code. */
export function mayNameRetryAfter(code: number): boolean {
  return code === 429 || code === 455 || isServerFault(code);
}

/** The error of a code with a type of its own; null for any other. `taskId`: the video asked about, if any. */
function toTypedError(
  code: number,
  facts: UpstreamFacts,
  taskId: string | null,
): GatewayError | null {
  switch (code) {
    case 401:
      return new UpstreamUnauthorizedError(facts);
    case 402:
    case 433:
      return new InsufficientCreditsError(facts);
    case 404:
      // A request that names no video cannot miss one.
      return taskId === null ? new UpstreamError(facts) : new VideoNotFoundError(taskId, facts);
    case 422:
      return new InvalidInputError([], facts);
    case 429:
      return new RateLimitedError(facts);
    case 451:
      return new SourceUnavailableError(facts);
    case 455:
      return new UpstreamMaintenanceError(facts);
    default:
      return null;
  }
}

/**
 * What an envelope's code asserts about a submit: the refusal, or null where the task may have been
 * started.
 *
 * @see https://docs.apikley.ru (Extend AI Video, "Response status code")
 */
export function toRefusal(
  code: number,
  facts: UpstreamFacts,
  taskId: string | null,
): GatewayError | null {
  const typed = toTypedError(code, facts, taskId);
  return typed ?? (REFUSALS_IN_ENVELOPE.has(code) ? new UpstreamError(facts) : null);
}

/** The same for an HTTP status without a readable envelope. */
export function toRefusalByStatus(
  status: number,
  facts: UpstreamFacts,
  taskId: string | null,
): GatewayError | null {
  if (CODES_AS_STATUS.has(status)) return toTypedError(status, facts, taskId);
  return REFUSALS_AS_STATUS.has(status) ? new UpstreamError(facts) : null;
}

/** The error of an envelope's code on a read, where nothing is at stake. */
export function toReadError(
  code: number,
  facts: UpstreamFacts,
  taskId: string | null,
): GatewayError {
  return toTypedError(code, facts, taskId) ?? new UpstreamError(facts, { retryable: code >= 500 });
}
