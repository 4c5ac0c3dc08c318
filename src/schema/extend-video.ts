import { extendVideo } from '../resolvers/extend-video.ts';
import { builder } from './builder.ts';
import { VideoQualityType } from './enums.ts';
import { findErrorsOf } from './errors.ts';
import {
  createSuccessType,
  IDEMPOTENCY_KEY_DESCRIPTION,
  toSchedulingFields,
  WATER_MARK_DESCRIPTION,
} from './submit.ts';

const ExtendVideoInput = builder.inputType('ExtendVideoInput', {
  description: 'The video to extend, the prompt and the settings.',
  fields: (t) => ({
    taskId: t.id({
      required: true,
      description:
        "The video to extend: the upstream's task id, or the `id` of a Video. Works best if the prompt continues the same subject.",
    }),
    prompt: t.string({
      required: true,
      description: 'What should happen next. At most 2048 characters; not blank.',
    }),
    quality: t.field({
      type: VideoQualityType,
      required: true,
      description: 'The resolution. The aspect ratio stays that of the original video.',
    }),
    waterMark: t.string({ description: WATER_MARK_DESCRIPTION }),
    imageUrl: t.string({
      description:
        'The http(s) address of a reference image. The upstream must be able to fetch it.',
    }),
    expandPrompt: t.boolean({ description: 'Whether the upstream may expand the prompt.' }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY_DESCRIPTION }),
    ...toSchedulingFields(t),
  }),
});

const ExtendVideoSuccess = createSuccessType('ExtendVideoSuccess');

builder.mutationType({
  description: 'Operations that change videos and sequences. Only making videos costs money.',
});

builder.mutationField('extendVideo', (t) =>
  t.field({
    type: ExtendVideoSuccess,
    description:
      'Starts a paid task that extends a video. Returns as soon as the upstream has confirmed the task, or the gateway has scheduled it; `videoExtended` delivers its completion. The submit continues if the client disconnects.',
    args: {
      input: t.arg({
        type: ExtendVideoInput,
        required: true,
        description: 'The video to extend, the prompt and the settings.',
      }),
    },
    errors: {
      types: findErrorsOf('extendVideo'),
      directResult: true,
      union: {
        name: 'ExtendVideoResult',
        description: 'The task, or the error. Every error is a GatewayError.',
      },
    },
    resolve: (_root, args, ctx) => extendVideo(args, ctx),
  }),
);
