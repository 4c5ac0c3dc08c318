import { readAncestors, readSource } from '../resolvers/lineage.ts';
import { readExtensions } from '../resolvers/videos.ts';
import { isRetryable, type Video, type VideoFailure } from '../video.ts';
import { builder } from './builder.ts';
import {
  AspectRatioType,
  FailureReasonType,
  VideoKindType,
  VideoQualityType,
  VideoStateType,
} from './enums.ts';

const VideoFailureType = builder.objectRef<VideoFailure>('VideoFailure').implement({
  description: 'Why a task failed.',
  fields: (t) => ({
    reason: t.expose('reason', { type: FailureReasonType, description: 'For programs.' }),
    message: t.exposeString('message', {
      description: "For people: the upstream's own text where it gave one.",
    }),
    retryable: t.boolean({
      description:
        'Whether the same input may well succeed as a new task, which is paid anew. False: change the input first.',
      resolve: (failure) => isRetryable(failure),
    }),
    upstreamCode: t.exposeInt('upstreamCode', {
      nullable: true,
      description: "The upstream's code for the failure; null where the gateway gave up.",
    }),
  }),
});

/** There is one kind of node, whose ids say by themselves what they are. */
export const NodeType = builder.interfaceRef<Video>('Node').implement({
  description: 'An object that can be read again by its id.',
  resolveType: () => 'Video',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Opaque; unique among all objects.' }),
  }),
});

const VideoRef = builder.objectRef<Video>('Video');

// Null in all the fields of the input: the video was made elsewhere, and the upstream does not say.
export const VideoType = VideoRef.implement({
  interfaces: [NodeType],
  description:
    'A video, made or still in the making: a task at the upstream. An extension has the aspect ratio of the video that it extends.',
  fields: (t) => ({
    id: t.exposeID('id', {
      description:
        "The gateway's own id, known before the upstream has answered. Accepted wherever a task id is.",
    }),
    taskId: t.exposeID('taskId', {
      nullable: true,
      description: "The upstream's id. Null until the upstream has confirmed the task.",
    }),
    state: t.expose('state', { type: VideoStateType, description: 'How far the task has come.' }),
    kind: t.expose('kind', {
      type: VideoKindType,
      description: 'Whether it is an original or the extension of another video.',
    }),
    duration: t.exposeInt('duration', {
      nullable: true,
      description:
        'The length asked for, in seconds. Null on an extension and on a video made elsewhere.',
    }),
    aspectRatio: t.expose('aspectRatio', {
      type: AspectRatioType,
      nullable: true,
      description:
        'The shape asked for. Null where a picture decides it (an original made from an image, an extension), and on a video made elsewhere.',
    }),
    prompt: t.exposeString('prompt', {
      nullable: true,
      description: 'What should happen in the video, as it was asked for.',
    }),
    quality: t.expose('quality', {
      type: VideoQualityType,
      nullable: true,
      description: 'The resolution asked for. Null on a video made elsewhere.',
    }),
    waterMark: t.exposeString('waterMark', {
      nullable: true,
      description:
        'The text in the bottom right corner; empty: none. Null on a video made elsewhere.',
    }),
    imageUrl: t.expose('imageUrl', {
      type: 'URL',
      nullable: true,
      description: 'The image sent along, if any.',
    }),
    expandPrompt: t.exposeBoolean('expandPrompt', {
      nullable: true,
      description: 'Whether the upstream was to elaborate the prompt. Null: not said.',
    }),
    videoId: t.exposeID('videoId', {
      nullable: true,
      description: "The upstream's id of the file. Null until there is one.",
    }),
    videoUrl: t.field({
      type: 'URL',
      nullable: true,
      description: 'The video file. Null until there is one, and once it has expired.',
      resolve: (video) => (video.expired ? null : video.videoUrl),
    }),
    coverUrl: t.field({
      type: 'URL',
      nullable: true,
      description: 'The cover image. Null until there is one, and once it has expired.',
      resolve: (video) => (video.expired ? null : video.coverUrl),
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
        'The video that this one extends. Read only when asked for: at the upstream if the gateway does not have it. Null on an original, and when nobody knows it any more.',
      resolve: (video, _args, ctx) => readSource(video, ctx),
    }),
    ancestors: t.field({
      type: [VideoRef],
      description:
        'The source, its source and so on, nearest first, as far as the gateway has them; costs no upstream call.',
      args: {
        first: t.arg.int({ defaultValue: 10, description: 'How many at most, 0 to 100.' }),
      },
      resolve: (video, args, ctx) => readAncestors(video, args, ctx),
    }),
    extensions: t.field({
      type: VideoConnection,
      description: 'Your extensions of this video, newest first.',
      args: {
        first: t.arg.int({ defaultValue: 20, description: 'How many at most, 0 to 100.' }),
        after: t.arg.string({ description: 'The cursor after which the page begins.' }),
      },
      resolve: (video, args, ctx) => readExtensions(video, args, ctx),
    }),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the task was asked for. Null on a video made elsewhere.',
    }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the gateway learned of the end. Null before.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'When the files will be gone: 14 days after the task was last seen unfinished. Null without files.',
    }),
    expired: t.exposeBoolean('expired', {
      description: 'Whether the 14 days are over. The URLs are null then.',
    }),
    checkedAt: t.expose('checkedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the upstream last confirmed this state. Null before it first did.',
    }),
  }),
});

export const VideoConnection = builder.connectionObject(
  { type: VideoRef, name: 'VideoConnection', description: 'A page of videos.' },
  { name: 'VideoEdge', description: 'A video and its place in the list.' },
);
