/** From the upstream's callback to those who listen, over WebSockets and as event streams. */

import { gather } from '../lib/crowd.ts';
import { callBack } from '../lib/graphql.ts';
import type { Pace } from '../lib/pace.ts';
import { createMeasure, type Measure, quantile } from '../lib/report.ts';
import type { Setting } from '../lib/subjects.ts';
import { startWithTasks, timeOneByOne } from '../lib/tasks.ts';

const NAMES = ['floor', 'textbook', 'apollo', 'sqlite', 'postgres'] as const;
const TASKS = 200;
/** At one in 10 ms, as long as the other scenarios warm up. */
const WARM_UP_PER_SECOND = 100;

export async function measureDelivery(setting: Setting, pace: Pace): Promise<Measure[]> {
  const pacedP50 = createMeasure('Callback → subscriber, 200 tasks, one by one: p50', 'ms');
  const pacedP99 = createMeasure('Callback → subscriber, 200 tasks, one by one: p99', 'ms');
  const burst = createMeasure('200 callbacks at once: last delivery', 'ms');
  const crowdOnOne = createMeasure(`${pace.crowd} subscribers on one task: last delivery`, 'ms');
  const crowdOnMany = createMeasure(`One callback among ${pace.crowd} watched tasks: p50`, 'ms');
  const heap = createMeasure('Heap per idle WebSocket subscriber', 'KiB');
  const rss = createMeasure('RSS per idle WebSocket subscriber', 'KiB');
  const streams = Math.min(1_000, pace.crowd);
  const streamsOnOne = createMeasure(`${streams} event streams on one task: last delivery`, 'ms');
  const streamHeap = createMeasure('Heap per idle event stream', 'KiB');

  for (let round = 0; round < pace.deliveryRounds; round += 1) {
    for (const name of NAMES) {
      const parts = {
        warm: pace.warmUpSeconds * WARM_UP_PER_SECOND,
        paced: TASKS,
        burst: TASKS,
      };
      const needed = parts.warm + parts.paced + parts.burst + pace.crowd + 2;
      const { subject, tasks: open } = await startWithTasks(name, setting, needed);
      for (const kind of ['warm', 'paced', 'burst'] as const) {
        const tasks = open.splice(0, parts[kind]);
        await using crowd = await gather(
          subject,
          tasks.length,
          tasks.map(({ id }) => id),
        );
        if (kind === 'burst') {
          const heard = await crowd.hear(TASKS, () =>
            Promise.all(tasks.map(({ id, url }) => callBack(url, id))),
          );
          burst.add(name, Math.max(...heard));
          continue;
        }
        const times = await timeOneByOne(crowd, tasks);
        if (kind === 'warm') continue;
        pacedP50.add(name, quantile(times, 0.5));
        pacedP99.add(name, quantile(times, 0.99));
      }

      const tasks = open.splice(0, pace.crowd);
      const before = await subject.measureMemory();
      {
        await using crowd = await gather(
          subject,
          pace.crowd,
          tasks.map(({ id }) => id),
        );
        const after = await subject.measureMemory();
        heap.add(name, (after.heapUsed - before.heapUsed) / pace.crowd / 1024);
        rss.add(name, (after.rss - before.rss) / pace.crowd / 1024);
        crowdOnMany.add(name, quantile(await timeOneByOne(crowd, tasks.slice(0, TASKS)), 0.5));
      }
      const [one, another] = open;
      if (!one || !another) throw new Error('Too few tasks were started.');
      await using crowd = await gather(subject, pace.crowd, [one.id]);
      const heard = await crowd.hear(pace.crowd, () => callBack(one.url, one.id));
      crowdOnOne.add(name, Math.max(...heard));

      // Apollo Server has no event streams.
      if (name !== 'apollo') {
        const idle = await subject.measureMemory();
        await using listeners = await gather(subject, streams, [another.id], 'sse');
        const { heapUsed } = await subject.measureMemory();
        streamHeap.add(name, (heapUsed - idle.heapUsed) / streams / 1024);
        const delays = await listeners.hear(streams, () => callBack(another.url, another.id));
        streamsOnOne.add(name, Math.max(...delays));
      }
      await subject.stop();
    }
  }
  return [pacedP50, pacedP99, burst, crowdOnOne, crowdOnMany, heap, rss, streamsOnOne, streamHeap];
}
