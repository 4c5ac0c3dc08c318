import type { Context } from '../context.ts';
import type { Video } from '../video.ts';
import { toTaskId } from '../video-id.ts';

/**
 * Reads the video with this id or task id, refreshed by a shared read at the upstream. Null when it is
 * unknown or belongs to another owner.
 *
 * @throws UpstreamError and other upstream errors for a foreign video.
 */
export function readVideo(key: string, ctx: Context): Video | Promise<Video | null> {
  // Synchronous, because most requests ask for a finished video.
  return ctx.finished.find(ctx.owner, key) ?? readAnew(key, ctx);
}

async function readAnew(key: string, ctx: Context): Promise<Video | null> {
  const known = await findKnown(key, ctx);
  if (known === null) return null;
  if (known) return ctx.refresher.refresh(ctx.owner, known, ctx.caller.cancellation.signal);
  const taskId = toTaskId(key);
  return isPlausible(taskId)
    ? ctx.refresher.readForeign(ctx.owner, taskId, ctx.caller.cancellation.signal)
    : null;
}

/** The caller's stored video; null when it belongs to another owner, undefined when it is not stored. */
export async function findKnown(key: string, ctx: Context): Promise<Video | null | undefined> {
  const known = await ctx.loadVideo(key);
  if (known !== undefined) return known;
  const taskId = toTaskId(key);
  return taskId === key ? undefined : ctx.loadVideo(taskId);
}

/** Whether the text can be a task id. Others are not looked up at the upstream. */
function isPlausible(taskId: string): boolean {
  return /^[\x21-\x7e]{1,255}$/.test(taskId);
}
