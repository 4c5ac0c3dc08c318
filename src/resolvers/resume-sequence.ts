import type { Context } from '../context.ts';
import { SequenceNotFoundError } from '../errors.ts';
import type { Sequence } from '../sequence.ts';
import { isSequenceId } from '../video-id.ts';
import { parseResumeInput, type RawResumeInput } from './sequence-input.ts';
import { noteRefusal } from './start-task.ts';

/**
 * Lets a paused sequence go on.
 *
 * @throws the members of `ResumeSequenceResult`.
 */
export function resumeSequence(
  args: { input: RawResumeInput },
  ctx: Context,
): Promise<{ sequence: Sequence }> {
  return noteRefusal(ctx, async () => {
    const request = parseResumeInput(args.input, ctx.owner, ctx.sequences.maxShots);
    if (!isSequenceId(request.id)) throw new SequenceNotFoundError(request.id);
    await ctx.sequences.resume(request);
    return { sequence: await readChanged(request.id, ctx) };
  });
}

/** @throws SequenceNotFoundError */
export async function readChanged(id: string, ctx: Context): Promise<Sequence> {
  const sequence = await ctx.loadSequence(id);
  if (!sequence) throw new SequenceNotFoundError(id);
  return sequence;
}
