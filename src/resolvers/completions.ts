import type { Context } from '../context.ts';
import { type Completion, readCompletions, readLogBounds } from '../store/completions.ts';
import type { Video } from '../video.ts';
import { type Connection, toConnection, toLimit } from './pages.ts';
import type { PageArgs } from './videos.ts';

/** A task that has ended, and the caller's place in the log after hearing of it. */
export interface ExtendedEvent {
  readonly cursor: string;
  readonly video: Video;
}

/**
 * The caller's log after a cursor, or from its beginning.
 *
 * @throws InvalidInputError, CursorExpiredError as `Cursors.toNumber` does.
 */
export async function readCompletionPage(
  args: PageArgs,
  ctx: Context,
): Promise<Connection<ExtendedEvent>> {
  const limit = toLimit(args.first);
  const bounds = await readLogBounds(ctx.db, ctx.owner);
  const after =
    typeof args.after === 'string'
      ? ctx.cursors.toNumber(ctx.owner, args.after, bounds)
      : bounds.pruned;
  const found = await readCompletions(ctx.db, ctx.owner, after, limit + 1);
  const events = found.map((completion) => toEvent(completion, ctx));
  const end = ctx.cursors.toCursor(ctx.owner, after);
  return toConnection(events, limit, (event) => event.cursor, end);
}

export function toEvent({ number, video }: Completion, ctx: Context): ExtendedEvent {
  return { cursor: ctx.cursors.toCursor(ctx.owner, number), video };
}
