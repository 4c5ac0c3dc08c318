import type { Context } from '../context.ts';
import type { Video } from '../video.ts';
import { DEFAULT_DEPTH, toLimit } from './pages.ts';
import { findKnown } from './video.ts';

/** Reads the source of a video: the stored row, or otherwise one shared read at the upstream. */
export async function readSource(video: Video, ctx: Context): Promise<Video | null> {
  if (video.sourceTaskId === null) return null;
  const known = await findKnown(video.sourceTaskId, ctx);
  if (known !== undefined) return known;
  return ctx.refresher.readForeign(ctx.owner, video.sourceTaskId, ctx.caller.cancellation.signal);
}

/** Reads the chain of sources as far as it is stored, nearest first, without an upstream call. */
export async function readAncestors(
  video: Video,
  args: { first?: number | null | undefined },
  ctx: Context,
): Promise<Video[]> {
  const depth = toLimit(args.first, DEFAULT_DEPTH);
  if (video.sourceTaskId === null) return [];
  return ctx.loadLineage({ taskId: video.sourceTaskId, depth });
}
