/** The allowance: the cost of taking a place among few and among many, and how much of it the queue uses. */

import { setTimeout as delay } from 'node:timers/promises';
import { createAllowance, takePlace } from '../../src/store/allowance.ts';
import { openDatabase } from '../../src/store/database.ts';
import { countPosts, listPosts, post } from '../lib/graphql.ts';
import type { Pace } from '../lib/pace.ts';
import { createMeasure, type Measure, median } from '../lib/report.ts';
import { settle } from '../lib/settle.ts';
import { createDatabase, type Setting, startSubject } from '../lib/subjects.ts';
import { timeEach } from '../lib/timing.ts';

const NAMES = ['sqlite', 'postgres'] as const;
const SIZES = [20, 100_000] as const;
const BATCHES = 40;
const PLACES = 10;

const CALLS = 20;
const WINDOW_MS = 3_000;
const SUBMITS = 5 * CALLS;
/** Long enough to schedule all submits. */
const START_AFTER_MS = 4_000;

export async function measureAllowance(setting: Setting, pace: Pace): Promise<Measure[]> {
  return [await measureTaking(setting, pace), await measureUse(setting)];
}

async function measureTaking(setting: Setting, pace: Pace): Promise<Measure> {
  const measure = createMeasure('Time to take one of 100,000 places', '× the time with 20');
  for (const name of NAMES) {
    const takers = [];
    for (const calls of SIZES) {
      const { url, drop } = await createDatabase(name, setting);
      // Places are free again before the next batch.
      const allowance = { name: 'submit', calls, windowMs: 1 } as const;
      const filled = await openDatabase(url);
      await createAllowance(filled.db, allowance);
      await filled.close();
      await settle(url);
      const { db, close } = await openDatabase(url);
      async function take(): Promise<void> {
        if (!(await takePlace(db, allowance))) throw new Error('No place is free.');
      }
      takers.push({ take, close, drop, times: [] as number[] });
    }
    for (let round = 0; round <= Math.min(5, pace.rounds); round += 1) {
      for (let batch = 0; batch < BATCHES; batch += 1) {
        for (const { take, times } of takers) {
          await delay(10);
          times.push(...(await timeEach(PLACES, take)));
        }
      }
      const [few = Number.NaN, many = Number.NaN] = takers.map(({ times }) =>
        median(times.splice(0)),
      );
      // The first round warms up.
      if (round > 0) measure.add(name, many / few);
    }
    for (const { close, drop } of takers) {
      await close();
      await drop();
    }
  }
  return measure;
}

const SCHEDULE = `mutation ($notBefore: DateTime!) {
  extendVideo(input: { taskId: "done-1", prompt: "The cat goes on dancing", quality: P720,
    notBefore: $notBefore }) { __typename }
}`;

/** By the time between each POST and the one that needs the same place again. */
async function measureUse(setting: Setting): Promise<Measure> {
  const measure = createMeasure(
    `Share of an allowance of ${CALLS} calls in ${WINDOW_MS / 1_000} s that the queue uses`,
    '',
  );
  for (const name of NAMES) {
    const subject = await startSubject(name, setting, {
      env: {
        UPSTREAM_REQUESTS: String(CALLS),
        UPSTREAM_WINDOW_MS: String(WINDOW_MS),
        OWNER_QUEUED: '0',
      },
    });
    const before = await countPosts(setting);
    const variables = { notBefore: new Date(Date.now() + START_AFTER_MS).toISOString() };
    for (let count = 0; count < SUBMITS; count += 1) {
      await post(`${subject.url}/graphql`, { query: SCHEDULE, variables }, subject.authorization);
    }
    let times: number[] = [];
    while (times.length < SUBMITS) {
      await delay(500);
      times = await listPosts(setting, before);
    }
    const spans = times.slice(CALLS).map((time, n) => time - (times[n] ?? 0));
    measure.add(name, WINDOW_MS / (spans.reduce((sum, span) => sum + span, 0) / spans.length));
    await subject.stop();
  }
  return measure;
}
