/** An upstream on a thread of its own, so that the times it notes are not those of a busy test. */

import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { answerJson, startScriptedUpstream } from './scripted-upstream.ts';

export interface TimedUpstream extends AsyncDisposable {
  readonly url: string;
  /** When each submit came, in milliseconds, in order. */
  readTimes(): Promise<number[]>;
}

/** Accepts every submit at once. */
export async function startTimedUpstream(): Promise<TimedUpstream> {
  const worker = new Worker(new URL(import.meta.url));
  const [url] = (await once(worker, 'message')) as [string];
  return {
    url,
    async readTimes() {
      const answered = once(worker, 'message');
      worker.postMessage('times');
      const [times] = (await answered) as [number[]];
      return times;
    },
    async [Symbol.asyncDispose]() {
      await worker.terminate();
    },
  };
}

async function serve(port: NonNullable<typeof parentPort>): Promise<void> {
  const times: number[] = [];
  const upstream = await startScriptedUpstream((request, response) => {
    if (request.method === 'POST') times.push(performance.now());
    answerJson(response, { code: 200, msg: 'success', data: { taskId: `task-${times.length}` } });
  });
  port.on('message', () => port.postMessage(times));
  port.postMessage(upstream.url);
}

// Vitest's own tests may run on threads too: those have no use for a server.
if (!isMainThread && parentPort && !('__vitest_worker__' in globalThis)) void serve(parentPort);
