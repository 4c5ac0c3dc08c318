/** Decides whether a scheduled submit is sent again after a refusal, or ends. */

import { MAX_PAUSE_MS } from '../durations.ts';
import type { GatewayError } from '../errors.ts';
import type { VideoRow } from '../store/rows.ts';
import type { FailureReason, VideoFailure } from '../video.ts';

const FIRST_GAP_MS = 1_000;
const MAX_GAP_MS = 60_000;

/** Temporary refusals: they concern the upstream or the gateway, not this submit. */
const TEMPORARY: ReadonlySet<string> = new Set([
  'RATE_LIMITED',
  'UPSTREAM_MAINTENANCE',
  'UPSTREAM_UNREACHABLE',
  'INSUFFICIENT_CREDITS',
  'UPSTREAM_UNAUTHORIZED',
  'GATEWAY_UNAVAILABLE',
]);

/** Statuses of a wrong `UPSTREAM_URL` or a key without rights, which an operator can fix. */
const OPERATOR_CODES: ReadonlySet<number> = new Set([301, 302, 307, 308, 403, 404, 405]);
/** After about half an hour: a firewall may refuse this prompt alone, and the owner's others wait behind it. */
const OPERATOR_TRIES = 35;

/**
 * Milliseconds until the next try of the submit; they grow with each one. Null when it was not scheduled,
 * or when the refusal is final.
 */
export function toRetryGap(row: VideoRow, error: GatewayError): number | null {
  if (row.queue_until === null || !isTemporary(row, error)) return null;
  const grown = Math.min(MAX_GAP_MS, FIRST_GAP_MS * 2 ** Math.min(row.queue_tries, 10));
  const asked = Math.min(MAX_PAUSE_MS, (error.retryAfter ?? 0) * 1_000);
  return Math.round(Math.max(grown, asked));
}

function isTemporary(
  { queue_tries: tries }: VideoRow,
  { code, upstreamCode }: GatewayError,
): boolean {
  if (code === 'UPSTREAM_ERROR') {
    return OPERATOR_CODES.has(upstreamCode ?? 0) && tries < OPERATOR_TRIES;
  }
  return TEMPORARY.has(code);
}

/** Why a submit ends that was refused for good. */
export function toFailure(error: GatewayError): VideoFailure {
  const { upstreamCode, upstreamMessage, message } = error;
  return { reason: toReason(error), message: upstreamMessage || message, upstreamCode };
}

function toReason({ code }: GatewayError): FailureReason {
  switch (code) {
    case 'VIDEO_NOT_FOUND':
      return 'SOURCE_NOT_FOUND';
    case 'SOURCE_UNAVAILABLE':
      return 'IMAGE_UNREADABLE';
    default:
      return 'INPUT_REFUSED';
  }
}
