import { type ExtendedEvent, readCompletionPage } from '../resolvers/completions.ts';
import { readNode } from '../resolvers/sequence.ts';
import { readVideo } from '../resolvers/video.ts';
import { readVideos } from '../resolvers/videos.ts';
import { builder } from './builder.ts';
import { VideoStateType } from './enums.ts';
import { NodeType, VideoConnection, VideoType } from './video.ts';

export const VideoExtendedType = builder.objectRef<ExtendedEvent>('VideoExtended').implement({
  description: 'A completion: a task has ended; see `video.state`.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description:
        'Your position in the completion log after this event. Resume after the last cursor that you processed.',
    }),
    video: t.expose('video', { type: VideoType, description: 'The task with its current state.' }),
  }),
});

const VideoExtendedConnection = builder.connectionObject(
  {
    type: VideoExtendedType,
    name: 'VideoExtendedConnection',
    description: 'A page of completions. `pageInfo.endCursor` is never null.',
  },
  { name: 'VideoExtendedEdge', description: 'A completion and its position in the log.' },
);

builder.queryType({ description: 'Read operations. They are free.' });

builder.queryField('node', (t) =>
  t.field({
    type: NodeType,
    nullable: true,
    description: 'The object with this id. Null: unknown, or owned by someone else.',
    args: {
      id: t.arg.id({ required: true, description: 'The `id` of a Video or a Sequence.' }),
    },
    resolve: (_root, args, ctx) => readNode(args.id, ctx),
  }),
);

builder.queryField('video', (t) =>
  t.field({
    type: VideoType,
    nullable: true,
    description:
      "One video by the upstream's task id or by the id of a Video. Null: unknown, or owned by someone else.",
    args: {
      taskId: t.arg.id({ required: true, description: 'The task id, or the id of a Video.' }),
    },
    resolve: (_root, args, ctx) => readVideo(args.taskId, ctx),
  }),
);

builder.queryField('videos', (t) =>
  t.field({
    type: VideoConnection,
    description: "The caller's videos, newest first.",
    args: {
      first: t.arg.int({ defaultValue: 20, description: 'The maximum number of items, 0 to 100.' }),
      after: t.arg.string({ description: 'Return items after this cursor.' }),
      states: t.arg({ type: [VideoStateType], description: 'Only videos in one of these states.' }),
    },
    resolve: (_root, args, ctx) => readVideos(args, ctx),
  }),
);

builder.queryField('completions', (t) =>
  t.field({
    type: VideoExtendedConnection,
    description:
      "The caller's completions in log order, for clients that poll instead of subscribing to videoExtended. endCursor is never null.",
    args: {
      first: t.arg.int({ defaultValue: 20, description: 'The maximum number of items, 0 to 100.' }),
      after: t.arg.string({
        description:
          'Return completions after this cursor. Omitted: from the oldest stored completion.',
      }),
    },
    resolve: (_root, args, ctx) => readCompletionPage(args, ctx),
  }),
);
