/** What the schema of both submits has in common. */

import type { StartedVideo } from '../resolvers/start-task.ts';
import { builder } from './builder.ts';
import { WhenBusyType } from './enums.ts';
import { VideoType } from './video.ts';

export const WATER_MARK_DESCRIPTION =
  'Text for the bottom right corner. Omitted or empty: no watermark. At most 2048 characters.';

export const IDEMPOTENCY_KEY_DESCRIPTION =
  '1 to 255 printable characters of your choice. The same key with the same input is paid once, however often it is sent. A refused submit frees the key. A new key is your consent to a new payment.';

/** The fields of both inputs that say when the request is sent. */
export function toSchedulingFields(t: InputFieldBuilder) {
  return {
    whenBusy: t.field({
      type: WhenBusyType,
      required: true,
      defaultValue: 'FAIL',
      description:
        'What happens if the request cannot be sent at once. Not part of the input that an `idempotencyKey` stands for: a repeat with another value gets the same video.',
    }),
    notBefore: t.field({
      type: 'DateTime',
      description:
        'The earliest time at which the request is sent, at most 30 days ahead. The video is SCHEDULED until then, whatever `whenBusy` says.',
    }),
  };
}

type InputFieldBuilder = Parameters<
  NonNullable<Parameters<typeof builder.inputType>[1]['fields']>
>[0];

export function createSuccessType(name: string) {
  return builder.objectRef<StartedVideo>(name).implement({
    description:
      'The upstream has accepted the task, now or on an earlier submit with the same key; or the task is SCHEDULED and will be sent later.',
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
