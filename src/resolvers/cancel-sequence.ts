import type { Context } from '../context.ts';
import { SequenceNotFoundError } from '../errors.ts';
import type { Sequence } from '../sequence.ts';
import { isSequenceId } from '../video-id.ts';
import { readChanged } from './resume-sequence.ts';
import { noteRefusal } from './start-task.ts';

/**
 * Stops a sequence.
 *
 * @throws the members of `CancelSequenceResult`.
 */
export function cancelSequence(
  { id }: { id: string },
  ctx: Context,
): Promise<{ sequence: Sequence }> {
  return noteRefusal(ctx, async () => {
    if (!isSequenceId(id)) throw new SequenceNotFoundError(id);
    await ctx.sequences.cancel(ctx.owner, id);
    return { sequence: await readChanged(id, ctx) };
  });
}
