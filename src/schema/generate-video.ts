import { generateVideo } from '../resolvers/generate-video.ts';
import { builder } from './builder.ts';
import { AspectRatioType, VideoQualityType } from './enums.ts';
import { findErrorsOf } from './errors.ts';
import {
  createSuccessType,
  IDEMPOTENCY_KEY_DESCRIPTION,
  toSchedulingFields,
  WATER_MARK_DESCRIPTION,
} from './submit.ts';

const GenerateVideoInput = builder.inputType('GenerateVideoInput', {
  description: 'The prompt and settings of a new video.',
  fields: (t) => ({
    prompt: t.string({
      required: true,
      description: 'What the video should show. At most 1800 characters; not blank.',
    }),
    imageUrl: t.string({
      description:
        'The http(s) address of an image that the video starts with. The upstream must be able to fetch it. The image determines the aspect ratio.',
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
    waterMark: t.string({ description: WATER_MARK_DESCRIPTION }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY_DESCRIPTION }),
    ...toSchedulingFields(t),
  }),
});

const GenerateVideoSuccess = createSuccessType('GenerateVideoSuccess');

builder.mutationField('generateVideo', (t) =>
  t.field({
    type: GenerateVideoSuccess,
    description:
      'Starts a paid task that makes a video from a prompt, or from an image and a prompt. Returns as soon as the upstream has confirmed the task, or the gateway has scheduled it; `videoExtended` delivers its completion. The submit continues if the client disconnects.',
    args: {
      input: t.arg({
        type: GenerateVideoInput,
        required: true,
        description: 'The prompt and settings of the video.',
      }),
    },
    errors: {
      types: findErrorsOf('generateVideo'),
      directResult: true,
      union: {
        name: 'GenerateVideoResult',
        description: 'The task, or the error. Every error is a GatewayError.',
      },
    },
    resolve: (_root, args, ctx) => generateVideo(args, ctx),
  }),
);
