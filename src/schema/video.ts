import { estimateFinish, readSchedule } from '../resolvers/forecast.ts';
import { readAncestors, readSource } from '../resolvers/lineage.ts';
import { readExtensions } from '../resolvers/videos.ts';
import { isSequence, type Sequence } from '../sequence.ts';
import type { Video } from '../video.ts';
import { builder } from './builder.ts';
import { AspectRatioType, VideoKindType, VideoQualityType, VideoStateType } from './enums.ts';
import { KeptFilesType, ScheduleType, VideoFailureType } from './video-parts.ts';

export const NodeType = builder.interfaceRef<Video | Sequence>('Node').implement({
  description: 'An object that can be read by its id.',
  resolveType: (node) => (isSequence(node) ? 'Sequence' : 'Video'),
  fields: (t) => ({
    id: t.exposeID('id', { description: 'An opaque id, unique among all objects.' }),
  }),
});

const VideoRef = builder.objectRef<Video>('Video');

// The input's fields are null on a video made elsewhere: the upstream does not report them.
export const VideoType = VideoRef.implement({
  interfaces: [NodeType],
  description:
    'A video and the upstream task that makes it. An extension has the aspect ratio of the video that it extends.',
  fields: (t) => ({
    id: t.exposeID('id', {
      description:
        "The gateway's id, known before the upstream answers. Accepted wherever a task id is accepted.",
    }),
    taskId: t.exposeID('taskId', {
      nullable: true,
      description: "The upstream's id. Null until the upstream has confirmed the task.",
    }),
    state: t.expose('state', { type: VideoStateType, description: 'The state of the task.' }),
    kind: t.expose('kind', {
      type: VideoKindType,
      description: 'Whether it is an original or the extension of another video.',
    }),
    duration: t.exposeInt('duration', {
      nullable: true,
      description:
        'The requested length in seconds. Null on an extension and on a video that was not made through the gateway.',
    }),
    aspectRatio: t.expose('aspectRatio', {
      type: AspectRatioType,
      nullable: true,
      description:
        'The requested aspect ratio. Null if an image or a video determines it (an original made from an image, an extension), and on a video that was not made through the gateway.',
    }),
    prompt: t.exposeString('prompt', {
      nullable: true,
      description: 'The prompt of the request. Null if the upstream does not report it.',
    }),
    quality: t.expose('quality', {
      type: VideoQualityType,
      nullable: true,
      description:
        'The requested resolution. Null on a video that was not made through the gateway.',
    }),
    waterMark: t.exposeString('waterMark', {
      nullable: true,
      description:
        'The text in the bottom right corner. Empty: no watermark. Null on a video that was not made through the gateway.',
    }),
    imageUrl: t.expose('imageUrl', {
      type: 'URL',
      nullable: true,
      description: 'The image of the request, if any.',
    }),
    expandPrompt: t.exposeBoolean('expandPrompt', {
      nullable: true,
      description:
        'Whether the request allowed the upstream to expand the prompt. Null: not specified.',
    }),
    videoId: t.exposeID('videoId', {
      nullable: true,
      description: "The upstream's id of the file. Null until the file exists.",
    }),
    videoUrl: t.field({
      type: 'URL',
      nullable: true,
      description:
        'The video file: the copy of the gateway, if it is kept. The URL of a copy is signed and expires; read it again instead of storing it. Null until the file exists and after it has expired.',
      resolve: (video, _args, ctx) => ctx.files.of(video).videoUrl,
    }),
    coverUrl: t.field({
      type: 'URL',
      nullable: true,
      description: 'The cover image, as for `videoUrl`.',
      resolve: (video, _args, ctx) => ctx.files.of(video).coverUrl,
    }),
    schedule: t.field({
      type: ScheduleType,
      nullable: true,
      description: 'When the request will be sent. Null unless `state` is SCHEDULED.',
      resolve: (video, _args, ctx) => readSchedule(video, ctx),
    }),
    estimatedFinishAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'When the task will probably end, estimated from recent tasks of the same kind, length and quality. Null after the end, if there are too few such tasks, and once the task has taken longer than nine of ten of them.',
      resolve: (video, _args, ctx) => estimateFinish(video, ctx),
    }),
    failure: t.expose('failure', {
      type: VideoFailureType,
      nullable: true,
      description: 'Set when `state` is FAILED.',
    }),
    sourceTaskId: t.exposeID('sourceTaskId', {
      nullable: true,
      description: "The upstream's id of the video that this one extends. Null on an original.",
    }),
    source: t.field({
      type: VideoRef,
      nullable: true,
      description:
        'The video that this one extends. If the gateway has not stored it, selecting this field reads it from the upstream. Null on an original, and if the video no longer exists.',
      resolve: (video, _args, ctx) => readSource(video, ctx),
    }),
    ancestors: t.field({
      type: [VideoRef],
      description:
        'The source, its source and so on, nearest first, as far as the gateway has stored them. Makes no upstream call.',
      args: {
        first: t.arg.int({
          defaultValue: 10,
          description: 'The maximum number of items, 0 to 100.',
        }),
      },
      resolve: (video, args, ctx) => readAncestors(video, args, ctx),
    }),
    extensions: t.field({
      type: VideoConnection,
      description: 'Your extensions of this video, newest first.',
      args: {
        first: t.arg.int({
          defaultValue: 20,
          description: 'The maximum number of items, 0 to 100.',
        }),
        after: t.arg.string({ description: 'Return items after this cursor.' }),
      },
      resolve: (video, args, ctx) => readExtensions(video, args, ctx),
    }),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'When the request for the task arrived. Null on a video that was not made through the gateway.',
    }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the gateway learned that the task had ended. Null before.',
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'When the files are deleted: 14 days after the task was last seen unfinished, or when the copy of the gateway is deleted. Null without files.',
      resolve: (video, _args, ctx) => ctx.files.of(video).expiresAt,
    }),
    expired: t.boolean({
      description: 'Whether the files have expired. The URLs are then null.',
      resolve: (video, _args, ctx) => ctx.files.of(video).expired,
    }),
    kept: t.field({
      type: KeptFilesType,
      nullable: true,
      description:
        "The gateway's copies of the files. Null if the gateway keeps no copies, if the video has no files, and if it was not made through the gateway.",
      resolve: (video, _args, ctx) => ctx.files.of(video).kept,
    }),
    checkedAt: t.expose('checkedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the upstream last confirmed this state. Null: not yet.',
    }),
  }),
});

export const VideoConnection = builder.connectionObject(
  { type: VideoRef, name: 'VideoConnection', description: 'A page of videos.' },
  { name: 'VideoEdge', description: 'A video and its cursor.' },
);
