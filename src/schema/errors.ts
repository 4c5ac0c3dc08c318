import {
  type GatewayError,
  GatewayUnavailableError,
  IdempotencyConflictError,
  type InputIssue,
  InsufficientCreditsError,
  InvalidInputError,
  OutcomeUnknownError,
  RateLimitedError,
  SourceUnavailableError,
  UpstreamError,
  UpstreamMaintenanceError,
  UpstreamUnauthorizedError,
  UpstreamUnreachableError,
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
const refusalInterfaces = [GatewayErrorType, UpstreamRefusalType];

builder.objectType(InvalidInputError, {
  name: 'InvalidInputError',
  description:
    'The input is invalid. The gateway refused it before any upstream call, or the upstream refused it (422).',
  interfaces: refusalInterfaces,
  fields: (t) => ({
    issues: t.field({
      type: [InputIssueType],
      description:
        'The invalid fields that the gateway found. Empty: the upstream refused the input.',
      resolve: (error) => [...error.issues],
    }),
  }),
});

builder.objectType(VideoNotFoundError, {
  name: 'VideoNotFoundError',
  description: 'The video to extend does not exist, or belongs to another owner (404).',
  interfaces: refusalInterfaces,
  fields: (t) => ({
    taskId: t.exposeID('taskId', { description: 'The id that the request contained.' }),
  }),
});

builder.objectType(SourceUnavailableError, {
  name: 'SourceUnavailableError',
  description: 'The upstream could not fetch the image (451).',
  interfaces: refusalInterfaces,
});

builder.objectType(RateLimitedError, {
  name: 'RateLimitedError',
  description: 'Too many requests (429). Nothing was started.',
  interfaces: refusalInterfaces,
});

builder.objectType(UpstreamUnauthorizedError, {
  name: 'UpstreamUnauthorizedError',
  description: "The upstream refused the gateway's API key (401). An operator has to act.",
  interfaces: refusalInterfaces,
});

builder.objectType(InsufficientCreditsError, {
  name: 'InsufficientCreditsError',
  description:
    "The gateway's account at the upstream has no credits left, or a limit of its key is reached (402, 433). Nothing was started. An operator has to act. For some time the gateway refuses further submits without asking the upstream and sets `retryAfter`.",
  interfaces: refusalInterfaces,
});

builder.objectType(UpstreamMaintenanceError, {
  name: 'UpstreamMaintenanceError',
  description: 'The upstream is under maintenance (455). Nothing was started.',
  interfaces: refusalInterfaces,
});

builder.objectType(UpstreamError, {
  name: 'UpstreamError',
  description:
    'The upstream answered with an error that has no type of its own. If `video` is set, the task may have been started.',
  interfaces: refusalInterfaces,
  fields: (t) => ({
    video: t.expose('video', {
      type: VideoType,
      nullable: true,
      description:
        'Set when the answer does not assert a refusal (500, for example). The task may have been started and paid for, and the idempotency key stays in use. Do not submit again; watch this video. Null: nothing was started, and the key is free. If the operation also selects the non-null `video` of another type of the union, give this field an alias.',
    }),
  }),
});

builder.objectType(UpstreamUnreachableError, {
  name: 'UpstreamUnreachableError',
  description: 'The gateway could not connect to the upstream. Nothing was started.',
  interfaces: [GatewayErrorType],
});

builder.objectType(OutcomeUnknownError, {
  name: 'OutcomeUnknownError',
  description:
    'The request was sent but no readable answer came, or an earlier submit with the same key had this outcome. The task may exist and may have been paid for. Do not submit again. Watch `video`; its state changes when the upstream reports on the task.',
  interfaces: [GatewayErrorType],
  fields: (t) => ({
    video: t.expose('video', {
      type: VideoType,
      description: 'The task. The query `video` and the subscriptions accept its id.',
    }),
  }),
});

builder.objectType(IdempotencyConflictError, {
  name: 'IdempotencyConflictError',
  description: 'The idempotency key was already used with a different input.',
  interfaces: [GatewayErrorType],
});

builder.objectType(GatewayUnavailableError, {
  name: 'GatewayUnavailableError',
  description: 'The gateway cannot serve requests now. Nothing was started.',
  interfaces: [GatewayErrorType],
});

/** What either submit may be refused with. */
const SUBMIT_ERRORS = [
  SourceUnavailableError,
  RateLimitedError,
  UpstreamUnauthorizedError,
  InsufficientCreditsError,
  UpstreamMaintenanceError,
  UpstreamError,
  UpstreamUnreachableError,
  OutcomeUnknownError,
  IdempotencyConflictError,
  GatewayUnavailableError,
];

/** The members of `GenerateVideoResult` beside its success. */
export const GENERATE_VIDEO_ERRORS = [InvalidInputError, ...SUBMIT_ERRORS];

/** The members of `ExtendVideoResult` beside its success. */
export const EXTEND_VIDEO_ERRORS = [InvalidInputError, VideoNotFoundError, ...SUBMIT_ERRORS];
