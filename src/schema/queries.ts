import { type ExtendedEvent, readCompletionPage } from '../resolvers/completions.ts';
import { readVideo } from '../resolvers/video.ts';
import { readVideos } from '../resolvers/videos.ts';
import { builder } from './builder.ts';
import { VideoStateType } from './enums.ts';
import { NodeType, VideoConnection, VideoType } from './video.ts';

export const VideoExtendedType = builder.objectRef<ExtendedEvent>('VideoExtended').implement({
  description: 'A task has ended, well or badly: see `video.state`.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', {
      description:
        'Your place in the log after this event: resume from the last one you processed.',
    }),
    video: t.expose('video', { type: VideoType, description: 'The task as it stands now.' }),
  }),
});

const VideoExtendedConnection = builder.connectionObject(
  {
    type: VideoExtendedType,
    name: 'VideoExtendedConnection',
    description: 'A page of completions. `pageInfo.endCursor` is never null.',
  },
  { name: 'VideoExtendedEdge', description: 'A completion and its place in the log.' },
);

builder.queryType({ description: 'Reads. They cost nothing.' });

builder.queryField('node', (t) =>
  t.field({
    type: NodeType,
    nullable: true,
    description: 'The object with this id. Null: unknown, or not yours.',
    args: { id: t.arg.id({ required: true, description: 'The `id` of a Video.' }) },
    resolve: (_root, args, ctx) => readVideo(args.id, ctx),
  }),
);

builder.queryField('video', (t) =>
  t.field({
    type: VideoType,
    nullable: true,
    description: "By the upstream's task id, or by the id of a Video. Null: unknown, or not yours.",
    args: {
      taskId: t.arg.id({ required: true, description: 'The task id, or the id of a Video.' }),
    },
    resolve: (_root, args, ctx) => readVideo(args.taskId, ctx),
  }),
);

builder.queryField('videos', (t) =>
  t.field({
    type: VideoConnection,
    description: "The caller's own, newest first.",
    args: {
      first: t.arg.int({ defaultValue: 20, description: 'How many at most, 0 to 100.' }),
      after: t.arg.string({ description: 'The cursor after which the page begins.' }),
      states: t.arg({ type: [VideoStateType], description: 'Only videos in one of these states.' }),
    },
    resolve: (_root, args, ctx) => readVideos(args, ctx),
  }),
);

builder.queryField('completions', (t) =>
  t.field({
    type: VideoExtendedConnection,
    description:
      "The caller's completions in the order of the log; what videoExtended streams, for those who poll. endCursor is never null.",
    args: {
      first: t.arg.int({ defaultValue: 20, description: 'How many at most, 0 to 100.' }),
      after: t.arg.string({
        description: 'A cursor of the log. Left out: from as far back as the log reaches.',
      }),
    },
    resolve: (_root, args, ctx) => readCompletionPage(args, ctx),
  }),
);
