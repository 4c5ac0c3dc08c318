import { ORIGINAL_TASK_ID } from '../../src/sandbox/sandbox.ts';
import { ExtendDocument, type ExtendVideoInput } from '../generated/graphql.ts';
import type { TestCaller } from './gateway.ts';

/** A good input: the sandbox's original, extended. */
export const INPUT: ExtendVideoInput = {
  taskId: ORIGINAL_TASK_ID,
  prompt: 'The cat goes on dancing',
  quality: 'P720',
};

/** Extends a video and expects success. */
export async function extend(
  caller: Pick<TestCaller, 'graphql'>,
  changes: Partial<ExtendVideoInput> = {},
): Promise<{ id: string; taskId: string; cursor: string }> {
  const answer = await caller.graphql(ExtendDocument, { input: { ...INPUT, ...changes } });
  const result = answer.data?.extendVideo;
  if (result?.__typename !== 'ExtendVideoSuccess') throw new Error(JSON.stringify(answer));
  return { id: result.video.id, taskId: result.video.taskId ?? '', cursor: result.cursor };
}
