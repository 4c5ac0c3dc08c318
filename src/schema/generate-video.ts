import { generateVideo } from '../resolvers/generate-video.ts';
import type { StartedVideo } from '../resolvers/start-task.ts';
import { builder } from './builder.ts';
import { AspectRatioType, VideoQualityType } from './enums.ts';
import { GENERATE_VIDEO_ERRORS } from './errors.ts';
import { VideoType } from './video.ts';

const GenerateVideoInput = builder.inputType('GenerateVideoInput', {
  description: 'What to make a video of.',
  fields: (t) => ({
    prompt: t.string({
      required: true,
      description: 'What the video should show. At most 1800 characters, not blank.',
    }),
    imageUrl: t.string({
      description:
        'The http(s) address of an image to begin with, which the upstream must be able to fetch. It decides the aspect ratio.',
    }),
    aspectRatio: t.field({
      type: AspectRatioType,
      description: 'Required without an image; not allowed with one.',
    }),
    duration: t.int({
      required: true,
      defaultValue: 5,
      description: 'Seconds: 5 or 10. 10 seconds are not available in P1080.',
    }),
    quality: t.field({ type: VideoQualityType, required: true, description: 'The resolution.' }),
    waterMark: t.string({
      description:
        'Text for the bottom right corner. Left out or empty: no watermark. At most 2048 characters.',
    }),
    idempotencyKey: t.string({
      description:
        '1 to 255 printable characters of your choice. The same key with the same input is paid once, however often it is sent; a refused submit frees it. A new key is your consent to a new payment.',
    }),
  }),
});

const GenerateVideoSuccess = builder.objectRef<StartedVideo>('GenerateVideoSuccess').implement({
  description: 'The task exists.',
  fields: (t) => ({
    video: t.expose('video', { type: VideoType, description: 'The task as it stands.' }),
    cursor: t.exposeString('cursor', {
      description:
        "The caller's place in the log before this submit, from which no completion of it can be missed.",
    }),
  }),
});

builder.mutationField('generateVideo', (t) =>
  t.field({
    type: GenerateVideoSuccess,
    description:
      'Starts a paid task that makes a video from a prompt, or from an image and a prompt. Answers as soon as the upstream has confirmed it; `videoExtended` delivers its completion. The submit goes on when the caller leaves.',
    args: {
      input: t.arg({
        type: GenerateVideoInput,
        required: true,
        description: 'What to make, and how.',
      }),
    },
    errors: {
      types: GENERATE_VIDEO_ERRORS,
      directResult: true,
      union: {
        name: 'GenerateVideoResult',
        description: 'The task, or why there is none. Every error is a GatewayError.',
      },
    },
    resolve: (_root, args, ctx) => generateVideo(args, ctx),
  }),
);
