import type { Context } from '../context.ts';
import type { Video } from '../video.ts';
import { noteRefusal } from './start-task.ts';

/**
 * Ends a scheduled submit unpaid.
 *
 * @throws the members of `WithdrawVideoResult`.
 */
export function withdrawVideo({ id }: { id: string }, ctx: Context): Promise<{ video: Video }> {
  return noteRefusal(ctx, async () => ({ video: await ctx.submitter.withdraw(ctx.owner, id) }));
}
