/** A crowd of listeners, from the harness's side. */

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { type Subject, spawnPinned } from './subjects.ts';

export interface Crowd extends AsyncDisposable {
  /** Resolves with how long after the beginning of `cause` each of `count` events was heard, in ms. */
  hear(count: number, cause: () => Promise<unknown>): Promise<number[]>;
}

/** One connection and one subscription each, spread over the tasks. */
export async function gather(
  subject: Subject,
  count: number,
  taskIds: readonly string[],
  transport: 'ws' | 'sse' = 'ws',
): Promise<Crowd> {
  const child = spawnPinned(
    ['bench/lib/listeners.ts', subject.url, String(count), subject.authorization, transport],
    {},
    1,
  );
  child.send(taskIds);
  await expect(child, 'listening');
  return {
    async hear(wanted, cause) {
      child.send({ wanted });
      await expect(child, 'armed');
      const heard = once(child, 'message');
      const begun = performance.timeOrigin + performance.now();
      await cause();
      const [message] = (await heard) as [{ heard: number[] }];
      return message.heard.map((at) => at - begun);
    },
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}

async function expect(child: ChildProcess, message: string): Promise<void> {
  const abort = new AbortController();
  const { signal } = abort;
  try {
    const died = once(child, 'exit', { signal }).then(() => ['an end']);
    died.catch(() => undefined);
    const [heard] = await Promise.race([once(child, 'message', { signal }), died]);
    if (heard !== message) throw new Error(`The listeners said ${JSON.stringify(heard)}.`);
  } finally {
    abort.abort();
  }
}
