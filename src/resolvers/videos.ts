import type { Context } from '../context.ts';
import { InvalidInputError } from '../errors.ts';
import { listVideos, type VideoFilter } from '../store/videos.ts';
import type { Video, VideoState } from '../video.ts';
import { toCreationTime } from '../video-id.ts';
import { type Connection, toConnection, toLimit } from './pages.ts';

export interface PageArgs {
  first?: number | null | undefined;
  after?: string | null | undefined;
}

/** Lists the caller's stored videos, newest first, without an upstream call. */
export function readVideos(
  args: PageArgs & { states?: readonly VideoState[] | null | undefined },
  ctx: Context,
): Promise<Connection<Video>> {
  return readPage({ states: args.states }, args, ctx);
}

/** Lists the caller's extensions of a video, newest first. */
export async function readExtensions(
  video: Video,
  args: PageArgs,
  ctx: Context,
): Promise<Connection<Video>> {
  // An unconfirmed video has no task id, so it cannot have been extended.
  if (video.taskId === null) return toConnection<Video>([], toLimit(args.first), toCursor);
  return readPage({ sourceTaskId: video.taskId }, args, ctx);
}

async function readPage(
  filter: VideoFilter,
  args: PageArgs,
  ctx: Context,
): Promise<Connection<Video>> {
  const limit = toLimit(args.first);
  const page = { limit: limit + 1, before: parseCursor(args.after) };
  const videos = await ctx.withReadLimit(() => listVideos(ctx.db, ctx.owner, filter, page));
  return toConnection(videos, limit, toCursor);
}

function toCursor(video: Video): string {
  return Buffer.from(video.id).toString('base64url');
}

function parseCursor(after: string | null | undefined): string | null {
  if (after === null || after === undefined) return null;
  const id = Buffer.from(after, 'base64url').toString();
  if (toCreationTime(id) !== null) return id;
  throw new InvalidInputError([{ path: ['after'], message: 'is not a cursor of this list' }]);
}
