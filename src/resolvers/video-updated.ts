import type { Cancellation } from '../cancellation.ts';
import type { Context } from '../context.ts';
import { createStream, type StreamFault } from '../delivery/stream.ts';
import { followStates } from '../delivery/task.ts';
import { VideoNotFoundError } from '../errors.ts';
import type { Video } from '../video.ts';
import { followForeign } from './foreign-videos.ts';
import { findKnown, readVideo } from './video.ts';

/**
 * Delivers the present state of the task, then each change, until it has ended.
 *
 * @throws VideoNotFoundError; upstream errors for a foreign video.
 */
export async function subscribeUpdated(
  { taskId }: { taskId: string },
  ctx: Context,
): Promise<AsyncIterable<Video | StreamFault>> {
  const known = await findKnown(taskId, ctx);
  if (known === null) throw new VideoNotFoundError(taskId);
  if (known) {
    const task = { id: known.id, key: taskId };
    const follow = (cancellation: Cancellation) => followStates(ctx, ctx.owner, task, cancellation);
    return createStream(ctx.caller.cancellation, follow, toItself);
  }
  if (!(await readVideo(taskId, ctx))) throw new VideoNotFoundError(taskId);
  const follow = (cancellation: Cancellation) => followForeign(taskId, ctx, cancellation);
  return createStream(ctx.caller.cancellation, follow, toItself);
}

function toItself(video: Video): Video {
  return video;
}
