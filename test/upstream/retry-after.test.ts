import { describe, expect, it } from 'vitest';
import { parseRetryAfter } from '../../src/upstream/retry-after.ts';

const NOW = Date.parse('2026-03-01T12:00:00.500Z');

describe('Retry-After', () => {
  it.each([
    ['seconds', '120', 120],
    ['no seconds', '0', 0],
    ['white space around them', ' 7 ', 7],
    ['a day of them', '86400', 300],
    ['more of them than a number holds', '9'.repeat(400), 300],
    ['a date, rounded up to whole seconds', 'Sun, 01 Mar 2026 12:00:31 GMT', 31],
    ['a date in the old form', 'Sunday, 01-Mar-26 12:00:31 GMT', 31],
    ['a date that has passed', 'Sun, 01 Mar 2026 11:00:00 GMT', 0],
    ['a date of a clock that is a week ahead', 'Sun, 08 Mar 2026 12:00:00 GMT', 300],
  ])('is %s', (_name, header, seconds) => {
    expect(parseRetryAfter(header, NOW)).toBe(seconds);
  });

  it.each([null, '', 'soon', '-5', '1.5', '5s', '2026-03-01', 'May 2', 'soon GMT'])(
    'is null for %j',
    (header) => {
      expect(parseRetryAfter(header, NOW)).toBeNull();
    },
  );
});
