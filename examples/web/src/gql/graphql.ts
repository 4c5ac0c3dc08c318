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
  /** The upstream refused the request when its turn came. Nothing was started or paid. */
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
  /** The video to extend did not exist any more when the turn of the request came. Nothing was started or paid. */
  | 'SOURCE_NOT_FOUND'
  /** The text matches no other reason; read `VideoFailure.message`. */
  | 'UNCLASSIFIED'
  /** The width or height is not supported: "Unsupported width or height. Please adjust the size and try again." */
  | 'UNSUPPORTED_DIMENSIONS'
  /** The upload of a file failed: "Upload failed due to network reasons, please re-enter." */
  | 'UPLOAD_FAILED';

/** The state of the gateway's own copy of a film. */
export type KeepState =
  /** The film could not be copied. The upstream's file stays available until it expires. */
  | 'FAILED'
  /** The copy is complete and verified. */
  | 'KEPT'
  /** The film has not been copied yet. */
  | 'PENDING';

/** How a video was made. */
export type VideoKind =
  /** From another video, which it continues: `extendVideo`. */
  | 'EXTENSION'
  /** From a prompt, or from an image and a prompt: `generateVideo`. */
  | 'ORIGINAL';

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

export type VideoFieldsFragment = { id: string, taskId: string | null, state: VideoState, kind: VideoKind, prompt: string | null, quality: VideoQuality | null, duration: number | null, aspectRatio: AspectRatio | null, videoUrl: string | null, coverUrl: string | null, expired: boolean, sourceTaskId: string | null, createdAt: string | null, finishedAt: string | null, expiresAt: string | null, estimatedFinishAt: string | null, kept: { state: KeepState, expiresAt: string | null } | null, schedule: { position: number, estimatedStartAt: string, notBefore: string | null, deadline: string } | null, failure: { reason: FailureReason, message: string, retryable: boolean } | null };

export type VideoQueryVariables = Exact<{
  taskId: string;
}>;


export type VideoQuery = { video: { id: string, taskId: string | null, state: VideoState, kind: VideoKind, prompt: string | null, quality: VideoQuality | null, duration: number | null, aspectRatio: AspectRatio | null, videoUrl: string | null, coverUrl: string | null, expired: boolean, sourceTaskId: string | null, createdAt: string | null, finishedAt: string | null, expiresAt: string | null, estimatedFinishAt: string | null, ancestors: Array<{ id: string, taskId: string | null, state: VideoState, kind: VideoKind, prompt: string | null, quality: VideoQuality | null, duration: number | null, aspectRatio: AspectRatio | null, videoUrl: string | null, coverUrl: string | null, expired: boolean, sourceTaskId: string | null, createdAt: string | null, finishedAt: string | null, expiresAt: string | null, estimatedFinishAt: string | null, kept: { state: KeepState, expiresAt: string | null } | null, schedule: { position: number, estimatedStartAt: string, notBefore: string | null, deadline: string } | null, failure: { reason: FailureReason, message: string, retryable: boolean } | null }>, kept: { state: KeepState, expiresAt: string | null } | null, schedule: { position: number, estimatedStartAt: string, notBefore: string | null, deadline: string } | null, failure: { reason: FailureReason, message: string, retryable: boolean } | null } | null };

export type VideosQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  states?: Array<VideoState> | VideoState | null | undefined;
}>;


export type VideosQuery = { videos: { edges: Array<{ node: { id: string, taskId: string | null, state: VideoState, kind: VideoKind, prompt: string | null, quality: VideoQuality | null, duration: number | null, aspectRatio: AspectRatio | null, videoUrl: string | null, coverUrl: string | null, expired: boolean, sourceTaskId: string | null, createdAt: string | null, finishedAt: string | null, expiresAt: string | null, estimatedFinishAt: string | null, kept: { state: KeepState, expiresAt: string | null } | null, schedule: { position: number, estimatedStartAt: string, notBefore: string | null, deadline: string } | null, failure: { reason: FailureReason, message: string, retryable: boolean } | null } }>, pageInfo: { endCursor: string | null, hasNextPage: boolean } } };

export type WithdrawVideoMutationVariables = Exact<{
  id: string;
}>;


export type WithdrawVideoMutation = { withdrawVideo:
    | { __typename: 'GatewayUnavailableError', message: string }
    | { __typename: 'TooLateError', message: string, video: { id: string, taskId: string | null, state: VideoState, kind: VideoKind, prompt: string | null, quality: VideoQuality | null, duration: number | null, aspectRatio: AspectRatio | null, videoUrl: string | null, coverUrl: string | null, expired: boolean, sourceTaskId: string | null, createdAt: string | null, finishedAt: string | null, expiresAt: string | null, estimatedFinishAt: string | null, kept: { state: KeepState, expiresAt: string | null } | null, schedule: { position: number, estimatedStartAt: string, notBefore: string | null, deadline: string } | null, failure: { reason: FailureReason, message: string, retryable: boolean } | null } }
    | { __typename: 'VideoNotFoundError', message: string }
    | { __typename: 'WithdrawVideoSuccess', video: { id: string, taskId: string | null, state: VideoState, kind: VideoKind, prompt: string | null, quality: VideoQuality | null, duration: number | null, aspectRatio: AspectRatio | null, videoUrl: string | null, coverUrl: string | null, expired: boolean, sourceTaskId: string | null, createdAt: string | null, finishedAt: string | null, expiresAt: string | null, estimatedFinishAt: string | null, kept: { state: KeepState, expiresAt: string | null } | null, schedule: { position: number, estimatedStartAt: string, notBefore: string | null, deadline: string } | null, failure: { reason: FailureReason, message: string, retryable: boolean } | null } }
   };

export type DeleteVideoMutationVariables = Exact<{
  id: string;
}>;


export type DeleteVideoMutation = { deleteVideo:
    | { __typename: 'DeleteVideoSuccess', id: string }
    | { __typename: 'GatewayUnavailableError', message: string }
    | { __typename: 'TooLateError', message: string }
    | { __typename: 'VideoNotFoundError', message: string }
   };

export type VideoUpdatedSubscriptionVariables = Exact<{
  taskId: string;
}>;


export type VideoUpdatedSubscription = { videoUpdated: { id: string, taskId: string | null, state: VideoState, kind: VideoKind, prompt: string | null, quality: VideoQuality | null, duration: number | null, aspectRatio: AspectRatio | null, videoUrl: string | null, coverUrl: string | null, expired: boolean, sourceTaskId: string | null, createdAt: string | null, finishedAt: string | null, expiresAt: string | null, estimatedFinishAt: string | null, kept: { state: KeepState, expiresAt: string | null } | null, schedule: { position: number, estimatedStartAt: string, notBefore: string | null, deadline: string } | null, failure: { reason: FailureReason, message: string, retryable: boolean } | null } };

export type VideoExtendedSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type VideoExtendedSubscription = { videoExtended: { cursor: string, video: { id: string, taskId: string | null, state: VideoState, kind: VideoKind, prompt: string | null, quality: VideoQuality | null, duration: number | null, aspectRatio: AspectRatio | null, videoUrl: string | null, coverUrl: string | null, expired: boolean, sourceTaskId: string | null, createdAt: string | null, finishedAt: string | null, expiresAt: string | null, estimatedFinishAt: string | null, kept: { state: KeepState, expiresAt: string | null } | null, schedule: { position: number, estimatedStartAt: string, notBefore: string | null, deadline: string } | null, failure: { reason: FailureReason, message: string, retryable: boolean } | null } } };

export const VideoFieldsFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"VideoFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Video"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"taskId"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"prompt"}},{"kind":"Field","name":{"kind":"Name","value":"quality"}},{"kind":"Field","name":{"kind":"Name","value":"duration"}},{"kind":"Field","name":{"kind":"Name","value":"aspectRatio"}},{"kind":"Field","name":{"kind":"Name","value":"videoUrl"}},{"kind":"Field","name":{"kind":"Name","value":"coverUrl"}},{"kind":"Field","name":{"kind":"Name","value":"expired"}},{"kind":"Field","name":{"kind":"Name","value":"sourceTaskId"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"kept"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"estimatedFinishAt"}},{"kind":"Field","name":{"kind":"Name","value":"schedule"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"estimatedStartAt"}},{"kind":"Field","name":{"kind":"Name","value":"notBefore"}},{"kind":"Field","name":{"kind":"Name","value":"deadline"}}]}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"retryable"}}]}}]}}]} as unknown as DocumentNode<VideoFieldsFragment, unknown>;
export const VideoDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Video"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"taskId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"video"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"taskId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"taskId"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"VideoFields"}},{"kind":"Field","name":{"kind":"Name","value":"ancestors"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"50"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"VideoFields"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"VideoFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Video"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"taskId"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"prompt"}},{"kind":"Field","name":{"kind":"Name","value":"quality"}},{"kind":"Field","name":{"kind":"Name","value":"duration"}},{"kind":"Field","name":{"kind":"Name","value":"aspectRatio"}},{"kind":"Field","name":{"kind":"Name","value":"videoUrl"}},{"kind":"Field","name":{"kind":"Name","value":"coverUrl"}},{"kind":"Field","name":{"kind":"Name","value":"expired"}},{"kind":"Field","name":{"kind":"Name","value":"sourceTaskId"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"kept"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"estimatedFinishAt"}},{"kind":"Field","name":{"kind":"Name","value":"schedule"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"estimatedStartAt"}},{"kind":"Field","name":{"kind":"Name","value":"notBefore"}},{"kind":"Field","name":{"kind":"Name","value":"deadline"}}]}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"retryable"}}]}}]}}]} as unknown as DocumentNode<VideoQuery, VideoQueryVariables>;
export const VideosDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Videos"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"states"}},"type":{"kind":"ListType","type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"VideoState"}}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"videos"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}},{"kind":"Argument","name":{"kind":"Name","value":"states"},"value":{"kind":"Variable","name":{"kind":"Name","value":"states"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"VideoFields"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"endCursor"}},{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"VideoFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Video"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"taskId"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"prompt"}},{"kind":"Field","name":{"kind":"Name","value":"quality"}},{"kind":"Field","name":{"kind":"Name","value":"duration"}},{"kind":"Field","name":{"kind":"Name","value":"aspectRatio"}},{"kind":"Field","name":{"kind":"Name","value":"videoUrl"}},{"kind":"Field","name":{"kind":"Name","value":"coverUrl"}},{"kind":"Field","name":{"kind":"Name","value":"expired"}},{"kind":"Field","name":{"kind":"Name","value":"sourceTaskId"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"kept"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"estimatedFinishAt"}},{"kind":"Field","name":{"kind":"Name","value":"schedule"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"estimatedStartAt"}},{"kind":"Field","name":{"kind":"Name","value":"notBefore"}},{"kind":"Field","name":{"kind":"Name","value":"deadline"}}]}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"retryable"}}]}}]}}]} as unknown as DocumentNode<VideosQuery, VideosQueryVariables>;
export const WithdrawVideoDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"WithdrawVideo"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"withdrawVideo"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"WithdrawVideoSuccess"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"video"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"VideoFields"}}]}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"GatewayError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"TooLateError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"video"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"VideoFields"}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"VideoFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Video"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"taskId"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"prompt"}},{"kind":"Field","name":{"kind":"Name","value":"quality"}},{"kind":"Field","name":{"kind":"Name","value":"duration"}},{"kind":"Field","name":{"kind":"Name","value":"aspectRatio"}},{"kind":"Field","name":{"kind":"Name","value":"videoUrl"}},{"kind":"Field","name":{"kind":"Name","value":"coverUrl"}},{"kind":"Field","name":{"kind":"Name","value":"expired"}},{"kind":"Field","name":{"kind":"Name","value":"sourceTaskId"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"kept"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"estimatedFinishAt"}},{"kind":"Field","name":{"kind":"Name","value":"schedule"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"estimatedStartAt"}},{"kind":"Field","name":{"kind":"Name","value":"notBefore"}},{"kind":"Field","name":{"kind":"Name","value":"deadline"}}]}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"retryable"}}]}}]}}]} as unknown as DocumentNode<WithdrawVideoMutation, WithdrawVideoMutationVariables>;
export const DeleteVideoDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"DeleteVideo"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deleteVideo"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"DeleteVideoSuccess"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"GatewayError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<DeleteVideoMutation, DeleteVideoMutationVariables>;
export const VideoUpdatedDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"VideoUpdated"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"taskId"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"videoUpdated"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"taskId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"taskId"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"VideoFields"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"VideoFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Video"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"taskId"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"prompt"}},{"kind":"Field","name":{"kind":"Name","value":"quality"}},{"kind":"Field","name":{"kind":"Name","value":"duration"}},{"kind":"Field","name":{"kind":"Name","value":"aspectRatio"}},{"kind":"Field","name":{"kind":"Name","value":"videoUrl"}},{"kind":"Field","name":{"kind":"Name","value":"coverUrl"}},{"kind":"Field","name":{"kind":"Name","value":"expired"}},{"kind":"Field","name":{"kind":"Name","value":"sourceTaskId"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"kept"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"estimatedFinishAt"}},{"kind":"Field","name":{"kind":"Name","value":"schedule"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"estimatedStartAt"}},{"kind":"Field","name":{"kind":"Name","value":"notBefore"}},{"kind":"Field","name":{"kind":"Name","value":"deadline"}}]}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"retryable"}}]}}]}}]} as unknown as DocumentNode<VideoUpdatedSubscription, VideoUpdatedSubscriptionVariables>;
export const VideoExtendedDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"VideoExtended"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"videoExtended"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"video"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"VideoFields"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"VideoFields"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Video"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"taskId"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"prompt"}},{"kind":"Field","name":{"kind":"Name","value":"quality"}},{"kind":"Field","name":{"kind":"Name","value":"duration"}},{"kind":"Field","name":{"kind":"Name","value":"aspectRatio"}},{"kind":"Field","name":{"kind":"Name","value":"videoUrl"}},{"kind":"Field","name":{"kind":"Name","value":"coverUrl"}},{"kind":"Field","name":{"kind":"Name","value":"expired"}},{"kind":"Field","name":{"kind":"Name","value":"sourceTaskId"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}},{"kind":"Field","name":{"kind":"Name","value":"kept"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"estimatedFinishAt"}},{"kind":"Field","name":{"kind":"Name","value":"schedule"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"estimatedStartAt"}},{"kind":"Field","name":{"kind":"Name","value":"notBefore"}},{"kind":"Field","name":{"kind":"Name","value":"deadline"}}]}},{"kind":"Field","name":{"kind":"Name","value":"failure"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"retryable"}}]}}]}}]} as unknown as DocumentNode<VideoExtendedSubscription, VideoExtendedSubscriptionVariables>;