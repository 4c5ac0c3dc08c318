import type { Context } from '../context.ts';
import { type Completion, readCompletions } from '../store/completions.ts';
import type { Video } from '../video.ts';
import { type Connection, toConnection, toLimit } from './pages.ts';
import type { PageArgs } from './videos.ts';

/** An ended task, and the cursor to continue from after processing it. */
export interface ExtendedEvent {
  readonly cursor: string;
  readonly video: Video;
}

/**
 * Reads the caller's completion log after a cursor, or from its beginning.
 *
 * @throws InvalidInputError, CursorExpiredError as `Cursors.toNumber` does.
 */
export async function readCompletionPage(
  args: PageArgs,
  ctx: Context,
): Promise<Connection<ExtendedEvent>> {
  const limit = toLimit(args.first);
  const bounds = await ctx.reader.readLogBounds(ctx.owner);
  const after =
    typeof args.after === 'string'
      ? ctx.cursors.toNumber(ctx.owner, args.after, bounds)
      : bounds.pruned;
  const found = await ctx.withReadLimit(() => readCompletions(ctx.db, ctx.owner, after, limit + 1));
  const page = found.map((completion) => toEvent(completion, ctx));
  const end = ctx.cursors.toCursor(ctx.owner, after);
  return toConnection(page, limit, (event) => event.cursor, end);
}

/** One event object per completion, shared by all listeners. */
const events = new WeakMap<Completion, ExtendedEvent>();

export function toEvent(completion: Completion, ctx: Context): ExtendedEvent {
  const known = events.get(completion);
  if (known) return known;
  const { number, video } = completion;
  const event = { cursor: ctx.cursors.toCursor(ctx.owner, number), video };
  events.set(completion, event);
  return event;
}
