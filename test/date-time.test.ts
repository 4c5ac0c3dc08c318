import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toDateTime } from '../src/schema/date-time.ts';

/** What a Date can hold (ECMA-262, time values). */
const LAST = 8_640_000_000_000_000;

describe('toDateTime', () => {
  it('equals Date.toISOString for random times', () => {
    const time = fc.oneof(
      fc.integer({ min: -LAST, max: LAST }),
      fc.integer({ min: 0, max: 2 ** 41 }),
    );
    fc.assert(
      fc.property(time, (ms) => {
        expect(toDateTime(ms)).toBe(new Date(ms).toISOString());
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([0, -1, 951_782_399_999, 951_782_400_000, 4_102_444_799_999, LAST, -LAST])(
    'equals Date.toISOString at the edge %d',
    (ms) => {
      expect(toDateTime(ms)).toBe(new Date(ms).toISOString());
    },
  );

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 2 * LAST, -LAST - 1])(
    'throws RangeError for %d',
    (ms) => {
      expect(() => toDateTime(ms)).toThrow(RangeError);
    },
  );
});
