import { deleteVideo } from '../resolvers/delete-video.ts';
import { builder } from './builder.ts';
import { findErrorsOf } from './errors.ts';

const DeleteVideoSuccess = builder.objectRef<{ id: string }>('DeleteVideoSuccess').implement({
  description: 'The video is deleted.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The `id` of the video.' }),
  }),
});

builder.mutationField('deleteVideo', (t) =>
  t.field({
    type: DeleteVideoSuccess,
    description:
      "Deletes a video whose task has ended: from every list, with its prompt, its URLs and the gateway's copies of its files. The upstream deletes its own files after 14 days. An `idempotencyKey` that the video was made with stays in use. If the task has not ended, the answer is a TooLateError.",
    args: {
      id: t.arg.id({ required: true, description: 'The `id` of the video, or its task id.' }),
    },
    errors: {
      types: findErrorsOf('deleteVideo'),
      directResult: true,
      union: {
        name: 'DeleteVideoResult',
        description: 'The id, or the error. Every error is a GatewayError.',
      },
    },
    resolve: (_root, args, ctx) => deleteVideo(args, ctx),
  }),
);
