import { extendVideo } from '../resolvers/extend-video.ts';
import type { StartedVideo } from '../resolvers/start-task.ts';
import { builder } from './builder.ts';
import { VideoQualityType } from './enums.ts';
import { EXTEND_VIDEO_ERRORS } from './errors.ts';
import { VideoType } from './video.ts';

const ExtendVideoInput = builder.inputType('ExtendVideoInput', {
  description: 'What to add to a video.',
  fields: (t) => ({
    taskId: t.id({
      required: true,
      description:
        "The video to extend: the upstream's task id, or the `id` of a Video. It works best when the same subject goes on.",
    }),
    prompt: t.string({
      required: true,
      description: 'What should happen next. At most 2048 characters, not blank.',
    }),
    quality: t.field({
      type: VideoQualityType,
      required: true,
      description: 'The resolution. The aspect ratio stays that of the original video.',
    }),
    waterMark: t.string({
      description:
        'Text for the bottom right corner. Left out or empty: no watermark. At most 2048 characters.',
    }),
    imageUrl: t.string({
      description:
        'The http(s) address of an image to go by; the upstream has to be able to fetch it.',
    }),
    expandPrompt: t.boolean({ description: 'Whether the upstream may elaborate the prompt.' }),
    idempotencyKey: t.string({
      description:
        '1 to 255 printable characters of your choice. The same key with the same input is paid once, however often it is sent; a refused submit frees it. A new key is your consent to a new payment.',
    }),
  }),
});

const ExtendVideoSuccess = builder.objectRef<StartedVideo>('ExtendVideoSuccess').implement({
  description: 'The task exists.',
  fields: (t) => ({
    video: t.expose('video', { type: VideoType, description: 'The task as it stands.' }),
    cursor: t.exposeString('cursor', {
      description:
        "The caller's place in the log before this submit, from which no completion of it can be missed.",
    }),
  }),
});

builder.mutationType({ description: 'What costs money.' });

builder.mutationField('extendVideo', (t) =>
  t.field({
    type: ExtendVideoSuccess,
    description:
      'Starts a paid task that extends a video. Answers as soon as the upstream has confirmed it; `videoExtended` tells when it has ended. The submit goes on when the caller leaves.',
    args: {
      input: t.arg({
        type: ExtendVideoInput,
        required: true,
        description: 'What to extend, and how.',
      }),
    },
    errors: {
      types: EXTEND_VIDEO_ERRORS,
      directResult: true,
      union: {
        name: 'ExtendVideoResult',
        description: 'The task, or why there is none. Every error is a GatewayError.',
      },
    },
    resolve: (_root, args, ctx) => extendVideo(args, ctx),
  }),
);
