/** Stores the error of a submit in its row, so that every waiter on any replica gets the same one. */

import { z } from 'zod';
import { ERROR_TABLE } from '../error-table.ts';
import {
  ERROR_CLASSES,
  type GatewayError,
  InvalidInputError,
  UpstreamError,
  VideoNotFoundError,
} from '../errors.ts';
import { toVideo, type VideoRow } from '../store/rows.ts';

/** HTTP statuses of a redirect or a missing path. */
const WRONG_URL_CODES: ReadonlySet<number> = new Set([301, 302, 307, 308, 404]);

const Rejection = z.object({
  code: z.enum(Object.keys(ERROR_CLASSES) as (keyof typeof ERROR_CLASSES)[]),
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
    case 'UPSTREAM_ERROR':
      return new UpstreamError(facts, { video: row.state === 'UNCONFIRMED' ? toVideo(row) : null });
    case 'OUTCOME_UNKNOWN':
    case 'TOO_LATE':
    case 'SEQUENCE_NOT_FOUND':
      throw new Error(`A row has the code ${code}, which no submit can end with.`);
    default:
      return new ERROR_CLASSES[code](facts);
  }
}

/** What the operator can do about a refusal, for the log. */
export function toFix(error: GatewayError): string | undefined {
  const { code, upstreamCode } = error;
  return code === 'UPSTREAM_ERROR' && WRONG_URL_CODES.has(upstreamCode ?? 0)
    ? 'UPSTREAM_URL is wrong: set it to the base of the API, without a redirect (npx longtake doctor).'
    : ERROR_TABLE[code].fix;
}
