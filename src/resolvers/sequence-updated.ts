import type { Context } from '../context.ts';
import { followSequence } from '../delivery/sequence.ts';
import { createStream, type StreamFault } from '../delivery/stream.ts';
import { SequenceNotFoundError } from '../errors.ts';
import type { Sequence } from '../sequence.ts';
import { readSequence } from './sequence.ts';

/**
 * Delivers the present state of the sequence, then each change, until it is COMPLETED or CANCELLED.
 *
 * @throws SequenceNotFoundError
 */
export async function subscribeSequence(
  { id }: { id: string },
  ctx: Context,
): Promise<AsyncIterable<Sequence | StreamFault>> {
  if (!(await readSequence(id, ctx))) throw new SequenceNotFoundError(id);
  return createStream(
    ctx.caller.cancellation,
    (cancellation) => followSequence(ctx, ctx.owner, id, cancellation),
    (sequence) => sequence,
  );
}
