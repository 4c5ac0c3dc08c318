/** Stores the error of a submit in its row, so that every waiter on any replica gets the same one. */

import { z } from 'zod';
import {
  type GatewayError,
  GatewayUnavailableError,
  InsufficientCreditsError,
  InvalidInputError,
  RateLimitedError,
  SourceUnavailableError,
  UpstreamError,
  UpstreamMaintenanceError,
  UpstreamUnauthorizedError,
  UpstreamUnreachableError,
  VideoNotFoundError,
} from '../errors.ts';
import { toVideo, type VideoRow } from '../store/rows.ts';

/** HTTP statuses of a redirect or a missing path. */
const WRONG_URL_CODES: ReadonlySet<number> = new Set([301, 302, 307, 308, 404]);

const Rejection = z.object({
  code: z.string(),
  upstreamCode: z.number().nullable(),
  upstreamMessage: z.string().nullable(),
  retryAfter: z.number().nullable(),
});

export function serializeRejection(error: GatewayError): string {
  const { code, upstreamCode, upstreamMessage, retryAfter } = error;
  return JSON.stringify({ code, upstreamCode, upstreamMessage, retryAfter });
}

/** Restores the error of a row. For an unconfirmed row it includes the video. */
export function parseRejection(row: VideoRow): GatewayError {
  const { code, ...facts } = Rejection.parse(JSON.parse(row.rejection ?? 'null'));
  switch (code) {
    case 'INVALID_INPUT':
      return new InvalidInputError([], facts);
    case 'VIDEO_NOT_FOUND':
      return new VideoNotFoundError(row.source_task_id, facts);
    case 'SOURCE_UNAVAILABLE':
      return new SourceUnavailableError(facts);
    case 'RATE_LIMITED':
      return new RateLimitedError(facts);
    case 'UPSTREAM_UNAUTHORIZED':
      return new UpstreamUnauthorizedError(facts);
    case 'INSUFFICIENT_CREDITS':
      return new InsufficientCreditsError(facts);
    case 'UPSTREAM_MAINTENANCE':
      return new UpstreamMaintenanceError(facts);
    case 'UPSTREAM_ERROR':
      return new UpstreamError(facts, { video: row.state === 'UNCONFIRMED' ? toVideo(row) : null });
    case 'UPSTREAM_UNREACHABLE':
      return new UpstreamUnreachableError({ retryAfter: facts.retryAfter });
    case 'GATEWAY_UNAVAILABLE':
      return new GatewayUnavailableError();
    default:
      throw new Error(`A row keeps a rejection of an unknown kind: ${code}.`);
  }
}

/** What the operator can do about a refusal, for the log. */
export function toFix(error: GatewayError): string | undefined {
  switch (error.code) {
    case 'UPSTREAM_UNAUTHORIZED':
      return 'Set APIKLEY_API_KEY to a valid key of this upstream.';
    case 'INSUFFICIENT_CREDITS':
      return 'Buy credits for the upstream account, or raise the limit of its key.';
    case 'UPSTREAM_ERROR':
      return WRONG_URL_CODES.has(error.upstreamCode ?? 0)
        ? 'UPSTREAM_URL is wrong: set it to the base of the API, without a redirect (npm run doctor).'
        : undefined;
    default:
      return undefined;
  }
}
