import type { Context } from '../context.ts';
import { TooLateError, VideoNotFoundError } from '../errors.ts';
import { deleteEndedVideo } from '../store/transitions/delete.ts';
import { findVideo } from '../store/videos.ts';
import { isEnded } from '../video.ts';
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
      if (!current) throw new VideoNotFoundError(args.id);
      throw new TooLateError(current, isEnded(current.state) ? IN_SEQUENCE : NOT_ENDED);
    }
    ctx.hub.publish({ id, owner: ctx.owner });
    await ctx.files.removeCopies(id);
    return { id };
  });
}

const NOT_ENDED = 'The task of this video has not ended. Delete the video once it has.';
const IN_SEQUENCE = 'A sequence that is not finished needs this video. Cancel the sequence first.';
