/** From the callback of a sequence's shot to the POST of its next shot. */

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { callBack, countPosts, findCallbackUrl, findPost, post } from '../lib/graphql.ts';
import type { Pace } from '../lib/pace.ts';
import { createMeasure, type Measure, quantile } from '../lib/report.ts';
import { type Setting, type Subject, startSubjects } from '../lib/subjects.ts';

const NAMES = ['sqlite', 'postgres'] as const;
const SHOTS = 20;
/** Until the answer to a POST is stored, and the gateway is idle. */
const PAUSE_MS = 20;

const CREATE = `mutation C($input: CreateSequenceInput!) { createSequence(input: $input) {
  ... on CreateSequenceSuccess { sequence { id } } } }`;

export async function measureSequences(setting: Setting, pace: Pace): Promise<Measure[]> {
  const p50 = createMeasure("From a shot's callback to the next shot's POST: p50", 'ms');
  const p99 = createMeasure("From a shot's callback to the next shot's POST: p99", 'ms');
  const subjects = await startSubjects(NAMES, setting);
  for (const subject of subjects) {
    const begun = performance.now();
    while (performance.now() - begun < pace.warmUpSeconds * 1_000) await makeFilm(subject, setting);
  }
  for (let round = 0; round < pace.rounds; round += 1) {
    for (const subject of subjects) {
      const times = await makeFilm(subject, setting);
      p50.add(subject.name, quantile(times, 0.5));
      p99.add(subject.name, quantile(times, 0.99));
    }
  }
  for (const subject of subjects) await subject.stop();
  return [p50, p99];
}

/** From each callback to the next POST, in ms. */
async function makeFilm(subject: Subject, setting: Setting): Promise<number[]> {
  const first = await countPosts(setting);
  await post(
    `${subject.url}/graphql`,
    { query: CREATE, operationName: 'C', variables: { input: toFilm() } },
    subject.authorization,
  );
  const times: number[] = [];
  for (let shot = 0; shot < SHOTS; shot += 1) {
    const { taskId } = await findPost(setting, first + shot);
    const url = await findCallbackUrl(setting, taskId);
    await delay(PAUSE_MS);
    const begun = Number(process.hrtime.bigint()) / 1e6;
    await callBack(url, taskId);
    if (shot === SHOTS - 1) break;
    const { at } = await findPost(setting, first + shot + 1);
    times.push(at - begun);
  }
  return times;
}

function toFilm() {
  return {
    start: { video: 'done-1' },
    shots: Array.from({ length: SHOTS }, (_, n) => ({ prompt: `Shot ${n + 1}` })),
    quality: 'P720',
    idempotencyKey: randomUUID(),
  };
}
