/** Tasks under way, and how soon their ends are heard of. */

import { setTimeout as delay } from 'node:timers/promises';
import type { Crowd } from './crowd.ts';
import { callBack, extend, findCallbackUrl } from './graphql.ts';
import {
  createDatabase,
  findFreePort,
  type Setting,
  type Subject,
  type SubjectName,
  startSubject,
} from './subjects.ts';

export interface Task {
  readonly id: string;
  readonly url: string;
}

/** Starts tasks of the subject, one after another. */
async function startTasks(setting: Setting, subject: Subject, count: number): Promise<Task[]> {
  const tasks: Task[] = [];
  for (let index = 0; index < count; index += 1) {
    const id = await extend(subject);
    tasks.push({ id, url: await findCallbackUrl(setting, id) });
  }
  return tasks;
}

/**
 * A subject with tasks under way. Another process has started them, as quickly as it could: the one
 * that is measured runs as in production, where reading open tasks back is bounded.
 */
export async function startWithTasks(
  name: SubjectName,
  setting: Setting,
  count: number,
): Promise<{ subject: Subject; tasks: Task[] }> {
  const { url: database, drop } = await createDatabase(name, setting);
  const port = await findFreePort();
  const first = await startSubject(name, setting, { database, port });
  const tasks = await startTasks(setting, first, count);
  await first.stop();
  const subject = await startSubject(name, setting, { database, port, isBounded: true });
  async function stop(): Promise<void> {
    await subject.stop();
    await drop();
  }
  return { subject: { ...subject, stop }, tasks };
}

/** From each callback to the listener that hears of it, in ms. */
export async function timeOneByOne(crowd: Crowd, tasks: readonly Task[]): Promise<number[]> {
  const times: number[] = [];
  for (const { id, url } of tasks) {
    const [heard = Number.NaN] = await crowd.hear(1, () => callBack(url, id));
    times.push(heard);
    await delay(5);
  }
  return times;
}
