/** Starts a process of many listeners and reads what they hear. */

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { receive, spawnPinned } from './children.ts';
import type { Subject } from './subjects.ts';
import type { Task } from './tasks.ts';

/** Far more than 5,000 listeners need to connect, or to hear of one event. */
const TIMEOUT_MS = 90_000;

export interface Crowd extends AsyncDisposable {
  /** Resolves when `count` events have been heard, with the time of each in ms since `cause` began. */
  hear(count: number, cause: () => Promise<unknown>): Promise<number[]>;
}

/** Each of `count` listeners has one connection with one subscription; they are spread over the tasks. */
export async function gather(
  subject: Subject,
  tasks: readonly Task[],
  count = tasks.length,
  transport: 'ws' | 'sse' = 'ws',
): Promise<Crowd> {
  const child = spawnPinned(
    ['bench/lib/listeners.ts', subject.url, String(count), subject.authorization, transport],
    {},
    1,
  );
  child.send(tasks.map(({ id }) => id));
  await expect(child, 'listening');
  return {
    async hear(wanted, cause) {
      child.send({ wanted });
      await expect(child, 'armed');
      const message = receive(child, TIMEOUT_MS) as Promise<{ heard: number[] }>;
      message.catch(() => {});
      const begun = performance.timeOrigin + performance.now();
      await cause();
      const { heard } = await message;
      return heard.map((at) => at - begun);
    },
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}

async function expect(child: ChildProcess, wanted: string): Promise<void> {
  const message = await receive(child, TIMEOUT_MS);
  if (message !== wanted) throw new Error(`The listeners sent ${JSON.stringify(message)}.`);
}
