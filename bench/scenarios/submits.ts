/** extendVideo: the time that it adds to the upstream's, its throughput, and the event loop's lag meanwhile. */

import { extend, post, toExtension } from '../lib/graphql.ts';
import { load } from '../lib/load.ts';
import type { Pace } from '../lib/pace.ts';
import { createMeasure, type Measure, median, quantile } from '../lib/report.ts';
import { type Setting, startSubjects } from '../lib/subjects.ts';
import { startProbe, timeEach } from '../lib/timing.ts';

const NAMES = ['floor', 'textbook', 'apollo', 'sqlite', 'floor-postgres', 'postgres'] as const;
const BATCH = 100;
/**
 * Allows more calls than are made. The window is as long as a real one: in a short one the gateway would
 * write again whenever a call leaves a few milliseconds after it was allowed.
 */
const ENV = { UPSTREAM_REQUESTS: '20000', UPSTREAM_WINDOW_MS: '10000' };

export async function measureSubmits(setting: Setting, pace: Pace): Promise<Measure[]> {
  const addedP50 = createMeasure('extendVideo, 1 connection: added p50', 'ms');
  const addedP99 = createMeasure('extendVideo, 1 connection: added p99', 'ms');
  const throughput = createMeasure('extendVideo, 50 connections', 'requests/s');
  const lag = createMeasure('GET /health during these submits, p99', 'ms');
  const subjects = await startSubjects(NAMES, setting, { env: ENV });

  const direct = () =>
    post(`${setting.upstreamUrl}/api/v1/runway/extend`, {
      taskId: 'done-1',
      prompt: 'The cat goes on dancing',
      quality: '720p',
      callBackUrl: 'http://127.0.0.1/',
    });
  await timeEach(10 * BATCH, direct);
  for (const subject of subjects) {
    await load(subject, toExtension(subject), pace.warmUpSeconds);
    await timeEach(BATCH, () => extend(subject));
  }
  for (let round = 0; round < pace.rounds; round += 1) {
    const base = await timeEach(BATCH, direct);
    for (const subject of subjects) {
      const times = await timeEach(BATCH, () => extend(subject));
      addedP50.add(subject.name, median(times) - median(base));
      addedP99.add(subject.name, quantile(times, 0.99) - quantile(base, 0.99));
    }
  }

  for (let round = 0; round < pace.rounds; round += 1) {
    for (const subject of subjects) {
      const probe = startProbe(`${subject.url}/health`);
      const { perSecond } = await load(subject, toExtension(subject), pace.seconds);
      throughput.add(subject.name, perSecond);
      lag.add(subject.name, quantile(await probe.stop(), 0.99));
    }
  }
  for (const subject of subjects) await subject.stop();
  return [addedP50, addedP99, throughput, lag];
}
