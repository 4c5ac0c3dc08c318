import { takeEvent } from '../delivery/stream.ts';
import { subscribeExtended } from '../resolvers/video-extended.ts';
import { subscribeUpdated } from '../resolvers/video-updated.ts';
import { builder } from './builder.ts';
import { VideoExtendedType } from './queries.ts';
import { VideoType } from './video.ts';

builder.subscriptionType({ description: 'Over WebSockets (graphql-ws) or server-sent events.' });

builder.subscriptionField('videoExtended', (t) =>
  t.field({
    type: VideoExtendedType,
    description:
      "Delivers completions, of originals as well as of extensions. With taskId: the completion of that task, at once if it has already happened, then the stream ends. Without: every completion of the caller's tasks, from now or from after a cursor.",
    args: {
      taskId: t.arg.id({
        description: 'The task id, or the id of a Video. Not together with after.',
      }),
      after: t.arg.string({ description: 'The cursor of the last event that you have processed.' }),
    },
    subscribe: (_root, args, ctx) => subscribeExtended(args, ctx),
    resolve: (event) => takeEvent(event),
  }),
);

builder.subscriptionField('videoUpdated', (t) =>
  t.field({
    type: VideoType,
    description: 'The task as it stands, then each change of state; ends with the last one.',
    args: {
      taskId: t.arg.id({ required: true, description: 'The task id, or the id of a Video.' }),
    },
    subscribe: (_root, args, ctx) => subscribeUpdated(args, ctx),
    resolve: (event) => takeEvent(event),
  }),
);
