/** The schema types of errors. All of them but their own fields comes from the table of errors. */

import { ERROR_TABLE, type ErrorCode, type Mutation } from '../error-table.ts';
import {
  ERROR_CLASSES,
  type GatewayError,
  type InputIssue,
  InvalidInputError,
  OutcomeUnknownError,
  SequenceNotFoundError,
  TooLateError,
  UpstreamError,
  VideoNotFoundError,
} from '../errors.ts';
import { builder } from './builder.ts';
import { ErrorCodeType } from './enums.ts';
import { VideoType } from './video.ts';

const GatewayErrorType = builder.interfaceRef<GatewayError>('GatewayError').implement({
  description: 'The fields that every error of a mutation has.',
  fields: (t) => ({
    message: t.exposeString('message', {
      description: 'A sentence for people. The wording may change.',
    }),
    code: t.expose('code', {
      type: ErrorCodeType,
      description: 'A code for programs. It never changes.',
    }),
    retryable: t.exposeBoolean('retryable', {
      description:
        'Whether the same request can be sent again unchanged without the risk of paying twice.',
    }),
    retryAfter: t.exposeInt('retryAfter', {
      nullable: true,
      description: 'Seconds to wait before a retry. Null: unknown.',
    }),
  }),
});

const InputIssueType = builder.objectRef<InputIssue>('InputIssue').implement({
  description: 'One invalid field of an input.',
  fields: (t) => ({
    path: t.stringList({
      description: 'The path of the field, outermost name first.',
      resolve: (issue) => [...issue.path],
    }),
    message: t.exposeString('message', { description: 'What is wrong with the field.' }),
  }),
});

const UpstreamRefusalType = builder.interfaceRef<GatewayError>('UpstreamRefusal').implement({
  description:
    'An error that the upstream can report. The gateway can also raise some of them itself.',
  interfaces: [GatewayErrorType],
  fields: (t) => ({
    upstreamCode: t.exposeInt('upstreamCode', {
      nullable: true,
      description:
        "The code in the upstream's answer. Null: the gateway itself refused the request.",
    }),
    upstreamMessage: t.exposeString('upstreamMessage', {
      nullable: true,
      description: "The text in the upstream's answer. Null: there was none.",
    }),
  }),
});

for (const [code, ErrorClass] of Object.entries(ERROR_CLASSES)) {
  const { type, fromUpstream, typeDescription, meaning } = ERROR_TABLE[code as ErrorCode];
  if (!type) continue;
  builder.objectType(ErrorClass, {
    name: type,
    description: typeDescription ?? meaning,
    interfaces: fromUpstream ? [GatewayErrorType, UpstreamRefusalType] : [GatewayErrorType],
  });
}

// The fields that only one type has.

builder.objectFields(InvalidInputError, (t) => ({
  issues: t.field({
    type: [InputIssueType],
    description:
      'The invalid fields that the gateway found. Empty: the upstream refused the input.',
    resolve: (error) => [...error.issues],
  }),
}));

builder.objectFields(VideoNotFoundError, (t) => ({
  taskId: t.exposeID('taskId', { description: 'The id that the request contained.' }),
}));

builder.objectFields(SequenceNotFoundError, (t) => ({
  sequenceId: t.exposeID('sequenceId', { description: 'The id that the request contained.' }),
}));

builder.objectFields(UpstreamError, (t) => ({
  video: t.expose('video', {
    type: VideoType,
    nullable: true,
    description:
      'Set when the answer does not assert a refusal (500, for example). The task may have been started and paid for, and the idempotency key stays in use. Do not submit again; watch this video. Null: nothing was started, and the key is free. If the operation also selects the non-null `video` of another type of the union, give this field an alias.',
  }),
}));

builder.objectFields(OutcomeUnknownError, (t) => ({
  video: t.expose('video', {
    type: VideoType,
    description: 'The task. The query `video` and the subscriptions accept its id.',
  }),
}));

builder.objectFields(TooLateError, (t) => ({
  video: t.expose('video', { type: VideoType, description: 'The video with its current state.' }),
}));

/** The errors in the result union of a mutation. */
export function findErrorsOf(mutation: Mutation) {
  return Object.entries(ERROR_CLASSES).flatMap(([code, ErrorClass]) =>
    ERROR_TABLE[code as ErrorCode].mutations.includes(mutation) ? [ErrorClass] : [],
  );
}
