import type { Context } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { readForSubmit, type SubmitReads } from '../store/submits.ts';
import type { TaskInput } from '../submit/input.ts';
import { checkRepeated } from '../submit/repeated-input.ts';
import type { Video } from '../video.ts';
import type { ParsedSubmit } from './input.ts';

export interface StartedVideo {
  readonly video: Video;
  readonly cursor: string;
}

/**
 * Starts or schedules a paid task, or answers from the row that holds the key. The cursor is read before the
 * submit, so that a completion which arrives before the answer comes after the cursor.
 *
 * @param submit the video to extend, if any, is named by its id or task id.
 * @param resolveSource returns the input with the upstream's id of that video. Not called for a repeat,
 * because its source may be gone.
 * @throws what `resolveSource` and the submitter throw; IdempotencyConflictError.
 */
export async function startTask<Input extends TaskInput>(
  ctx: Context,
  submit: ParsedSubmit<Input>,
  resolveSource: (source: SubmitReads['source']) => Input | Promise<Input>,
): Promise<StartedVideo> {
  const { owner, requestId } = ctx.caller;
  const { input, idempotencyKey, scheduling } = submit;
  const { head, source, holder } = await readForSubmit(ctx.db, {
    owner,
    source: input.kind === 'EXTENSION' ? input.taskId : null,
    idempotencyKey,
  });
  const cursor = ctx.cursors.toCursor(ctx.owner, head);
  if (holder) {
    checkRepeated({ input, scheduling, source, holder });
    return { video: await ctx.submitter.repeat(holder), cursor };
  }
  const task = { owner, input: await resolveSource(source), idempotencyKey, scheduling, requestId };
  return { video: await ctx.submitter.submit(task), cursor };
}

/** Records a refusal for the request's metrics, which do not see the field's result. */
export async function noteRefusal<T>(ctx: Context, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof GatewayError) ctx.caller.refusal ??= error.code;
    throw error;
  }
}
