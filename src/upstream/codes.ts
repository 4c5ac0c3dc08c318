import {
  type GatewayError,
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
 * Codes that mean the same as a bare HTTP status, whatever its body. 404 is not among them: without
 * an envelope it is a wrong UPSTREAM_URL rather than a missing video.
 */
export const CODES_AS_STATUS: ReadonlySet<number> = new Set([401, 422, 429, 451, 455]);

export function isServerFault(code: number): boolean {
  return code >= 500 && code <= 599;
}

/** Whether `Retry-After` says something about an answer with this code. */
export function mayNameRetryAfter(code: number): boolean {
  return code === 429 || code === 455 || isServerFault(code);
}

/**
 * The error that a code other than 200 stands for. `taskId` is the video that was asked about.
 *
 * @see https://docs.apikley.ru (Extend AI Video, "Response status code")
 */
export function toGatewayError(code: number, facts: UpstreamFacts, taskId: string): GatewayError {
  switch (code) {
    case 401:
      return new UpstreamUnauthorizedError(facts);
    case 404:
      return new VideoNotFoundError(taskId, facts);
    case 422:
      return new InvalidInputError([], facts);
    case 429:
      return new RateLimitedError(facts);
    case 451:
      return new SourceUnavailableError(facts);
    case 455:
      return new UpstreamMaintenanceError(facts);
    default:
      return new UpstreamError(facts);
  }
}
