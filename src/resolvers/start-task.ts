import type { Context } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { readForSubmit, type SubmitReads } from '../store/submits.ts';
import type { Scheduling, TaskInput } from '../submit/input.ts';
import type { Video } from '../video.ts';

export interface StartedVideo {
  readonly video: Video;
  readonly cursor: string;
}

/**
 * Starts or schedules a paid task. The cursor is read before the submit, so that a completion which arrives before
 * the answer comes after the cursor.
 *
 * @param sourceKey the id or task id of the video to extend; null for an original.
 * @param toInput returns what is to be submitted.
 * @throws what `toInput` and `Submitter.submit` throw.
 */
export async function startTask(
  ctx: Context,
  submit: { readonly idempotencyKey: string | null; readonly scheduling: Scheduling },
  sourceKey: string | null,
  toInput: (source: SubmitReads['source']) => TaskInput | Promise<TaskInput>,
): Promise<StartedVideo> {
  const { owner, requestId } = ctx.caller;
  const { idempotencyKey } = submit;
  const { head, source, holder } = await readForSubmit(ctx.db, {
    owner,
    source: sourceKey,
    idempotencyKey,
  });
  const input = await toInput(source);
  const video = await ctx.submitter.submit({ owner, input, holder, requestId, ...submit });
  return { video, cursor: ctx.cursors.toCursor(ctx.owner, head) };
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
