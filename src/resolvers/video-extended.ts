import type { Context } from '../context.ts';
import { followLog } from '../delivery/log.ts';
import { createStream, type StreamFault } from '../delivery/stream.ts';
import { followEnd } from '../delivery/task.ts';
import { InvalidInputError, VideoNotFoundError } from '../errors.ts';
import type { Completion } from '../store/completions.ts';
import { type ExtendedEvent, toEvent } from './completions.ts';
import { followForeignToEnd } from './foreign-videos.ts';
import { findKnown, readVideo } from './video.ts';

export interface ExtendedArgs {
  taskId?: string | null | undefined;
  after?: string | null | undefined;
}

/**
 * Delivers the completion of one task, or all completions of the caller from now on or after a cursor.
 *
 * @throws VideoNotFoundError; InvalidInputError for a malformed cursor, and for a cursor together with a
 * task id; CursorExpiredError; upstream errors for a foreign video.
 */
export async function subscribeExtended(
  { taskId, after }: ExtendedArgs,
  ctx: Context,
): Promise<AsyncIterable<ExtendedEvent | StreamFault>> {
  if (typeof taskId === 'string') {
    if (typeof after === 'string') {
      throw new InvalidInputError([
        { path: ['after'], message: 'cannot be combined with taskId: one task has one completion' },
      ]);
    }
    return subscribeToTask(taskId, ctx);
  }
  const bounds = await ctx.reader.readLogBounds(ctx.owner);
  const from =
    typeof after === 'string' ? ctx.cursors.toNumber(ctx.owner, after, bounds) : bounds.head;
  return createStream(
    ctx.caller.cancellation,
    (cancellation) => followLog(ctx, ctx.owner, from, cancellation),
    (completion) => deliver(completion, ctx),
  );
}

async function subscribeToTask(
  key: string,
  ctx: Context,
): Promise<AsyncIterable<ExtendedEvent | StreamFault>> {
  const known = await findKnown(key, ctx);
  if (known === null) throw new VideoNotFoundError(key);
  if (known) {
    const task = { id: known.id, key };
    return createStream(
      ctx.caller.cancellation,
      (cancellation) => followEnd(ctx, ctx.owner, task, cancellation),
      (completion) => deliver(completion, ctx),
    );
  }

  if (!(await readVideo(key, ctx))) throw new VideoNotFoundError(key);
  // A foreign video is in no log: its event carries the caller's present cursor.
  const { head } = await ctx.reader.readLogBounds(ctx.owner);
  const cursor = ctx.cursors.toCursor(ctx.owner, head);
  return createStream(
    ctx.caller.cancellation,
    (cancellation) => followForeignToEnd(key, ctx, cancellation),
    (video) => ({ cursor, video }),
  );
}

function deliver(completion: Completion, ctx: Context): ExtendedEvent {
  ctx.traceDelivery(completion.video);
  return toEvent(completion, ctx);
}
