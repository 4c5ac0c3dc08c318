/** What the schema of both submits has in common. */

import type { StartedVideo } from '../resolvers/start-task.ts';
import { builder } from './builder.ts';
import { VideoType } from './video.ts';

export const WATER_MARK_DESCRIPTION =
  'Text for the bottom right corner. Omitted or empty: no watermark. At most 2048 characters.';

export const IDEMPOTENCY_KEY_DESCRIPTION =
  '1 to 255 printable characters of your choice. The same key with the same input is paid once, however often it is sent. A refused submit frees the key. A new key is your consent to a new payment.';

export function createSuccessType(name: string) {
  return builder.objectRef<StartedVideo>(name).implement({
    description:
      'The upstream has accepted the task, now or on an earlier submit with the same key.',
    fields: (t) => ({
      video: t.expose('video', {
        type: VideoType,
        description: 'The task with its current state.',
      }),
      cursor: t.exposeString('cursor', {
        description:
          "The caller's position in the completion log before this submit. A subscription that resumes after it cannot miss the completion.",
      }),
    }),
  });
}
