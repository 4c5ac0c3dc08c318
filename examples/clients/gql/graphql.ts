/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** The aspect ratio (width to height) of an original. */
export type AspectRatio =
  /** 4:3. */
  | 'LANDSCAPE_4_3'
  /** 16:9. */
  | 'LANDSCAPE_16_9'
  /** 3:4. */
  | 'PORTRAIT_3_4'
  /** 9:16. */
  | 'PORTRAIT_9_16'
  /** 1:1. */
  | 'SQUARE_1_1';

/** What went wrong, for programs. Top-level errors have the same codes in `extensions.code`. */
export type ErrorCode =
  /** The completions after this cursor have been pruned. Read `videos`, then continue from a new cursor. */
  | 'CURSOR_EXPIRED'
  /** The gateway cannot serve requests now. Nothing was started, except perhaps a sequence: a database that fails during a commit may have stored it. Retry unchanged. */
  | 'GATEWAY_UNAVAILABLE'
  /** The idempotency key was already used with a different input. Use a new key for a new task. */
  | 'IDEMPOTENCY_CONFLICT'
  /** The gateway's account at the upstream has no credits left, or a limit of its key is reached (402, 433). Nothing was started. An operator has to act. Retry only if `retryAfter` is set. */
  | 'INSUFFICIENT_CREDITS'
  /** A bug in the gateway; its log has the details. The outcome of the request is unknown. Retry a submit only with the same `idempotencyKey`. */
  | 'INTERNAL'
  /** The gateway or the upstream (422) refused the input. Nothing was started. Change the input. */
  | 'INVALID_INPUT'
  /** The request was sent but no readable answer came, or an earlier submit with the same key had this outcome. The task may exist and may have been paid for. Do not submit again; watch its `video`. */
  | 'OUTCOME_UNKNOWN'
  /** Too many requests (429). Nothing was started. Retry after `retryAfter`. */
  | 'RATE_LIMITED'
  /** The sequence does not exist or belongs to another owner. Check the id and the signed-in user. */
  | 'SEQUENCE_NOT_FOUND'
  /** The upstream could not fetch the image (451). Use a public address, or leave the image out. */
  | 'SOURCE_UNAVAILABLE'
  /** The state of the video does not allow this. Look at the state of its `video`. */
  | 'TOO_LATE'
  /** The request has no valid credentials. Sign in again, then retry. */
  | 'UNAUTHENTICATED'
  /** The upstream answered with an error that has no code of its own here. On a submit with a `video`: the task may have been started and paid for; do not submit again, watch the video. On a submit without a `video`: nothing was started. On a read: retry if `retryable`. */
  | 'UPSTREAM_ERROR'
  /** The upstream is under maintenance (455). Nothing was started. Retry later. */
  | 'UPSTREAM_MAINTENANCE'
  /** The upstream refused the gateway's API key (401). An operator has to act. Do not retry. */
  | 'UPSTREAM_UNAUTHORIZED'
  /** The gateway could not connect to the upstream. Nothing was started. Retry. */
  | 'UPSTREAM_UNREACHABLE'
  /** The video does not exist or belongs to another owner (404). Check the id and the signed-in user. */
  | 'VIDEO_NOT_FOUND';

/** The video to extend, the prompt and the settings. */
export type ExtendVideoInput = {
  /** Whether the upstream may expand the prompt. */
  expandPrompt?: boolean | null | undefined;
  /** 1 to 255 printable characters of your choice. The same key with the same input is paid once, however often it is sent. A refused submit frees the key. A new key is your consent to a new payment. */
  idempotencyKey?: string | null | undefined;
  /** The http(s) address of a reference image. The upstream must be able to fetch it. */
  imageUrl?: string | null | undefined;
  /** The earliest time at which the request is sent, at most 30 days ahead. The video is SCHEDULED until then, whatever `whenBusy` says. */
  notBefore?: string | null | undefined;
  /** What should happen next. At most 2048 characters; not blank. */
  prompt: string;
  /** The resolution. The aspect ratio stays that of the original video. */
  quality: VideoQuality;
  /** The video to extend: the upstream's task id, or the `id` of a Video. Works best if the prompt continues the same subject. */
  taskId: string;
  /** Text for the bottom right corner. Omitted or empty: no watermark. At most 2048 characters. */
  waterMark?: string | null | undefined;
  /** What happens if the request cannot be sent at once. Not part of the input that an `idempotencyKey` stands for: a repeat with another value gets the same video. */
  whenBusy?: WhenBusy;
};

/** Why a task failed. Derived from the upstream's text, which is in `VideoFailure.message`. */
export type FailureReason =
  /** Too many tasks are running: "Reached the limit for concurrent generations." */
  | 'CONCURRENCY_LIMIT'
  /** The gateway gave up: the task did not end in time. */
  | 'DEADLINE_PASSED'
  /** The upstream could not read the image: "Get image info failed." */
  | 'IMAGE_UNREADABLE'
  /** The image or video was flagged as inappropriate: "Inappropriate content detected. Please replace the image or video." */
  | 'INAPPROPRIATE_CONTENT'
  /** The image format is not supported: "Incorrect image format." */
  | 'INCORRECT_IMAGE_FORMAT'
  /** The upstream refused the scheduled request when it was sent. Nothing was started or paid. */
  | 'INPUT_REFUSED'
  /** The gateway's account at the upstream has no credits left. */
  | 'INSUFFICIENT_CREDITS'
  /** The provider is busy and serves members first: "Please try again later. You can upgrade to Standard membership to start generating now." */
  | 'MEMBERSHIP_REQUIRED'
  /** The gateway gave up: the answer to the request was lost, and the upstream never reported on the task. */
  | 'NEVER_CONFIRMED'
  /** The request could not be sent before the deadline of the queue (`schedule.deadline`). Nothing was started or paid. */
  | 'NEVER_SENT'
  /** The AI moderator rejected the prompt: "Your prompt was caught by our AI moderator. Please adjust it and try again!" */
  | 'PROMPT_MODERATED'
  /** The prompt asks for content that the provider does not allow: "Your video creation prompt contains NSFW content". */
  | 'PROMPT_NSFW'
  /** The prompt is too long: "Your prompt/negative prompt cannot exceed 2048 characters." */
  | 'PROMPT_TOO_LONG'
  /** An error at the provider (code 500, or a success without a usable file). */
  | 'PROVIDER_ERROR'
  /** The video to extend no longer existed when the scheduled request was sent. Nothing was started or paid. */
  | 'SOURCE_NOT_FOUND'
  /** The text matches no other reason; read `VideoFailure.message`. */
  | 'UNCLASSIFIED'
  /** The width or height is not supported: "Unsupported width or height. Please adjust the size and try again." */
  | 'UNSUPPORTED_DIMENSIONS'
  /** The upload of a file failed: "Upload failed due to network reasons, please re-enter." */
  | 'UPLOAD_FAILED';

/** The prompt and settings of a new video. */
export type GenerateVideoInput = {
  /** Required without an image; not allowed with one. */
  aspectRatio?: AspectRatio | null | undefined;
  /** Seconds: 5 or 10. 10 seconds are not available in P1080. */
  duration?: number;
  /** 1 to 255 printable characters of your choice. The same key with the same input is paid once, however often it is sent. A refused submit frees the key. A new key is your consent to a new payment. */
  idempotencyKey?: string | null | undefined;
  /** The http(s) address of an image that the video starts with. The upstream must be able to fetch it. The image determines the aspect ratio. */
  imageUrl?: string | null | undefined;
  /** The earliest time at which the request is sent, at most 30 days ahead. The video is SCHEDULED until then, whatever `whenBusy` says. */
  notBefore?: string | null | undefined;
  /** What the video should show. At most 1800 characters; not blank. */
  prompt: string;
  /** The resolution. */
  quality: VideoQuality;
  /** Text for the bottom right corner. Omitted or empty: no watermark. At most 2048 characters. */
  waterMark?: string | null | undefined;
  /** What happens if the request cannot be sent at once. Not part of the input that an `idempotencyKey` stands for: a repeat with another value gets the same video. */
  whenBusy?: WhenBusy;
};

/** The resolution. An extension has the aspect ratio of the video that it extends. */
export type VideoQuality =
  /** 720p. */
  | 'P720'
  /** 1080p. */
  | 'P1080';

/** The state of a task. States only move forward. SUCCEEDED and WITHDRAWN are final. FAILED becomes SUCCEEDED if the upstream reports a success later. */
export type VideoState =
  /** The task ended without a video; see `failure`. */
  | 'FAILED'
  /** The upstream is generating the video. */
  | 'GENERATING'
  /** The task waits in the upstream queue. */
  | 'QUEUED'
  /** The gateway has accepted the request and will send it later; see `schedule`. It is not paid. `withdrawVideo` ends it. */
  | 'SCHEDULED'
  /** The video is available for 14 days; see `expiresAt`. */
  | 'SUCCEEDED'
  /** The request was sent or is about to be sent, and the upstream's answer is unknown. The task may have been paid for. */
  | 'UNCONFIRMED'
  /** The upstream has accepted the task. */
  | 'WAITING'
  /** The request was withdrawn before it was sent. It was not paid. */
  | 'WITHDRAWN';

/** What happens to a request that cannot be sent at once. */
export type WhenBusy =
  /** It waits for a few seconds at most, and is then refused with an error that says when to retry. */
  | 'FAIL'
  /** It is accepted as a SCHEDULED video and sent as soon as there is room. It also waits while the upstream is unreachable or under maintenance, or while the account has no credits. */
  | 'QUEUE';

export type VideoInfoFragment = { id: string, taskId: string | null, state: VideoState, prompt: string | null, videoUrl: string | null, schedule: { position: number, estimatedStartAt: string } | null, failure: { reason: FailureReason, message: string, retryable: boolean } | null };

export type VideoQueryVariables = Exact<{
  taskId: string;
}>;


export type VideoQuery = { video: { id: string, taskId: string | null, state: VideoState, prompt: string | null, videoUrl: string | null, schedule: { position: number, estimatedStartAt: string } | null, failure: { reason: FailureReason, message: string, retryable: boolean } | null } | null };

export type VideosQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type VideosQuery = { videos: { edges: Array<{ cursor: string, node: { id: string, taskId: string | null, state: VideoState, prompt: string | null, videoUrl: string | null, schedule: { position: number, estimatedStartAt: string } | null, failure: { reason: FailureReason, message: string, retryable: boolean } | null } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type GenerateVideoMutationVariables = Exact<{
  input: GenerateVideoInput;
}>;


export type GenerateVideoMutation = { generateVideo:
    | { __typename: 'GatewayUnavailableError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'GenerateVideoSuccess', cursor: string, video: { id: string, taskId: string | null, state: VideoState, prompt: string | null, videoUrl: string | null, schedule: { position: number, estimatedStartAt: string } | null, failure: { reason: FailureReason, message: string, retryable: boolean } | null } }
    | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'InsufficientCreditsError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null, issues: Array<{ path: Array<string>, message: string }> }
    | { __typename: 'OutcomeUnknownError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null, video: { id: string, taskId: string | null, state: VideoState, prompt: string | null, videoUrl: string | null, schedule: { position: number, estimatedStartAt: string } | null, failure: { reason: FailureReason, message: string, retryable: boolean } | null } }
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'SourceUnavailableError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'UpstreamError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null, inDoubt: { id: string, taskId: string | null, state: VideoState, prompt: string | null, videoUrl: string | null, schedule: { position: number, estimatedStartAt: string } | null, failure: { reason: FailureReason, message: string, retryable: boolean } | null } | null }
    | { __typename: 'UpstreamMaintenanceError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'UpstreamUnauthorizedError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'UpstreamUnreachableError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
   };

export type ExtendVideoMutationVariables = Exact<{
  input: ExtendVideoInput;
}>;


export type ExtendVideoMutation = { extendVideo:
    | { __typename: 'ExtendVideoSuccess', cursor: string, video: { id: string, taskId: string | null, state: VideoState, prompt: string | null, videoUrl: string | null, schedule: { position: number, estimatedStartAt: string } | null, failure: { reason: FailureReason, message: string, retryable: boolean } | null } }
    | { __typename: 'GatewayUnavailableError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'InsufficientCreditsError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null, issues: Array<{ path: Array<string>, message: string }> }
    | { __typename: 'OutcomeUnknownError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null, video: { id: string, taskId: string | null, state: VideoState, prompt: string | null, videoUrl: string | null, schedule: { position: number, estimatedStartAt: string } | null, failure: { reason: FailureReason, message: string, retryable: boolean } | null } }
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'SourceUnavailableError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'UpstreamError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null, inDoubt: { id: string, taskId: string | null, state: VideoState, prompt: string | null, videoUrl: string | null, schedule: { position: number, estimatedStartAt: string } | null, failure: { reason: FailureReason, message: string, retryable: boolean } | null } | null }
    | { __typename: 'UpstreamMaintenanceError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'UpstreamUnauthorizedError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'UpstreamUnreachableError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'VideoNotFoundError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
   };

export type WithdrawVideoMutationVariables = Exact<{
  id: string;
}>;


export type WithdrawVideoMutation = { withdrawVideo:
    | { __typename: 'GatewayUnavailableError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'TooLateError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null, video: { id: string, taskId: string | null, state: VideoState, prompt: string | null, videoUrl: string | null, schedule: { position: number, estimatedStartAt: string } | null, failure: { reason: FailureReason, message: string, retryable: boolean } | null } }
    | { __typename: 'VideoNotFoundError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'WithdrawVideoSuccess', video: { id: string, taskId: string | null, state: VideoState, prompt: string | null, videoUrl: string | null, schedule: { position: number, estimatedStartAt: string } | null, failure: { reason: FailureReason, message: string, retryable: boolean } | null } }
   };

export type DeleteVideoMutationVariables = Exact<{
  id: string;
}>;


export type DeleteVideoMutation = { deleteVideo:
    | { __typename: 'DeleteVideoSuccess', id: string }
    | { __typename: 'GatewayUnavailableError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'TooLateError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'VideoNotFoundError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
   };

export type VideoExtendedSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type VideoExtendedSubscription = { videoExtended: { cursor: string, video: { id: string, taskId: string | null, state: VideoState, prompt: string | null, videoUrl: string | null, schedule: { position: number, estimatedStartAt: string } | null, failure: { reason: FailureReason, message: string, retryable: boolean } | null } } };

export type CompletionsQueryVariables = Exact<{
  after?: string | null | undefined;
}>;


export type CompletionsQuery = { completions: { edges: Array<{ node: { cursor: string, video: { id: string, taskId: string | null, state: VideoState, prompt: string | null, videoUrl: string | null, schedule: { position: number, estimatedStartAt: string } | null, failure: { reason: FailureReason, message: string, retryable: boolean } | null } } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export const VideoInfoFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"VideoInfo"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Video"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"taskId"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"prompt"}},{"kind":"Field","name":{"kind":"Name","value":"videoUrl"}},{"kind":"Field","name":{"kind":"Name","value":"schedule"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"estimatedStartAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"retryable"}}]}}]}}]} as unknown as DocumentNode<VideoInfoFragment, unknown>;
export const VideoDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Video"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"taskId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"video"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"taskId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"taskId"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"VideoInfo"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"VideoInfo"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Video"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"taskId"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"prompt"}},{"kind":"Field","name":{"kind":"Name","value":"videoUrl"}},{"kind":"Field","name":{"kind":"Name","value":"schedule"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"estimatedStartAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"retryable"}}]}}]}}]} as unknown as DocumentNode<VideoQuery, VideoQueryVariables>;
export const VideosDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Videos"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"videos"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"VideoInfo"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"VideoInfo"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Video"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"taskId"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"prompt"}},{"kind":"Field","name":{"kind":"Name","value":"videoUrl"}},{"kind":"Field","name":{"kind":"Name","value":"schedule"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"estimatedStartAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"retryable"}}]}}]}}]} as unknown as DocumentNode<VideosQuery, VideosQueryVariables>;
export const GenerateVideoDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"GenerateVideo"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"GenerateVideoInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"generateVideo"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"GenerateVideoSuccess"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"video"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"VideoInfo"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"GatewayError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"retryable"}},{"kind":"Field","name":{"kind":"Name","value":"retryAfter"}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"InvalidInputError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"OutcomeUnknownError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"video"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"VideoInfo"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UpstreamError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"inDoubt"},"name":{"kind":"Name","value":"video"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"VideoInfo"}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"VideoInfo"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Video"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"taskId"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"prompt"}},{"kind":"Field","name":{"kind":"Name","value":"videoUrl"}},{"kind":"Field","name":{"kind":"Name","value":"schedule"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"estimatedStartAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"retryable"}}]}}]}}]} as unknown as DocumentNode<GenerateVideoMutation, GenerateVideoMutationVariables>;
export const ExtendVideoDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"ExtendVideo"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ExtendVideoInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"extendVideo"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ExtendVideoSuccess"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"video"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"VideoInfo"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"GatewayError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"retryable"}},{"kind":"Field","name":{"kind":"Name","value":"retryAfter"}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"InvalidInputError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"OutcomeUnknownError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"video"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"VideoInfo"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UpstreamError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"inDoubt"},"name":{"kind":"Name","value":"video"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"VideoInfo"}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"VideoInfo"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Video"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"taskId"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"prompt"}},{"kind":"Field","name":{"kind":"Name","value":"videoUrl"}},{"kind":"Field","name":{"kind":"Name","value":"schedule"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"estimatedStartAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"retryable"}}]}}]}}]} as unknown as DocumentNode<ExtendVideoMutation, ExtendVideoMutationVariables>;
export const WithdrawVideoDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"WithdrawVideo"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"withdrawVideo"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"WithdrawVideoSuccess"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"video"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"VideoInfo"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"GatewayError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"retryable"}},{"kind":"Field","name":{"kind":"Name","value":"retryAfter"}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"TooLateError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"video"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"VideoInfo"}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"VideoInfo"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Video"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"taskId"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"prompt"}},{"kind":"Field","name":{"kind":"Name","value":"videoUrl"}},{"kind":"Field","name":{"kind":"Name","value":"schedule"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"estimatedStartAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"retryable"}}]}}]}}]} as unknown as DocumentNode<WithdrawVideoMutation, WithdrawVideoMutationVariables>;
export const DeleteVideoDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"DeleteVideo"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deleteVideo"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"DeleteVideoSuccess"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"GatewayError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"retryable"}},{"kind":"Field","name":{"kind":"Name","value":"retryAfter"}}]}}]}}]}}]} as unknown as DocumentNode<DeleteVideoMutation, DeleteVideoMutationVariables>;
export const VideoExtendedDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"VideoExtended"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"videoExtended"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"video"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"VideoInfo"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"VideoInfo"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Video"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"taskId"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"prompt"}},{"kind":"Field","name":{"kind":"Name","value":"videoUrl"}},{"kind":"Field","name":{"kind":"Name","value":"schedule"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"estimatedStartAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"retryable"}}]}}]}}]} as unknown as DocumentNode<VideoExtendedSubscription, VideoExtendedSubscriptionVariables>;
export const CompletionsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Completions"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"completions"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"100"}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"video"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"VideoInfo"}}]}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"VideoInfo"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Video"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"taskId"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"prompt"}},{"kind":"Field","name":{"kind":"Name","value":"videoUrl"}},{"kind":"Field","name":{"kind":"Name","value":"schedule"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"estimatedStartAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"retryable"}}]}}]}}]} as unknown as DocumentNode<CompletionsQuery, CompletionsQueryVariables>;