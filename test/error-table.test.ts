import { describe, expect, it } from 'vitest';
import { ERROR_TABLE, type ErrorCode } from '../src/error-table.ts';
import {
  ERROR_CLASSES,
  type GatewayError,
  InvalidInputError,
  OutcomeUnknownError,
  SequenceNotFoundError,
  TooLateError,
  UpstreamError,
  VideoNotFoundError,
} from '../src/errors.ts';
import type { VideoRow } from '../src/store/rows.ts';
import { parseRejection, serializeRejection } from '../src/submit/rejection.ts';
import type { Video } from '../src/video.ts';

const FACTS = { upstreamCode: 499, upstreamMessage: 'said so', retryAfter: 7 };
const CODES = Object.keys(ERROR_CLASSES) as (keyof typeof ERROR_CLASSES)[];

function create(code: keyof typeof ERROR_CLASSES): GatewayError {
  switch (code) {
    case 'INVALID_INPUT':
      return new InvalidInputError([], FACTS);
    case 'VIDEO_NOT_FOUND':
      return new VideoNotFoundError('source', FACTS);
    case 'UPSTREAM_ERROR':
      return new UpstreamError(FACTS);
    case 'OUTCOME_UNKNOWN':
      return new OutcomeUnknownError({} as Video);
    case 'TOO_LATE':
      return new TooLateError({} as Video);
    case 'SEQUENCE_NOT_FOUND':
      return new SequenceNotFoundError('sequence');
    default:
      return new ERROR_CLASSES[code](FACTS);
  }
}

describe('the table of errors', () => {
  it.each(CODES)('has the entry of %s, and its class agrees with it', (code) => {
    const entry = ERROR_TABLE[code];
    const error = create(code);

    expect(error).toMatchObject({ code, name: ERROR_CLASSES[code].name });
    expect(error.message).toBe(entry.message ?? error.message);
    expect(error.message).not.toBe('');
    if (typeof entry.retryable === 'boolean') expect(error.retryable).toBe(entry.retryable);
    // The schema type has the name of the class.
    if (entry.type) expect(ERROR_CLASSES[code].name).toBe(entry.type);
    expect(entry.mutations.length > 0).toBe(entry.type !== undefined);
  });

  it('has no other code without a class than INTERNAL', () => {
    const codes = Object.keys(ERROR_TABLE) as ErrorCode[];

    expect(codes.filter((code) => !(code in ERROR_CLASSES))).toEqual(['INTERNAL']);
  });

  const unstored: ReadonlySet<string> = new Set([
    ...['OUTCOME_UNKNOWN', 'TOO_LATE', 'SEQUENCE_NOT_FOUND'],
  ]);
  it.each(CODES.filter((code) => !unstored.has(code)))(
    '%s is stored in a row and restored from it unchanged',
    (code) => {
      const error = create(code);

      const row = { rejection: serializeRejection(error), source_task_id: 'source' } as VideoRow;
      const restored = parseRejection(row);

      expect(restored).toBeInstanceOf(ERROR_CLASSES[code]);
      expect({ ...restored, message: restored.message }).toEqual({
        ...error,
        message: error.message,
      });
    },
  );
});
