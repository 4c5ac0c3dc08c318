/** From the upstream's callback to the subscribers, over WebSockets and server-sent events. */

import { gather } from '../lib/crowd.ts';
import { callBack } from '../lib/graphql.ts';
import type { Pace } from '../lib/pace.ts';
import { createMeasure, type Measure, quantile } from '../lib/report.ts';
import { type Setting, type Subject, withoutFailures } from '../lib/subjects.ts';
import { prepareTasks, type Task, timeOneByOne } from '../lib/tasks.ts';

const NAMES = ['floor', 'textbook', 'apollo', 'sqlite', 'postgres'] as const;
const TASKS = 200;
/** Each process gives two values. */
const PACED = 2 * TASKS;
/** One in 10 ms, as long as other scenarios warm up. */
const WARM_UP_PER_SECOND = 100;

export async function measureDelivery(setting: Setting, pace: Pace): Promise<Measure[]> {
  const { crowd: size } = pace;
  const shown = size.toLocaleString('en');
  const streams = Math.min(1_000, size);
  const pacedP50 = createMeasure('Callback to subscriber, one task at a time: p50', 'ms');
  const pacedP99 = createMeasure('Callback to subscriber, one task at a time: p99', 'ms');
  const burst = createMeasure(`${TASKS} callbacks at once: last delivery`, 'ms');
  const crowdOnOne = createMeasure(`${shown} subscribers of one task: last delivery`, 'ms');
  const crowdOnMany = createMeasure(
    `Callback to subscriber among ${shown} watched tasks: p50`,
    'ms',
  );
  const heap = createMeasure('Heap per idle WebSocket subscriber', 'KiB');
  const rss = createMeasure('RSS per idle WebSocket subscriber', 'KiB');
  const streamsOnOne = createMeasure(
    `${streams.toLocaleString('en')} event streams of one task: last delivery`,
    'ms',
  );
  const streamHeap = createMeasure('Heap per idle event stream', 'KiB');

  const warm = pace.warmUpSeconds * WARM_UP_PER_SECOND;
  const needed = warm + PACED + TASKS + size + 2;

  async function measurePaced(subject: Subject, tasks: readonly Task[]): Promise<void> {
    await using crowd = await gather(subject, tasks);
    await timeOneByOne(crowd, tasks.slice(0, warm));
    for (let from = warm; from < tasks.length; from += TASKS) {
      const times = await timeOneByOne(crowd, tasks.slice(from, from + TASKS));
      pacedP50.add(subject.name, quantile(times, 0.5));
      pacedP99.add(subject.name, quantile(times, 0.99));
    }
  }

  async function measureBurst(subject: Subject, tasks: readonly Task[]): Promise<void> {
    await using crowd = await gather(subject, tasks);
    const heard = await crowd.hear(TASKS, () =>
      Promise.all(tasks.map(({ id, url }) => callBack(url, id))),
    );
    burst.add(subject.name, Math.max(...heard));
  }

  async function measureIdle(subject: Subject, tasks: readonly Task[]): Promise<void> {
    const before = await subject.measureMemory();
    await using crowd = await gather(subject, tasks);
    const after = await subject.measureMemory();
    heap.add(subject.name, (after.heapUsed - before.heapUsed) / size / 1024);
    rss.add(subject.name, (after.rss - before.rss) / size / 1024);
    const times = await timeOneByOne(crowd, tasks.slice(0, TASKS));
    crowdOnMany.add(subject.name, quantile(times, 0.5));
  }

  async function measureCrowd(subject: Subject, task: Task): Promise<void> {
    await using crowd = await gather(subject, [task], size);
    const heard = await crowd.hear(size, () => callBack(task.url, task.id));
    crowdOnOne.add(subject.name, Math.max(...heard));
  }

  async function measureStreams(subject: Subject, task: Task): Promise<void> {
    const before = await subject.measureMemory();
    await using listeners = await gather(subject, [task], streams, 'sse');
    const after = await subject.measureMemory();
    streamHeap.add(subject.name, (after.heapUsed - before.heapUsed) / streams / 1024);
    const heard = await listeners.hear(streams, () => callBack(task.url, task.id));
    streamsOnOne.add(subject.name, Math.max(...heard));
  }

  const prepared = [];
  for (const name of NAMES) {
    const one = await withoutFailures(setting, name, () => prepareTasks(name, setting, needed));
    if (one) prepared.push(one);
  }
  for (let round = 0; round < pace.deliveryRounds; round += 1) {
    for (const { name, tasks, start } of prepared) {
      const subject = await start();
      const rest = [...tasks];
      await measurePaced(subject, rest.splice(0, warm + PACED));
      await measureBurst(subject, rest.splice(0, TASKS));
      await measureIdle(subject, rest.splice(0, size));
      const [one, another] = rest;
      if (!one || !another) throw new Error('Too few tasks were started.');
      await measureCrowd(subject, one);
      // Apollo Server has no event streams.
      if (name !== 'apollo') await measureStreams(subject, another);
      await subject.stop();
    }
  }
  return [pacedP50, pacedP99, burst, crowdOnOne, crowdOnMany, heap, rss, streamsOnOne, streamHeap];
}
