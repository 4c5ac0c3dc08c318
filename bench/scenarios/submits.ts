/** extendVideo: what it adds to the call of the upstream, what 50 connections get, and the loop's lag. */

import { extend, post, toExtension } from '../lib/graphql.ts';
import { load } from '../lib/load.ts';
import type { Pace } from '../lib/pace.ts';
import { createMeasure, type Measure, median, quantile } from '../lib/report.ts';
import { type Setting, startSubject } from '../lib/subjects.ts';
import { startProbe, timeEach } from '../lib/timing.ts';

const NAMES = ['floor', 'textbook', 'apollo', 'sqlite', 'floor-postgres', 'postgres'] as const;
const BATCH = 100;
/**
 * More calls than are made, in a window as long as a real one: in a short window a call that leaves a few
 * milliseconds after it was allowed is written down again.
 */
const ENV = { UPSTREAM_REQUESTS: '20000', UPSTREAM_WINDOW_MS: '10000' };

export async function measureSubmits(setting: Setting, pace: Pace): Promise<Measure[]> {
  const addedP50 = createMeasure('extendVideo, 1 connection: added p50', 'ms');
  const addedP99 = createMeasure('extendVideo, 1 connection: added p99', 'ms');
  const throughput = createMeasure('extendVideo, 50 connections', 'requests/s');
  const lag = createMeasure('GET /health meanwhile, p99', 'ms');
  const subjects = [];
  for (const name of NAMES) subjects.push(await startSubject(name, setting, { env: ENV }));

  const direct = () =>
    post(`${setting.upstreamUrl}/api/v1/runway/extend`, {
      taskId: 'done-1',
      prompt: 'The cat goes on dancing',
      quality: '720p',
      callBackUrl: 'http://127.0.0.1/',
    });
  for (const ask of [direct, ...subjects.map((subject) => () => extend(subject))]) {
    const begun = performance.now();
    while (performance.now() - begun < pace.warmUpSeconds * 1_000) await ask();
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
