import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { toDateTime } from '../src/schema/date-time.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';

const GENERATE = `mutation ($input: GenerateVideoInput!) {
  generateVideo(input: $input) {
    ... on GenerateVideoSuccess { video { state schedule { notBefore } } }
    ... on GatewayError { code }
  }
}`;

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

describe('a DateTime that a client sends', () => {
  const INPUT = { prompt: 'A cat', aspectRatio: 'SQUARE_1_1', quality: 'P720' };

  /** Sends the time in a variable and in the document. */
  async function sendBothWays(gateway: TestGateway, notBefore: string) {
    const literal = `{ prompt: "A cat", aspectRatio: SQUARE_1_1, quality: P720,
      notBefore: ${JSON.stringify(notBefore)} }`;
    const written = GENERATE.replace('($input: GenerateVideoInput!)', '').replace(
      '$input',
      literal,
    );
    return [
      await gateway.send(GENERATE, { input: { ...INPUT, notBefore } }),
      await gateway.send(written),
    ];
  }

  it('is refused if its day, hour or offset does not exist, instead of meaning another time', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    for (const time of [
      '2026-02-30T09:00:00Z',
      '2026-02-29T09:00:00Z',
      '2100-02-29T09:00:00Z',
      '2026-11-31T09:00:00Z',
      '2026-12-32T09:00:00Z',
      '2026-00-10T09:00:00Z',
      '2026-13-10T09:00:00Z',
      '2026-12-00T09:00:00Z',
      '2026-12-24T24:00:00Z',
      '2026-12-24T25:00:00Z',
      '2026-12-24T09:60:00Z',
      '2026-12-24T09:00:00+24:00',
      '2026-12-24T09:00:00+09:60',
      // No number of milliseconds since 1970 stands for a leap second.
      '2026-12-31T23:59:60Z',
      '2026-12-24T09:00:00',
      '2026-12-24T09:00Z',
      '2026-12-24',
      '24 December 2026 09:00 UTC',
    ]) {
      for (const { data, errors } of await sendBothWays(gateway, time)) {
        expect([time, data]).toEqual([time, undefined]);
        expect(errors?.[0]?.message).toContain('A DateTime is');
      }
    }
    expect(sandbox.requests).toEqual([]);
  });

  it('is read in every form of RFC 3339', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const day = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10);
    for (const [written, meant] of [
      [`${day}T09:00:00Z`, `${day}T09:00:00.000Z`],
      [`${day}t09:00:00z`, `${day}T09:00:00.000Z`],
      [`${day}T09:00:00.123456789Z`, `${day}T09:00:00.123Z`],
      [`${day}T09:00:00+05:30`, `${day}T03:30:00.000Z`],
      [`${day}T23:59:59-00:00`, `${day}T23:59:59.000Z`],
    ] as const) {
      for (const { data } of await sendBothWays(gateway, written)) {
        expect([written, data]).toEqual([
          written,
          { generateVideo: { video: { state: 'SCHEDULED', schedule: { notBefore: meant } } } },
        ]);
      }
    }
    for (const { data } of await sendBothWays(gateway, '2024-02-29T00:00:00Z'))
      expect(data).toMatchObject({ generateVideo: { video: {} } });
  });
});
