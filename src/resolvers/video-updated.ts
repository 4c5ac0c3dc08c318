import type { Context } from '../context.ts';
import { createStream, type StreamFault } from '../delivery/stream.ts';
import { followStates } from '../delivery/task.ts';
import { VideoNotFoundError } from '../errors.ts';
import type { Video } from '../video.ts';
import { followElsewhere } from './elsewhere.ts';
import { findKnown, readVideo } from './video.ts';

/**
 * The task as it stands, then each change of its state, until it has ended.
 *
 * @throws VideoNotFoundError; the upstream's trouble for a task that only the upstream knows.
 */
export async function subscribeUpdated(
  { taskId }: { taskId: string },
  ctx: Context,
): Promise<AsyncIterable<Video | StreamFault>> {
  const known = await findKnown(taskId, ctx);
  if (known === null) throw new VideoNotFoundError(taskId);
  if (known) {
    return createStream(ctx.caller.ending, (ending) =>
      followStates(ctx, ctx.owner, known.id, ending),
    );
  }
  if (!(await readVideo(taskId, ctx))) throw new VideoNotFoundError(taskId);
  return createStream(ctx.caller.ending, (ending) => followElsewhere(taskId, ctx, ending));
}
