import type { Context } from '../context.ts';
import { InvalidInputError, VideoNotFoundError } from '../errors.ts';
import type { SubmitReads } from '../store/submits.ts';
import { toTaskId } from '../video-id.ts';
import { parseExtendInput, type RawExtendInput } from './extend-input.ts';
import { noteRefusal, type StartedVideo, startTask } from './start-task.ts';

/**
 * Starts a paid task that extends a video.
 *
 * @throws the members of `ExtendVideoResult`.
 */
export function extendVideo(args: { input: RawExtendInput }, ctx: Context): Promise<StartedVideo> {
  return noteRefusal(ctx, async () => {
    const submit = parseExtendInput(args.input);
    const { input } = submit;
    const started = startTask(ctx, submit, async (source) => ({
      ...input,
      taskId: await toSourceTaskId(source, input.taskId, ctx),
    }));
    return started.catch((error: unknown) => {
      // The error names the id that the caller gave, which may not be the upstream's.
      throw error instanceof VideoNotFoundError
        ? new VideoNotFoundError(args.input.taskId, error)
        : error;
    });
  });
}

/** The upstream's id of the video to extend. An unknown id is taken to be the upstream's. */
async function toSourceTaskId(
  source: SubmitReads['source'],
  key: string,
  ctx: Context,
): Promise<string> {
  if (source === undefined) return resolveForeign(key, ctx);
  if (!source?.isVideo) throw new VideoNotFoundError(key);
  if (source.taskId !== null) return source.taskId;
  throw new InvalidInputError([
    { path: ['taskId'], message: 'names a video that the upstream has not confirmed yet' },
  ]);
}

/** The derived id of a foreign video may name a task that is stored: the caller's, or another owner's. */
async function resolveForeign(key: string, ctx: Context): Promise<string> {
  const taskId = toTaskId(key);
  const source = taskId === key ? undefined : await ctx.loadVideo(taskId);
  const isHidden = source === undefined && ctx.foreignVideos === 'deny';
  if (source === null || isHidden) throw new VideoNotFoundError(key);
  return taskId;
}
