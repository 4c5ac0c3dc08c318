import type { Context } from '../context.ts';
import { InvalidInputError } from '../errors.ts';
import type { Sequence, SequenceState } from '../sequence.ts';
import { listSequences } from '../store/sequences.ts';
import { isSequenceId } from '../video-id.ts';
import { type Connection, toConnection, toLimit } from './pages.ts';
import type { PageArgs } from './videos.ts';

/** Lists the caller's sequences, newest first, in one statement. */
export async function readSequences(
  args: PageArgs & { states?: readonly SequenceState[] | null | undefined },
  ctx: Context,
): Promise<Connection<Sequence>> {
  const limit = toLimit(args.first);
  const page = { limit: limit + 1, before: parseCursor(args.after) };
  const found = await ctx.withReadLimit(() =>
    listSequences(ctx.db, ctx.owner, args.states ?? null, page),
  );
  return toConnection(found, limit, toCursor);
}

function toCursor({ id }: Sequence): string {
  return Buffer.from(id).toString('base64url');
}

/** @throws InvalidInputError */
function parseCursor(after: string | null | undefined): string | null {
  if (after === null || after === undefined) return null;
  const id = Buffer.from(after, 'base64url').toString();
  if (isSequenceId(id)) return id;
  throw new InvalidInputError([{ path: ['after'], message: 'is not a cursor of this list' }]);
}
