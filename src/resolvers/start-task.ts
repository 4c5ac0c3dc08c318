import type { Context } from '../context.ts';
import { GatewayError } from '../errors.ts';
import { readLogBounds } from '../store/completions.ts';
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
 * @param findInput returns what is to be submitted; may look up what the input refers to.
 * @throws what `findInput` and `Submitter.submit` throw.
 */
export async function startTask(
  ctx: Context,
  submit: { readonly idempotencyKey: string | null; readonly scheduling: Scheduling },
  findInput: () => TaskInput | Promise<TaskInput>,
): Promise<StartedVideo> {
  const { owner, requestId } = ctx.caller;
  const [input, { head }] = await Promise.all([findInput(), readLogBounds(ctx.db, owner)]);
  const video = await ctx.submitter.submit({ owner, input, requestId, ...submit });
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
