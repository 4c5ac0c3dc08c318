/** Tasks under way, and how soon listeners hear of their ends. */

import { setTimeout as delay } from 'node:timers/promises';
import { Agent } from 'undici';
import type { Crowd } from './crowd.ts';
import { callBack, extend, findCallbackUrls } from './graphql.ts';
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

const WORKERS = 50;
const agent = new Agent({ connections: WORKERS, keepAliveTimeout: 60_000 });
/** The tasks may wait for a later round, and must not be read back meanwhile. */
const ENV = { RECONCILE_AFTER_MS: '3600000' };

async function startTasks(setting: Setting, subject: Subject, count: number): Promise<Task[]> {
  const ids: string[] = [];
  let left = count;
  async function work(): Promise<void> {
    while (left > 0) {
      left -= 1;
      ids.push(await extend(subject, agent));
    }
  }
  await Promise.all(Array.from({ length: WORKERS }, work));
  const urls = await findCallbackUrls(setting, ids);
  return ids.map((id, index) => ({ id, url: urls[index] ?? '' }));
}

export interface PreparedTasks {
  readonly name: SubjectName;
  readonly tasks: readonly Task[];
  /** Starts a process for which all tasks are under way. */
  start(): Promise<Subject>;
}

/**
 * Starts the tasks once, as quickly as possible. Each process that is measured gets a copy of the database
 * and runs with the limits of production, so that it reads few open tasks back.
 */
export async function prepareTasks(
  name: SubjectName,
  setting: Setting,
  count: number,
): Promise<PreparedTasks> {
  const { url: original } = await createDatabase(name, setting);
  // The callback URLs contain it.
  const port = await findFreePort();
  const first = await startSubject(name, setting, { database: original, port, env: ENV });
  const tasks = await startTasks(setting, first, count);
  await first.stop();
  return {
    name,
    tasks,
    async start() {
      const { url: database, drop } = await createDatabase(name, setting, original);
      const subject = await startSubject(name, setting, { database, port, isBounded: true });
      async function stop(): Promise<void> {
        await subject.stop();
        await drop();
      }
      return { ...subject, stop };
    },
  };
}

/** The time from each callback to its listener, in ms. */
export async function timeOneByOne(crowd: Crowd, tasks: readonly Task[]): Promise<number[]> {
  const times: number[] = [];
  for (const { id, url } of tasks) {
    const [heard = Number.NaN] = await crowd.hear(1, () => callBack(url, id));
    times.push(heard);
    await delay(5);
  }
  return times;
}
