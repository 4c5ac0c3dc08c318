import type { Context } from '../context.ts';
import { GatewayError, InvalidInputError, VideoNotFoundError } from '../errors.ts';
import { readLogBounds } from '../store/completions.ts';
import type { Video } from '../video.ts';
import { toTaskId } from '../video-id.ts';
import { parseExtendInput, type RawExtendInput } from './extend-input.ts';

export interface ExtendedVideo {
  readonly video: Video;
  readonly cursor: string;
}

/**
 * Starts a paid task. The place in the log is taken before the submit, so that a completion which
 * overtakes the answer lies after it.
 *
 * @throws the members of `ExtendVideoResult`.
 */
export async function extendVideo(
  args: { input: RawExtendInput },
  ctx: Context,
): Promise<ExtendedVideo> {
  try {
    return await startTask(args, ctx);
  } catch (error) {
    if (error instanceof GatewayError) ctx.caller.refusal ??= error.code;
    // The upstream knows the video by its own id; the caller may have given another.
    if (error instanceof VideoNotFoundError) throw new VideoNotFoundError(args.input.taskId, error);
    throw error;
  }
}

async function startTask(args: { input: RawExtendInput }, ctx: Context): Promise<ExtendedVideo> {
  const { idempotencyKey, ...input } = parseExtendInput(args.input);
  const { owner, requestId } = ctx.caller;
  const [taskId, { head }] = await Promise.all([
    findSourceTaskId(input.taskId, ctx),
    readLogBounds(ctx.db, owner),
  ]);
  const video = await ctx.submitter.submit(owner, { ...input, taskId }, idempotencyKey, requestId);
  return { video, cursor: ctx.cursors.toCursor(ctx.owner, head) };
}

/** The upstream's id of the video to extend; one that the store does not know was made elsewhere. */
async function findSourceTaskId(key: string, ctx: Context): Promise<string> {
  const source = await ctx.loadVideo(key);
  if (source === undefined) return resolveElsewhere(key, ctx);
  if (source === null) throw new VideoNotFoundError(key);
  if (source.taskId !== null) return source.taskId;
  throw new InvalidInputError([
    { path: ['taskId'], message: 'names a video that the upstream has not confirmed yet' },
  ]);
}

/** A derived id may name a task that has an owner after all. */
async function resolveElsewhere(key: string, ctx: Context): Promise<string> {
  const taskId = toTaskId(key);
  if (taskId === key) return taskId;
  const source = await ctx.loadVideo(taskId);
  if (source === null) throw new VideoNotFoundError(key);
  return taskId;
}
