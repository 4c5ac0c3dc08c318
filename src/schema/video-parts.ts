/** The types of a video's compound fields. */

import type { KeptFiles } from '../files/files-of.ts';
import type { Schedule } from '../resolvers/forecast.ts';
import { isRetryable, type VideoFailure } from '../video.ts';
import { builder } from './builder.ts';
import { FailureReasonType, KeepStateType } from './enums.ts';

export const VideoFailureType = builder.objectRef<VideoFailure>('VideoFailure').implement({
  description: 'Why a task failed.',
  fields: (t) => ({
    reason: t.expose('reason', {
      type: FailureReasonType,
      description: 'The reason, for programs.',
    }),
    message: t.exposeString('message', {
      description: "A sentence for people: the upstream's own text if there was one.",
    }),
    retryable: t.boolean({
      description:
        'Whether the same input may succeed as a new task, which is paid for again. False: change the input first.',
      resolve: (failure) => isRetryable(failure),
    }),
    upstreamCode: t.exposeInt('upstreamCode', {
      nullable: true,
      description: "The upstream's code for the failure. Null: the gateway gave up.",
    }),
  }),
});

export const KeptFilesType = builder.objectRef<KeptFiles>('KeptFiles').implement({
  description: "The gateway's own copies of a video's files.",
  fields: (t) => ({
    state: t.expose('state', { type: KeepStateType, description: 'The state of the film.' }),
    bytes: t.exposeFloat('bytes', {
      nullable: true,
      description: 'The length of the film in bytes. Null unless `state` is KEPT.',
    }),
    sha256: t.exposeString('sha256', {
      nullable: true,
      description: 'The SHA-256 of the film in hex. Null unless `state` is KEPT.',
    }),
    keptAt: t.expose('keptAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the copy was verified. Null unless `state` is KEPT.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'When the copies are deleted. Null unless `state` is KEPT, and when they are deleted together with the sequence of the video.',
    }),
  }),
});

export const ScheduleType = builder.objectRef<Schedule>('Schedule').implement({
  description: 'When a SCHEDULED request will be sent.',
  fields: (t) => ({
    position: t.exposeInt('position', {
      description:
        'The position in the queue of all users: 1 is sent next. Users are served in turn.',
    }),
    estimatedStartAt: t.expose('estimatedStartAt', {
      type: 'DateTime',
      description:
        'When it will probably be sent, if the upstream is reachable and no limit of the user delays it.',
    }),
    notBefore: t.expose('notBefore', {
      type: 'DateTime',
      nullable: true,
      description: 'The earliest time that the request asked for.',
    }),
    deadline: t.expose('deadline', {
      type: 'DateTime',
      description: 'If it has not been sent by then, it fails as NEVER_SENT, unpaid.',
    }),
  }),
});
