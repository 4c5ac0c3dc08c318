import {
  estimateSequence,
  type Problem,
  readParts,
  readProblem,
  readSequenceOf,
  readStart,
} from '../resolvers/sequence.ts';
import type { Sequence, Shot } from '../sequence.ts';
import { builder } from './builder.ts';
import { ErrorCodeType, SequenceStateType, VideoQualityType } from './enums.ts';
import { NodeType, VideoType } from './video.ts';
import { VideoFailureType } from './video-parts.ts';

const ShotType = builder.objectRef<Shot>('Shot').implement({
  description: 'One extension of a sequence. It continues the shot before it.',
  fields: (t) => ({
    number: t.exposeInt('number', { description: 'Its place in the sequence, from 1.' }),
    prompt: t.exposeString('prompt', { description: 'What should happen in it.' }),
    quality: t.expose('quality', { type: VideoQualityType, description: 'The resolution.' }),
    waterMark: t.exposeString('waterMark', {
      description: 'The text in the bottom right corner. Empty: no watermark.',
    }),
    video: t.expose('video', {
      type: VideoType,
      nullable: true,
      description:
        'The try that succeeded, or else the latest one. Null until the shot before it has succeeded.',
    }),
    tries: t.field({
      type: [VideoType],
      description: 'Every request for this shot, oldest first. Each one that was sent may be paid.',
      resolve: ({ tries }) => [...tries],
    }),
  }),
});

const SequenceProblemType = builder.objectRef<Problem>('SequenceProblem').implement({
  description: 'Why a sequence is PAUSED.',
  fields: (t) => ({
    message: t.exposeString('message', { description: 'A sentence for people.' }),
    video: t.expose('video', {
      type: VideoType,
      nullable: true,
      description: 'The try that failed. Null if it is no longer stored.',
    }),
    failure: t.expose('failure', {
      type: VideoFailureType,
      nullable: true,
      description: 'Why it failed. Null if it was withdrawn, or has succeeded.',
    }),
    code: t.expose('code', {
      type: ErrorCodeType,
      nullable: true,
      description:
        'The code of the error that a single submit would have got. Null if it would have got none.',
    }),
  }),
});

export const SequenceType = builder.objectRef<Sequence>('Sequence').implement({
  interfaces: [NodeType],
  description: 'A long film: shots that extend one video, one after another.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The id of the sequence.' }),
    state: t.expose('state', {
      type: SequenceStateType,
      description: 'The state of the sequence.',
    }),
    start: t.field({
      type: VideoType,
      nullable: true,
      description:
        'The video that the first shot extends. If it was not made through the gateway, selecting this field reads it from the upstream. Null if it no longer exists.',
      resolve: (sequence, _args, ctx) => readStart(sequence, ctx),
    }),
    shots: t.field({
      type: [ShotType],
      description: 'The shots in order.',
      resolve: async (sequence, _args, ctx) => [...(await readParts(sequence, ctx)).shots],
    }),
    problem: t.field({
      type: SequenceProblemType,
      nullable: true,
      description: 'Set when `state` is PAUSED.',
      resolve: (sequence, _args, ctx) => readProblem(sequence, ctx),
    }),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      description: 'When it was created.',
    }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it became COMPLETED or CANCELLED. Null before.',
    }),
    estimatedFinishAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'When the last shot will probably end, estimated from recent tasks of the same kind and quality. Null unless the sequence is RUNNING and there are enough such tasks.',
      resolve: (sequence, _args, ctx) => estimateSequence(sequence, ctx),
    }),
  }),
});

export const SequenceConnection = builder.connectionObject(
  { type: SequenceType, name: 'SequenceConnection', description: 'A page of sequences.' },
  { name: 'SequenceEdge', description: 'A sequence and its cursor.' },
);

builder.objectField(VideoType, 'sequence', (t) =>
  t.field({
    type: SequenceType,
    nullable: true,
    description: 'The sequence that made this video: as a shot, or as its original.',
    resolve: (video, _args, ctx) => readSequenceOf(video, ctx),
  }),
);
