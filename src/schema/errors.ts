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
  description: 'What every error of a mutation has.',
  fields: (t) => ({
    message: t.exposeString('message', { description: 'For people; may change.' }),
    code: t.expose('code', { type: ErrorCodeType, description: 'For programs; never changes.' }),
    retryable: t.exposeBoolean('retryable', {
      description:
        'Whether the same request may be sent again as it is, without a risk of paying twice.',
    }),
    retryAfter: t.exposeInt('retryAfter', {
      nullable: true,
      description: 'Seconds after which a repeat makes sense. Null: not known.',
    }),
  }),
});

const InputIssueType = builder.objectRef<InputIssue>('InputIssue').implement({
  description: 'One fault of an input.',
  fields: (t) => ({
    path: t.stringList({
      description: 'The field, from the outside in.',
      resolve: (issue) => [...issue.path],
    }),
    message: t.exposeString('message', { description: 'What is wrong with it.' }),
  }),
});

const UpstreamRefusalType = builder.interfaceRef<GatewayError>('UpstreamRefusal').implement({
  description: 'An error that the upstream may have spoken about.',
  interfaces: [GatewayErrorType],
  fields: (t) => ({
    upstreamCode: t.exposeInt('upstreamCode', {
      nullable: true,
      description: "The code in the upstream's answer. Null: the gateway itself refused.",
    }),
    upstreamMessage: t.exposeString('upstreamMessage', {
      nullable: true,
      description: "The text in the upstream's answer. Null: it gave none.",
    }),
  }),
});
const bySpeech = [GatewayErrorType, UpstreamRefusalType];

builder.objectType(InvalidInputError, {
  name: 'InvalidInputError',
  description: 'The input was refused, by the gateway before any call or by the upstream (422).',
  interfaces: bySpeech,
  fields: (t) => ({
    issues: t.field({
      type: [InputIssueType],
      description: 'The faults that the gateway found. Empty: the upstream refused the input.',
      resolve: (error) => [...error.issues],
    }),
  }),
});

builder.objectType(VideoNotFoundError, {
  name: 'VideoNotFoundError',
  description: 'The video to extend does not exist, or is not yours (404).',
  interfaces: bySpeech,
  fields: (t) => ({
    taskId: t.exposeID('taskId', { description: 'The id that was given.' }),
  }),
});

builder.objectType(SourceUnavailableError, {
  name: 'SourceUnavailableError',
  description: 'The upstream could not fetch the image (451).',
  interfaces: bySpeech,
});

builder.objectType(RateLimitedError, {
  name: 'RateLimitedError',
  description: 'Too many requests (429). Nothing was started.',
  interfaces: bySpeech,
});

builder.objectType(UpstreamUnauthorizedError, {
  name: 'UpstreamUnauthorizedError',
  description: "The upstream refused the gateway's own key (401): a case for an operator.",
  interfaces: bySpeech,
});

builder.objectType(InsufficientCreditsError, {
  name: 'InsufficientCreditsError',
  description:
    "The gateway's account at the upstream has no credits left, or a limit of its key is reached (402, 433). Nothing was started; an operator has to act. Submits are refused for a while without asking the upstream: then `retryAfter` is set.",
  interfaces: bySpeech,
});

builder.objectType(UpstreamMaintenanceError, {
  name: 'UpstreamMaintenanceError',
  description: 'The upstream is under maintenance (455). Nothing was started.',
  interfaces: bySpeech,
});

builder.objectType(UpstreamError, {
  name: 'UpstreamError',
  description:
    'The upstream answered with an error that has no type of its own. `video` tells whether the task may have been started.',
  interfaces: bySpeech,
  fields: (t) => ({
    video: t.expose('video', {
      type: VideoType,
      nullable: true,
      description:
        'The task, where the answer does not assert a refusal (500, for example): it may have been started and paid for, and the idempotency key stays in use. Do not submit again; watch this video. Null: nothing was started, and the key is free. Give this field an alias where the operation also selects the `video` of another type of the union, which is never null.',
    }),
  }),
});

builder.objectType(UpstreamUnreachableError, {
  name: 'UpstreamUnreachableError',
  description: 'The upstream was never reached. Nothing was started.',
  interfaces: [GatewayErrorType],
});

builder.objectType(OutcomeUnknownError, {
  name: 'OutcomeUnknownError',
  description:
    'The request left and no readable answer came, or an earlier submit with this key ended in doubt: the task may exist and may have been paid for. Do not submit again; watch `video`, which moves on when the upstream reports on it.',
  interfaces: [GatewayErrorType],
  fields: (t) => ({
    video: t.expose('video', {
      type: VideoType,
      description: 'The task. `video` and the subscriptions accept its id.',
    }),
  }),
});

builder.objectType(IdempotencyConflictError, {
  name: 'IdempotencyConflictError',
  description: 'The idempotency key has been used with another input.',
  interfaces: [GatewayErrorType],
});

builder.objectType(GatewayUnavailableError, {
  name: 'GatewayUnavailableError',
  description: 'The gateway cannot serve now. Nothing was started.',
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
