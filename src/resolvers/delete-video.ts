import type { Context } from '../context.ts';
import { TooLateError, VideoNotFoundError } from '../errors.ts';
import { deleteEndedVideo } from '../store/transitions/delete.ts';
import { findVideo } from '../store/videos.ts';
import { noteRefusal } from './start-task.ts';
import { findKnown } from './video.ts';

/**
 * Deletes one of the caller's videos and its copies.
 *
 * @throws the members of `DeleteVideoResult`.
 */
export function deleteVideo(args: { id: string }, ctx: Context): Promise<{ id: string }> {
  return noteRefusal(ctx, async () => {
    const video = await findKnown(args.id, ctx);
    if (!video) throw new VideoNotFoundError(args.id);
    const { id } = video;
    if (!(await deleteEndedVideo(ctx.db, ctx.owner, id))) {
      const current = await findVideo(ctx.db, ctx.owner, id);
      throw current ? new TooLateError(current, NOT_ENDED) : new VideoNotFoundError(args.id);
    }
    ctx.hub.publish({ id, owner: ctx.owner });
    await ctx.files.removeCopies(id);
    return { id };
  });
}

const NOT_ENDED = 'The task of this video has not ended. Delete the video once it has.';
