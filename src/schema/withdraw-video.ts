import { withdrawVideo } from '../resolvers/withdraw-video.ts';
import type { Video } from '../video.ts';
import { builder } from './builder.ts';
import { findErrorsOf } from './errors.ts';
import { VideoType } from './video.ts';

const WithdrawVideoSuccess = builder
  .objectRef<{ readonly video: Video }>('WithdrawVideoSuccess')
  .implement({
    description: 'The request was withdrawn, now or earlier. It was not paid.',
    fields: (t) => ({
      video: t.expose('video', { type: VideoType, description: 'The WITHDRAWN video.' }),
    }),
  });

builder.mutationField('withdrawVideo', (t) =>
  t.field({
    type: WithdrawVideoSuccess,
    description:
      'Ends a SCHEDULED video before it is sent, unpaid. `videoExtended` delivers this completion, too. If the request has been sent, the answer is a TooLateError.',
    args: {
      id: t.arg.id({ required: true, description: 'The `id` of the video.' }),
    },
    errors: {
      types: findErrorsOf('withdrawVideo'),
      directResult: true,
      union: {
        name: 'WithdrawVideoResult',
        description: 'The video, or the error. Every error is a GatewayError.',
      },
    },
    resolve: (_root, args, ctx) => withdrawVideo(args, ctx),
  }),
);
