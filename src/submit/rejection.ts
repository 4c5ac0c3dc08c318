/** A refusal as its row keeps it, so that all who wait for it get the same answer on any replica. */

import { z } from 'zod';
import {
  type GatewayError,
  GatewayUnavailableError,
  InvalidInputError,
  RateLimitedError,
  SourceUnavailableError,
  UpstreamError,
  UpstreamMaintenanceError,
  UpstreamUnauthorizedError,
  UpstreamUnreachableError,
  VideoNotFoundError,
} from '../errors.ts';

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

/** The error again, as it was thrown for the submit of this source task. */
export function parseRejection(text: string | null, sourceTaskId: string): GatewayError {
  const { code, ...facts } = Rejection.parse(JSON.parse(text ?? 'null'));
  switch (code) {
    case 'INVALID_INPUT':
      return new InvalidInputError([], facts);
    case 'VIDEO_NOT_FOUND':
      return new VideoNotFoundError(sourceTaskId, facts);
    case 'SOURCE_UNAVAILABLE':
      return new SourceUnavailableError(facts);
    case 'RATE_LIMITED':
      return new RateLimitedError(facts);
    case 'UPSTREAM_UNAUTHORIZED':
      return new UpstreamUnauthorizedError(facts);
    case 'UPSTREAM_MAINTENANCE':
      return new UpstreamMaintenanceError(facts);
    case 'UPSTREAM_ERROR':
      return new UpstreamError(facts);
    case 'UPSTREAM_UNREACHABLE':
      return new UpstreamUnreachableError({ retryAfter: facts.retryAfter });
    case 'GATEWAY_UNAVAILABLE':
      return new GatewayUnavailableError();
    default:
      throw new Error(`A row keeps a rejection of an unknown kind: ${code}.`);
  }
}
