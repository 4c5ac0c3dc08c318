import type { Context } from '../context.ts';
import type { Video } from '../video.ts';
import { toTaskId } from '../video-id.ts';

/**
 * The video with this id or task id, as fresh as a shared look at the upstream makes it. Null when
 * nobody knows it, or when it is another's.
 *
 * @throws UpstreamError and its kin for a video that only the upstream knows.
 */
export function readVideo(key: string, ctx: Context): Video | Promise<Video | null> {
  // At once and without a promise: this is what most requests ask for.
  return ctx.finished.find(ctx.owner, key) ?? readAnew(key, ctx);
}

async function readAnew(key: string, ctx: Context): Promise<Video | null> {
  const known = await findKnown(key, ctx);
  if (known === null) return null;
  if (known) return ctx.refresher.refresh(ctx.owner, known, ctx.caller.ending.signal);
  const taskId = toTaskId(key);
  return isPlausible(taskId)
    ? ctx.refresher.readElsewhere(ctx.owner, taskId, ctx.caller.ending.signal)
    : null;
}

/** The caller's video in the store; null when it is not the caller's, undefined when it is not there. */
export async function findKnown(key: string, ctx: Context): Promise<Video | null | undefined> {
  const known = await ctx.loadVideo(key);
  if (known !== undefined) return known;
  const taskId = toTaskId(key);
  return taskId === key ? undefined : ctx.loadVideo(taskId);
}

/** No question for the upstream: it names its tasks in short printable words. */
function isPlausible(taskId: string): boolean {
  return /^[\x21-\x7e]{1,255}$/.test(taskId);
}
