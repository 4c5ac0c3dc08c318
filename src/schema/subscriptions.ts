import { takeEvent } from '../delivery/stream.ts';
import { subscribeExtended } from '../resolvers/video-extended.ts';
import { subscribeUpdated } from '../resolvers/video-updated.ts';
import { builder } from './builder.ts';
import { VideoExtendedType } from './queries.ts';
import { VideoType } from './video.ts';

builder.subscriptionType({
  description: 'Event streams, over WebSockets (graphql-ws) or server-sent events.',
});

builder.subscriptionField('videoExtended', (t) =>
  t.field({
    type: VideoExtendedType,
    description:
      "Delivers completions of originals and extensions. With taskId: the completion of that task, immediately if the task has already ended; then the stream ends. Without taskId: every completion of the caller's tasks, from now on or after a cursor.",
    args: {
      taskId: t.arg.id({
        description: 'The task id, or the id of a Video. Cannot be combined with after.',
      }),
      after: t.arg.string({ description: 'The cursor of the last event that you processed.' }),
    },
    subscribe: (_root, args, ctx) => subscribeExtended(args, ctx),
    resolve: (event) => takeEvent(event),
  }),
);

builder.subscriptionField('videoUpdated', (t) =>
  t.field({
    type: VideoType,
    description:
      'The current state of the task, then each change of state. The stream ends when the task ends, in FAILED too: a success that the upstream reports after that is a second completion, which `videoExtended` and `completions` deliver.',
    args: {
      taskId: t.arg.id({ required: true, description: 'The task id, or the id of a Video.' }),
    },
    subscribe: (_root, args, ctx) => subscribeUpdated(args, ctx),
    resolve: (event) => takeEvent(event),
  }),
);
