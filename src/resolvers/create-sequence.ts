import type { Context } from '../context.ts';
import { GatewayError, InvalidInputError } from '../errors.ts';
import type { Sequence } from '../sequence.ts';
import type { SequenceStart } from '../sequences/create.ts';
import type { Video } from '../video.ts';
import { toTaskId } from '../video-id.ts';
import { type ParsedCreate, parseCreateInput, type RawCreateInput } from './sequence-input.ts';
import { noteRefusal } from './start-task.ts';
import { findKnown, readVideo } from './video.ts';

/**
 * Makes a sequence, or finds the one that its key has made.
 *
 * @throws the members of `CreateSequenceResult`.
 */
export function createSequence(
  args: { input: RawCreateInput },
  ctx: Context,
): Promise<{ sequence: Sequence }> {
  return noteRefusal(ctx, async () => {
    const { sequences } = ctx;
    const { request, start } = parseCreateInput(args.input, ctx.owner, sequences.maxShots);
    const known = await sequences.findRepeated(request);
    if (known) return { sequence: known };
    return { sequence: await sequences.create(request, await findStart(start, ctx)) };
  });
}

/** @throws InvalidInputError where there is nothing to extend. */
async function findStart(start: ParsedCreate['start'], ctx: Context): Promise<SequenceStart> {
  if ('original' in start) return start;
  const known = await findKnown(start.video, ctx);
  if (known === null) throw toFault('names no video of yours');
  if (known) return { videoId: known.id };
  const taskId = toTaskId(start.video);
  const fault = findFault(await readForeign(start.video, ctx));
  if (fault) throw toFault(fault);
  return { taskId };
}

/** Undefined where the upstream cannot be asked: then the first shot shows whether the video exists. */
async function readForeign(key: string, ctx: Context): Promise<Video | null | undefined> {
  try {
    return await readVideo(key, ctx);
  } catch (error) {
    if (error instanceof GatewayError) return undefined;
    throw error;
  }
}

function findFault(video: Video | null | undefined): string | null {
  if (video === null) return 'names no video of yours';
  if (video === undefined || video.state === 'SUCCEEDED') return null;
  return video.state === 'FAILED'
    ? 'names a video that was not made'
    : 'names a video that was not made through the gateway and has not ended yet';
}

function toFault(message: string): InvalidInputError {
  return new InvalidInputError([{ path: ['start', 'video'], message }]);
}
