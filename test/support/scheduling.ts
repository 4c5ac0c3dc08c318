/** Scheduled submits as a client sends them, and an upstream that remembers the order of its POSTs. */

import { randomUUID } from 'node:crypto';
import { ExtendDocument, type ExtendVideoInput } from '../generated/graphql.ts';
import type { TestCaller } from './gateway.ts';
import { INPUT } from './operations.ts';
import { answerJson, startScriptedUpstream } from './scripted-upstream.ts';

/** Schedules a submit, unless there is room: then it is sent. Expects success. */
export async function schedule(
  caller: Pick<TestCaller, 'graphql'>,
  changes: Partial<ExtendVideoInput> = {},
) {
  const { data } = await caller.graphql(ExtendDocument, {
    input: { ...INPUT, whenBusy: 'QUEUE', ...changes },
  });
  const result = data.extendVideo;
  if (result.__typename !== 'ExtendVideoSuccess') throw new Error(JSON.stringify(result));
  return result.video;
}

export interface CountingUpstream extends AsyncDisposable {
  readonly url: string;
  /** The prompts of all POSTs, in the order of their arrival. */
  readonly prompts: readonly string[];
  /** Resolves when so many POSTs have arrived. */
  until(count: number): Promise<void>;
}

/** Accepts everything at once. */
export async function startCountingUpstream(): Promise<CountingUpstream> {
  const prompts: string[] = [];
  const waiting = new Map<number, PromiseWithResolvers<void>>();
  const upstream = await startScriptedUpstream((request, response) => {
    if (request.method === 'GET') {
      return answerJson(response, { code: 422, msg: 'recordInfo is null', data: null });
    }
    prompts.push((request.json() as { prompt: string }).prompt);
    for (const [count, { resolve }] of waiting) if (prompts.length >= count) resolve();
    return answerJson(response, { code: 200, msg: 'success', data: { taskId: randomUUID() } });
  });
  return {
    url: upstream.url,
    prompts,
    async until(count) {
      if (prompts.length >= count) return;
      const reached = waiting.get(count) ?? Promise.withResolvers<void>();
      waiting.set(count, reached);
      await reached.promise;
    },
    [Symbol.asyncDispose]: upstream.close,
  };
}

/** Whether the numbers at the ends of the prompts only grow. */
export function areInOrder(prompts: readonly string[]): boolean {
  const numbers = prompts.map((prompt) => Number(prompt.split(' ').at(-1)));
  return numbers.every((number, n) => n === 0 || number > (numbers[n - 1] ?? 0));
}
