import type { Context } from '../context.ts';
import { parseGenerateInput, type RawGenerateInput } from './generate-input.ts';
import { noteRefusal, type StartedVideo, startTask } from './start-task.ts';

/**
 * Starts a paid task that makes an original.
 *
 * @throws the members of `GenerateVideoResult`.
 */
export function generateVideo(
  args: { input: RawGenerateInput },
  ctx: Context,
): Promise<StartedVideo> {
  return noteRefusal(ctx, async () => {
    const submit = parseGenerateInput(args.input);
    return startTask(ctx, submit, () => submit.input);
  });
}
