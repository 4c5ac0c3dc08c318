/** Tasks under way, and how soon their ends are heard of. */

import { setTimeout as delay } from 'node:timers/promises';
import type { Crowd } from './crowd.ts';
import { callBack, extend, findCallbackUrl } from './graphql.ts';
import type { Setting, Subject } from './subjects.ts';

export interface Task {
  readonly id: string;
  readonly url: string;
}

export function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Starts tasks of the subject, one after another. */
export async function startTasks(
  setting: Setting,
  subject: Subject,
  count: number,
): Promise<Task[]> {
  const tasks: Task[] = [];
  for (let index = 0; index < count; index += 1) {
    const id = await extend(subject);
    tasks.push({ id, url: await findCallbackUrl(setting, id) });
  }
  return tasks;
}

/** From each callback to the listener that hears of it, in ms. */
export async function timeOneByOne(crowd: Crowd, tasks: readonly Task[]): Promise<number[]> {
  const times: number[] = [];
  for (const { id, url } of tasks) {
    const begun = now();
    const [heard] = await crowd.hear(1, () => callBack(url, id));
    times.push((heard ?? Number.NaN) - begun);
    await delay(5);
  }
  return times;
}
