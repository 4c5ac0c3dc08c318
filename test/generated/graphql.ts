/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
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

/** The start, the shots and their settings. */
export type CreateSequenceInput = {
  /** 1 to 255 printable characters of your choice. The same key with the same input is one sequence, however often it is sent. */
  idempotencyKey: string;
  /** The resolution of the original, and of shots that name none. */
  quality: VideoQuality;
  /** How many new tries a shot, or the original, gets if it fails for a temporary reason (`VideoFailure.retryable`). Each try is paid. 0 to 5. */
  retries?: number;
  /** At least one, and at most `SEQUENCE_MAX_SHOTS` (20). Each is paid once. */
  shots: Array<ShotInput>;
  /** What the first shot extends. */
  start: SequenceStartInput;
  /** Text for the bottom right corner of the original, and of shots that name none. Omitted or empty: no watermark. */
  waterMark?: string | null | undefined;
};

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

/** The state of the gateway's own copy of a film. */
export type KeepState =
  /** The film could not be copied. The upstream's file stays available until it expires. */
  | 'FAILED'
  /** The copy is complete and verified. */
  | 'KEPT'
  /** The film has not been copied yet. */
  | 'PENDING';

/** A video to make first. It has the quality and the watermark of the sequence. */
export type OriginalInput = {
  /** Required without an image; not allowed with one. */
  aspectRatio?: AspectRatio | null | undefined;
  /** Seconds: 5 or 10. 10 seconds are not available in P1080. */
  duration?: number;
  /** The http(s) address of an image that the video starts with. The image determines the aspect ratio. */
  imageUrl?: string | null | undefined;
  /** What the video should show. At most 1800 characters; not blank. */
  prompt: string;
};

/** The sequence to resume, and new shots if any. */
export type ResumeSequenceInput = {
  /** The `id` of the sequence. */
  id: string;
  /** 1 to 255 printable characters of your choice. The same key resumes a sequence once, however often it is sent, and never if it was first answered with success while the sequence was not PAUSED. A new key is your consent to pay for a new try of the shot. */
  idempotencyKey: string;
  /** Replaces the shot that failed and all shots after it. Omitted: the shots stay as they are. */
  shots?: Array<ShotInput> | null | undefined;
};

/** What the first shot extends: exactly one of the two. */
export type SequenceStartInput =
  {   /** A video to make first. It is paid. */
  original: OriginalInput; video?: never; }
  |  { original?: never;   /** An existing video: the upstream's task id, or the `id` of a Video. One that was made through the gateway may still be in progress: the first shot then waits for its end. */
  video: string; };

/** The state of a sequence. COMPLETED and CANCELLED are final. */
export type SequenceState =
  /** The sequence was cancelled. A shot that had already been sent still gets its video. */
  | 'CANCELLED'
  /** Every shot has its video. */
  | 'COMPLETED'
  /** A shot failed; see `problem`. `resumeSequence` tries that shot again. If the shot turns out to have succeeded, the sequence continues by itself. */
  | 'PAUSED'
  /** Its shots are being made, one after another. */
  | 'RUNNING';

/** One extension. */
export type ShotInput = {
  /** What should happen next. At most 2048 characters; not blank. */
  prompt: string;
  /** The resolution. Omitted: that of the sequence. */
  quality?: VideoQuality | null | undefined;
  /** Text for the bottom right corner. Omitted: that of the sequence. */
  waterMark?: string | null | undefined;
};

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

/** What happens to a request that cannot be sent at once. */
export type WhenBusy =
  /** It waits for a few seconds at most, and is then refused with an error that says when to retry. */
  | 'FAIL'
  /** It is accepted as a SCHEDULED video and sent as soon as there is room. It also waits while the upstream is unreachable or under maintenance, or while the account has no credits. */
  | 'QUEUE';

export type GenerateVideoMutationVariables = Exact<{
  key: string;
}>;


export type GenerateVideoMutation = { generateVideo:
    | { __typename: 'GatewayUnavailableError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'GenerateVideoSuccess', cursor: string, video: { id: string, taskId: string | null, state: VideoState } }
    | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'InsufficientCreditsError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null, issues: Array<{ path: Array<string>, message: string }> }
    | { __typename: 'OutcomeUnknownError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null, video: { id: string, state: VideoState } }
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'SourceUnavailableError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'UpstreamError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null, inDoubt: { id: string, state: VideoState } | null }
    | { __typename: 'UpstreamMaintenanceError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'UpstreamUnauthorizedError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'UpstreamUnreachableError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
   };

export type ExtendVideoMutationVariables = Exact<{
  taskId: string;
  key: string;
}>;


export type ExtendVideoMutation = { extendVideo:
    | { __typename: 'ExtendVideoSuccess', cursor: string, video: { id: string, taskId: string | null, state: VideoState } }
    | { __typename: 'GatewayUnavailableError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'InsufficientCreditsError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null, issues: Array<{ path: Array<string>, message: string }> }
    | { __typename: 'OutcomeUnknownError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null, video: { id: string, state: VideoState } }
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'SourceUnavailableError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'UpstreamError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null, inDoubt: { id: string, state: VideoState } | null }
    | { __typename: 'UpstreamMaintenanceError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'UpstreamUnauthorizedError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'UpstreamUnreachableError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
    | { __typename: 'VideoNotFoundError', code: ErrorCode, message: string, retryable: boolean, retryAfter: number | null }
   };

export type VideoExtendedSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type VideoExtendedSubscription = { videoExtended: { cursor: string, video: { taskId: string | null, state: VideoState, videoUrl: string | null, coverUrl: string | null, failure: { reason: FailureReason, message: string } | null } } };

export type VideoQueryVariables = Exact<{
  taskId: string;
}>;


export type VideoQuery = { video: { id: string, state: VideoState, prompt: string | null, videoUrl: string | null, coverUrl: string | null, expiresAt: string | null, sourceTaskId: string | null, ancestors: Array<{ taskId: string | null }>, failure: { reason: FailureReason, message: string, retryable: boolean } | null } | null };

export type VideoPartsFragment = { id: string, taskId: string | null, state: VideoState, prompt: string | null, quality: VideoQuality | null, waterMark: string | null, imageUrl: string | null, expandPrompt: boolean | null, videoId: string | null, videoUrl: string | null, coverUrl: string | null, sourceTaskId: string | null, createdAt: string | null, finishedAt: string | null, expiresAt: string | null, expired: boolean, checkedAt: string | null, failure: { reason: FailureReason, message: string, retryable: boolean, upstreamCode: number | null } | null };

export type ExtendMutationVariables = Exact<{
  input: ExtendVideoInput;
}>;


export type ExtendMutation = { extendVideo:
    | { __typename: 'ExtendVideoSuccess', cursor: string, video: { id: string, taskId: string | null, state: VideoState, prompt: string | null, quality: VideoQuality | null, waterMark: string | null, imageUrl: string | null, expandPrompt: boolean | null, videoId: string | null, videoUrl: string | null, coverUrl: string | null, sourceTaskId: string | null, createdAt: string | null, finishedAt: string | null, expiresAt: string | null, expired: boolean, checkedAt: string | null, failure: { reason: FailureReason, message: string, retryable: boolean, upstreamCode: number | null } | null } }
    | { __typename: 'GatewayUnavailableError', message: string, code: ErrorCode, retryable: boolean, retryAfter: number | null }
    | { __typename: 'IdempotencyConflictError', message: string, code: ErrorCode, retryable: boolean, retryAfter: number | null }
    | { __typename: 'InsufficientCreditsError', message: string, code: ErrorCode, retryable: boolean, retryAfter: number | null, upstreamCode: number | null, upstreamMessage: string | null }
    | { __typename: 'InvalidInputError', message: string, code: ErrorCode, retryable: boolean, retryAfter: number | null, upstreamCode: number | null, upstreamMessage: string | null, issues: Array<{ path: Array<string>, message: string }> }
    | { __typename: 'OutcomeUnknownError', message: string, code: ErrorCode, retryable: boolean, retryAfter: number | null, video: { id: string, taskId: string | null, state: VideoState, prompt: string | null, quality: VideoQuality | null, waterMark: string | null, imageUrl: string | null, expandPrompt: boolean | null, videoId: string | null, videoUrl: string | null, coverUrl: string | null, sourceTaskId: string | null, createdAt: string | null, finishedAt: string | null, expiresAt: string | null, expired: boolean, checkedAt: string | null, failure: { reason: FailureReason, message: string, retryable: boolean, upstreamCode: number | null } | null } }
    | { __typename: 'RateLimitedError', message: string, code: ErrorCode, retryable: boolean, retryAfter: number | null, upstreamCode: number | null, upstreamMessage: string | null }
    | { __typename: 'SourceUnavailableError', message: string, code: ErrorCode, retryable: boolean, retryAfter: number | null, upstreamCode: number | null, upstreamMessage: string | null }
    | { __typename: 'UpstreamError', message: string, code: ErrorCode, retryable: boolean, retryAfter: number | null, upstreamCode: number | null, upstreamMessage: string | null, inDoubt: { id: string, taskId: string | null, state: VideoState, prompt: string | null, quality: VideoQuality | null, waterMark: string | null, imageUrl: string | null, expandPrompt: boolean | null, videoId: string | null, videoUrl: string | null, coverUrl: string | null, sourceTaskId: string | null, createdAt: string | null, finishedAt: string | null, expiresAt: string | null, expired: boolean, checkedAt: string | null, failure: { reason: FailureReason, message: string, retryable: boolean, upstreamCode: number | null } | null } | null }
    | { __typename: 'UpstreamMaintenanceError', message: string, code: ErrorCode, retryable: boolean, retryAfter: number | null, upstreamCode: number | null, upstreamMessage: string | null }
    | { __typename: 'UpstreamUnauthorizedError', message: string, code: ErrorCode, retryable: boolean, retryAfter: number | null, upstreamCode: number | null, upstreamMessage: string | null }
    | { __typename: 'UpstreamUnreachableError', message: string, code: ErrorCode, retryable: boolean, retryAfter: number | null }
    | { __typename: 'VideoNotFoundError', message: string, code: ErrorCode, retryable: boolean, retryAfter: number | null, upstreamCode: number | null, upstreamMessage: string | null, taskId: string }
   };

export type GenerateMutationVariables = Exact<{
  input: GenerateVideoInput;
}>;


export type GenerateMutation = { generateVideo:
    | { __typename: 'GatewayUnavailableError', message: string, code: ErrorCode, retryable: boolean, retryAfter: number | null }
    | { __typename: 'GenerateVideoSuccess', cursor: string, video: { kind: VideoKind, duration: number | null, aspectRatio: AspectRatio | null, id: string, taskId: string | null, state: VideoState, prompt: string | null, quality: VideoQuality | null, waterMark: string | null, imageUrl: string | null, expandPrompt: boolean | null, videoId: string | null, videoUrl: string | null, coverUrl: string | null, sourceTaskId: string | null, createdAt: string | null, finishedAt: string | null, expiresAt: string | null, expired: boolean, checkedAt: string | null, failure: { reason: FailureReason, message: string, retryable: boolean, upstreamCode: number | null } | null } }
    | { __typename: 'IdempotencyConflictError', message: string, code: ErrorCode, retryable: boolean, retryAfter: number | null }
    | { __typename: 'InsufficientCreditsError', message: string, code: ErrorCode, retryable: boolean, retryAfter: number | null, upstreamCode: number | null, upstreamMessage: string | null }
    | { __typename: 'InvalidInputError', message: string, code: ErrorCode, retryable: boolean, retryAfter: number | null, upstreamCode: number | null, upstreamMessage: string | null, issues: Array<{ path: Array<string>, message: string }> }
    | { __typename: 'OutcomeUnknownError', message: string, code: ErrorCode, retryable: boolean, retryAfter: number | null, video: { id: string, taskId: string | null, state: VideoState, prompt: string | null, quality: VideoQuality | null, waterMark: string | null, imageUrl: string | null, expandPrompt: boolean | null, videoId: string | null, videoUrl: string | null, coverUrl: string | null, sourceTaskId: string | null, createdAt: string | null, finishedAt: string | null, expiresAt: string | null, expired: boolean, checkedAt: string | null, failure: { reason: FailureReason, message: string, retryable: boolean, upstreamCode: number | null } | null } }
    | { __typename: 'RateLimitedError', message: string, code: ErrorCode, retryable: boolean, retryAfter: number | null, upstreamCode: number | null, upstreamMessage: string | null }
    | { __typename: 'SourceUnavailableError', message: string, code: ErrorCode, retryable: boolean, retryAfter: number | null, upstreamCode: number | null, upstreamMessage: string | null }
    | { __typename: 'UpstreamError', message: string, code: ErrorCode, retryable: boolean, retryAfter: number | null, upstreamCode: number | null, upstreamMessage: string | null }
    | { __typename: 'UpstreamMaintenanceError', message: string, code: ErrorCode, retryable: boolean, retryAfter: number | null, upstreamCode: number | null, upstreamMessage: string | null }
    | { __typename: 'UpstreamUnauthorizedError', message: string, code: ErrorCode, retryable: boolean, retryAfter: number | null, upstreamCode: number | null, upstreamMessage: string | null }
    | { __typename: 'UpstreamUnreachableError', message: string, code: ErrorCode, retryable: boolean, retryAfter: number | null }
   };

export type ReadKindQueryVariables = Exact<{
  taskId: string;
}>;


export type ReadKindQuery = { video: { id: string, kind: VideoKind, duration: number | null, aspectRatio: AspectRatio | null, sourceTaskId: string | null, source: { id: string } | null, extensions: { edges: Array<{ node: { id: string, kind: VideoKind } }> } } | null };

export type DeleteVideoMutationVariables = Exact<{
  id: string;
}>;


export type DeleteVideoMutation = { deleteVideo:
    | { __typename: 'DeleteVideoSuccess', id: string }
    | { __typename: 'GatewayUnavailableError', code: ErrorCode, message: string, retryable: boolean }
    | { __typename: 'TooLateError', code: ErrorCode, message: string, retryable: boolean, video: { id: string, state: VideoState } }
    | { __typename: 'VideoNotFoundError', code: ErrorCode, message: string, retryable: boolean }
   };

export type ReadKeptQueryVariables = Exact<{
  id: string;
}>;


export type ReadKeptQuery = { video: { id: string, state: VideoState, videoUrl: string | null, coverUrl: string | null, expiresAt: string | null, expired: boolean, kept: { state: KeepState, bytes: number | null, sha256: string | null, keptAt: string | null, expiresAt: string | null } | null } | null };

export type WithdrawMutationVariables = Exact<{
  id: string;
}>;


export type WithdrawMutation = { withdrawVideo:
    | { __typename: 'GatewayUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'TooLateError', code: ErrorCode, message: string, video: { id: string, state: VideoState } }
    | { __typename: 'VideoNotFoundError', code: ErrorCode, message: string }
    | { __typename: 'WithdrawVideoSuccess', video: { id: string, state: VideoState, finishedAt: string | null } }
   };

export type ReadScheduleQueryVariables = Exact<{
  id: string;
}>;


export type ReadScheduleQuery = { video: { id: string, state: VideoState, taskId: string | null, estimatedFinishAt: string | null, failure: { reason: FailureReason, retryable: boolean } | null, schedule: { position: number, estimatedStartAt: string, notBefore: string | null, deadline: string } | null } | null };

export type FollowScheduleSubscriptionVariables = Exact<{
  id: string;
}>;


export type FollowScheduleSubscription = { videoUpdated: { state: VideoState, schedule: { position: number } | null } };

export type ReadVideoQueryVariables = Exact<{
  taskId: string;
}>;


export type ReadVideoQuery = { video: { id: string, taskId: string | null, state: VideoState, prompt: string | null, quality: VideoQuality | null, waterMark: string | null, imageUrl: string | null, expandPrompt: boolean | null, videoId: string | null, videoUrl: string | null, coverUrl: string | null, sourceTaskId: string | null, createdAt: string | null, finishedAt: string | null, expiresAt: string | null, expired: boolean, checkedAt: string | null, failure: { reason: FailureReason, message: string, retryable: boolean, upstreamCode: number | null } | null } | null };

export type ReadNodeQueryVariables = Exact<{
  id: string;
}>;


export type ReadNodeQuery = { node:
    | { __typename: 'Sequence', id: string }
    | { __typename: 'Video', taskId: string | null, state: VideoState, id: string }
   | null };

export type ReadVideosQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
  states?: Array<VideoState> | VideoState | null | undefined;
}>;


export type ReadVideosQuery = { videos: { edges: Array<{ cursor: string, node: { id: string, taskId: string | null, state: VideoState, prompt: string | null, quality: VideoQuality | null, waterMark: string | null, imageUrl: string | null, expandPrompt: boolean | null, videoId: string | null, videoUrl: string | null, coverUrl: string | null, sourceTaskId: string | null, createdAt: string | null, finishedAt: string | null, expiresAt: string | null, expired: boolean, checkedAt: string | null, failure: { reason: FailureReason, message: string, retryable: boolean, upstreamCode: number | null } | null } }>, pageInfo: { hasNextPage: boolean, hasPreviousPage: boolean, startCursor: string | null, endCursor: string | null } } };

export type ReadCompletionsQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type ReadCompletionsQuery = { completions: { edges: Array<{ cursor: string, node: { cursor: string, video: { id: string, taskId: string | null, state: VideoState } } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type ReadLineageQueryVariables = Exact<{
  taskId: string;
  first?: number | null | undefined;
}>;


export type ReadLineageQuery = { video: { taskId: string | null, sourceTaskId: string | null, source: { taskId: string | null, state: VideoState } | null, ancestors: Array<{ taskId: string | null }>, extensions: { edges: Array<{ node: { taskId: string | null } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } } | null };

export type SequencePartsFragment = { id: string, state: SequenceState, createdAt: string, finishedAt: string | null, estimatedFinishAt: string | null, start: { id: string, state: VideoState, taskId: string | null } | null, shots: Array<{ number: number, prompt: string, quality: VideoQuality, waterMark: string, video: { id: string, state: VideoState, taskId: string | null, sourceTaskId: string | null } | null, tries: Array<{ id: string, state: VideoState }> }>, problem: { message: string, code: ErrorCode | null, video: { id: string } | null, failure: { reason: FailureReason } | null } | null };

export type CreateSequenceMutationVariables = Exact<{
  input: CreateSequenceInput;
}>;


export type CreateSequenceMutation = { createSequence:
    | { __typename: 'CreateSequenceSuccess', sequence: { id: string, state: SequenceState, createdAt: string, finishedAt: string | null, estimatedFinishAt: string | null, start: { id: string, state: VideoState, taskId: string | null } | null, shots: Array<{ number: number, prompt: string, quality: VideoQuality, waterMark: string, video: { id: string, state: VideoState, taskId: string | null, sourceTaskId: string | null } | null, tries: Array<{ id: string, state: VideoState }> }>, problem: { message: string, code: ErrorCode | null, video: { id: string } | null, failure: { reason: FailureReason } | null } | null } }
    | { __typename: 'GatewayUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string, issues: Array<{ path: Array<string>, message: string }> }
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string }
   };

export type ResumeSequenceMutationVariables = Exact<{
  input: ResumeSequenceInput;
}>;


export type ResumeSequenceMutation = { resumeSequence:
    | { __typename: 'GatewayUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'IdempotencyConflictError', code: ErrorCode, message: string }
    | { __typename: 'InvalidInputError', code: ErrorCode, message: string, issues: Array<{ path: Array<string>, message: string }> }
    | { __typename: 'RateLimitedError', code: ErrorCode, message: string }
    | { __typename: 'ResumeSequenceSuccess', sequence: { id: string, state: SequenceState, createdAt: string, finishedAt: string | null, estimatedFinishAt: string | null, start: { id: string, state: VideoState, taskId: string | null } | null, shots: Array<{ number: number, prompt: string, quality: VideoQuality, waterMark: string, video: { id: string, state: VideoState, taskId: string | null, sourceTaskId: string | null } | null, tries: Array<{ id: string, state: VideoState }> }>, problem: { message: string, code: ErrorCode | null, video: { id: string } | null, failure: { reason: FailureReason } | null } | null } }
    | { __typename: 'SequenceNotFoundError', code: ErrorCode, message: string, sequenceId: string }
   };

export type CancelSequenceMutationVariables = Exact<{
  id: string;
}>;


export type CancelSequenceMutation = { cancelSequence:
    | { __typename: 'CancelSequenceSuccess', sequence: { id: string, state: SequenceState, createdAt: string, finishedAt: string | null, estimatedFinishAt: string | null, start: { id: string, state: VideoState, taskId: string | null } | null, shots: Array<{ number: number, prompt: string, quality: VideoQuality, waterMark: string, video: { id: string, state: VideoState, taskId: string | null, sourceTaskId: string | null } | null, tries: Array<{ id: string, state: VideoState }> }>, problem: { message: string, code: ErrorCode | null, video: { id: string } | null, failure: { reason: FailureReason } | null } | null } }
    | { __typename: 'GatewayUnavailableError', code: ErrorCode, message: string }
    | { __typename: 'SequenceNotFoundError', code: ErrorCode, message: string }
   };

export type ReadSequenceQueryVariables = Exact<{
  id: string;
}>;


export type ReadSequenceQuery = { sequence: { id: string, state: SequenceState, createdAt: string, finishedAt: string | null, estimatedFinishAt: string | null, start: { id: string, state: VideoState, taskId: string | null } | null, shots: Array<{ number: number, prompt: string, quality: VideoQuality, waterMark: string, video: { id: string, state: VideoState, taskId: string | null, sourceTaskId: string | null } | null, tries: Array<{ id: string, state: VideoState }> }>, problem: { message: string, code: ErrorCode | null, video: { id: string } | null, failure: { reason: FailureReason } | null } | null } | null, node:
    | { __typename: 'Sequence', id: string }
    | { __typename: 'Video', id: string }
   | null };

export type ListSequencesQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
  states?: Array<SequenceState> | SequenceState | null | undefined;
}>;


export type ListSequencesQuery = { sequences: { edges: Array<{ cursor: string, node: { id: string, state: SequenceState } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type ReadSequenceOfVideoQueryVariables = Exact<{
  id: string;
}>;


export type ReadSequenceOfVideoQuery = { video: { id: string, sequence: { id: string, shots: Array<{ number: number }> } | null } | null };

export type FollowSequenceSubscriptionVariables = Exact<{
  id: string;
}>;


export type FollowSequenceSubscription = { sequenceUpdated: { id: string, state: SequenceState, createdAt: string, finishedAt: string | null, estimatedFinishAt: string | null, start: { id: string, state: VideoState, taskId: string | null } | null, shots: Array<{ number: number, prompt: string, quality: VideoQuality, waterMark: string, video: { id: string, state: VideoState, taskId: string | null, sourceTaskId: string | null } | null, tries: Array<{ id: string, state: VideoState }> }>, problem: { message: string, code: ErrorCode | null, video: { id: string } | null, failure: { reason: FailureReason } | null } | null } };

export type OnExtendedSubscriptionVariables = Exact<{
  taskId?: string | null | undefined;
  after?: string | null | undefined;
}>;


export type OnExtendedSubscription = { videoExtended: { cursor: string, video: { id: string, taskId: string | null, state: VideoState, prompt: string | null, quality: VideoQuality | null, waterMark: string | null, imageUrl: string | null, expandPrompt: boolean | null, videoId: string | null, videoUrl: string | null, coverUrl: string | null, sourceTaskId: string | null, createdAt: string | null, finishedAt: string | null, expiresAt: string | null, expired: boolean, checkedAt: string | null, failure: { reason: FailureReason, message: string, retryable: boolean, upstreamCode: number | null } | null } } };

export type OnUpdatedSubscriptionVariables = Exact<{
  taskId: string;
}>;


export type OnUpdatedSubscription = { videoUpdated: { id: string, taskId: string | null, state: VideoState, failure: { reason: FailureReason } | null } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const VideoPartsFragmentDoc = new TypedDocumentString(`
    fragment VideoParts on Video {
  id
  taskId
  state
  prompt
  quality
  waterMark
  imageUrl
  expandPrompt
  videoId
  videoUrl
  coverUrl
  failure {
    reason
    message
    retryable
    upstreamCode
  }
  sourceTaskId
  createdAt
  finishedAt
  expiresAt
  expired
  checkedAt
}
    `, {"fragmentName":"VideoParts"}) as unknown as TypedDocumentString<VideoPartsFragment, unknown>;
export const SequencePartsFragmentDoc = new TypedDocumentString(`
    fragment SequenceParts on Sequence {
  id
  state
  start {
    id
    state
    taskId
  }
  shots {
    number
    prompt
    quality
    waterMark
    video {
      id
      state
      taskId
      sourceTaskId
    }
    tries {
      id
      state
    }
  }
  problem {
    message
    code
    video {
      id
    }
    failure {
      reason
    }
  }
  createdAt
  finishedAt
  estimatedFinishAt
}
    `, {"fragmentName":"SequenceParts"}) as unknown as TypedDocumentString<SequencePartsFragment, unknown>;
export const GenerateVideoDocument = new TypedDocumentString(`
    mutation GenerateVideo($key: String!) {
  generateVideo(
    input: {
      prompt: "A cat dances in a room"
      aspectRatio: LANDSCAPE_16_9
      duration: 5
      quality: P720
      idempotencyKey: $key
    }
  ) {
    __typename
    ... on GenerateVideoSuccess {
      cursor
      video {
        id
        taskId
        state
      }
    }
    ... on GatewayError {
      code
      message
      retryable
      retryAfter
    }
    ... on InvalidInputError {
      issues {
        path
        message
      }
    }
    ... on OutcomeUnknownError {
      video {
        id
        state
      }
    }
    ... on UpstreamError {
      inDoubt: video {
        id
        state
      }
    }
  }
}
    `, {"hash":"sha256:675f4b6f9027f97fe8bd48806ce459000d9a75ae618e09fcbabad1a75109155d"}) as unknown as TypedDocumentString<GenerateVideoMutation, GenerateVideoMutationVariables>;
export const ExtendVideoDocument = new TypedDocumentString(`
    mutation ExtendVideo($taskId: ID!, $key: String!) {
  extendVideo(
    input: {
      taskId: $taskId
      prompt: "The cat goes on dancing"
      quality: P720
      idempotencyKey: $key
    }
  ) {
    __typename
    ... on ExtendVideoSuccess {
      cursor
      video {
        id
        taskId
        state
      }
    }
    ... on GatewayError {
      code
      message
      retryable
      retryAfter
    }
    ... on InvalidInputError {
      issues {
        path
        message
      }
    }
    ... on OutcomeUnknownError {
      video {
        id
        state
      }
    }
    ... on UpstreamError {
      inDoubt: video {
        id
        state
      }
    }
  }
}
    `, {"hash":"sha256:b20fca9a15b25bc9174080813ca96fecc202460f2a3c7e9a94ad414862d8209f"}) as unknown as TypedDocumentString<ExtendVideoMutation, ExtendVideoMutationVariables>;
export const VideoExtendedDocument = new TypedDocumentString(`
    subscription VideoExtended($after: String) {
  videoExtended(after: $after) {
    cursor
    video {
      taskId
      state
      videoUrl
      coverUrl
      failure {
        reason
        message
      }
    }
  }
}
    `, {"hash":"sha256:20e9f2793edee5627b2881027bdde2f71c50670778e4d37baf219296898b7bcd"}) as unknown as TypedDocumentString<VideoExtendedSubscription, VideoExtendedSubscriptionVariables>;
export const VideoDocument = new TypedDocumentString(`
    query Video($taskId: ID!) {
  video(taskId: $taskId) {
    id
    state
    prompt
    videoUrl
    coverUrl
    expiresAt
    sourceTaskId
    ancestors {
      taskId
    }
    failure {
      reason
      message
      retryable
    }
  }
}
    `, {"hash":"sha256:e393a969965e88fdea1471aa8e27b089a07797a2c746a30e781682216b36ea00"}) as unknown as TypedDocumentString<VideoQuery, VideoQueryVariables>;
export const ExtendDocument = new TypedDocumentString(`
    mutation Extend($input: ExtendVideoInput!) {
  extendVideo(input: $input) {
    __typename
    ... on ExtendVideoSuccess {
      cursor
      video {
        ...VideoParts
      }
    }
    ... on GatewayError {
      message
      code
      retryable
      retryAfter
    }
    ... on UpstreamRefusal {
      upstreamCode
      upstreamMessage
    }
    ... on InvalidInputError {
      issues {
        path
        message
      }
    }
    ... on VideoNotFoundError {
      taskId
    }
    ... on OutcomeUnknownError {
      video {
        ...VideoParts
      }
    }
    ... on UpstreamError {
      inDoubt: video {
        ...VideoParts
      }
    }
  }
}
    fragment VideoParts on Video {
  id
  taskId
  state
  prompt
  quality
  waterMark
  imageUrl
  expandPrompt
  videoId
  videoUrl
  coverUrl
  failure {
    reason
    message
    retryable
    upstreamCode
  }
  sourceTaskId
  createdAt
  finishedAt
  expiresAt
  expired
  checkedAt
}`, {"hash":"sha256:0cd5d7219ec5f0576415b37534499e4387a22803e9ad3fc5f5422a109a0b6646"}) as unknown as TypedDocumentString<ExtendMutation, ExtendMutationVariables>;
export const GenerateDocument = new TypedDocumentString(`
    mutation Generate($input: GenerateVideoInput!) {
  generateVideo(input: $input) {
    __typename
    ... on GenerateVideoSuccess {
      cursor
      video {
        ...VideoParts
        kind
        duration
        aspectRatio
      }
    }
    ... on GatewayError {
      message
      code
      retryable
      retryAfter
    }
    ... on UpstreamRefusal {
      upstreamCode
      upstreamMessage
    }
    ... on InvalidInputError {
      issues {
        path
        message
      }
    }
    ... on OutcomeUnknownError {
      video {
        ...VideoParts
      }
    }
  }
}
    fragment VideoParts on Video {
  id
  taskId
  state
  prompt
  quality
  waterMark
  imageUrl
  expandPrompt
  videoId
  videoUrl
  coverUrl
  failure {
    reason
    message
    retryable
    upstreamCode
  }
  sourceTaskId
  createdAt
  finishedAt
  expiresAt
  expired
  checkedAt
}`, {"hash":"sha256:631c00574d71f9d5d12b32e03c49ec3b79a2a2da7348c954ef5827ae48e55e3c"}) as unknown as TypedDocumentString<GenerateMutation, GenerateMutationVariables>;
export const ReadKindDocument = new TypedDocumentString(`
    query ReadKind($taskId: ID!) {
  video(taskId: $taskId) {
    id
    kind
    duration
    aspectRatio
    sourceTaskId
    source {
      id
    }
    extensions {
      edges {
        node {
          id
          kind
        }
      }
    }
  }
}
    `, {"hash":"sha256:d89df9ed835bf37fc1805c9c62ea0253126fcebe182c024c33c02e8c80373a0c"}) as unknown as TypedDocumentString<ReadKindQuery, ReadKindQueryVariables>;
export const DeleteVideoDocument = new TypedDocumentString(`
    mutation DeleteVideo($id: ID!) {
  deleteVideo(id: $id) {
    __typename
    ... on DeleteVideoSuccess {
      id
    }
    ... on GatewayError {
      code
      message
      retryable
    }
    ... on TooLateError {
      video {
        id
        state
      }
    }
  }
}
    `, {"hash":"sha256:5d3286434486af6e3f52d98c06d69af64bcfe341b66a28827716a9bd2bd6a2d9"}) as unknown as TypedDocumentString<DeleteVideoMutation, DeleteVideoMutationVariables>;
export const ReadKeptDocument = new TypedDocumentString(`
    query ReadKept($id: ID!) {
  video(taskId: $id) {
    id
    state
    videoUrl
    coverUrl
    expiresAt
    expired
    kept {
      state
      bytes
      sha256
      keptAt
      expiresAt
    }
  }
}
    `, {"hash":"sha256:a66aaec9b5727232a779bc5705ce32b91c158d6c144781cd46c4ea59d00b9b13"}) as unknown as TypedDocumentString<ReadKeptQuery, ReadKeptQueryVariables>;
export const WithdrawDocument = new TypedDocumentString(`
    mutation Withdraw($id: ID!) {
  withdrawVideo(id: $id) {
    __typename
    ... on WithdrawVideoSuccess {
      video {
        id
        state
        finishedAt
      }
    }
    ... on GatewayError {
      code
      message
    }
    ... on TooLateError {
      video {
        id
        state
      }
    }
  }
}
    `, {"hash":"sha256:4d3e2aee433d78cd7c6668f5fd4f88e9624e02c66473a181a6b41f63b830754d"}) as unknown as TypedDocumentString<WithdrawMutation, WithdrawMutationVariables>;
export const ReadScheduleDocument = new TypedDocumentString(`
    query ReadSchedule($id: ID!) {
  video(taskId: $id) {
    id
    state
    taskId
    estimatedFinishAt
    failure {
      reason
      retryable
    }
    schedule {
      position
      estimatedStartAt
      notBefore
      deadline
    }
  }
}
    `, {"hash":"sha256:e924460c08f532a4ca8aaffa3222c4f9f7427af7050ec36d56574a5016a5e4da"}) as unknown as TypedDocumentString<ReadScheduleQuery, ReadScheduleQueryVariables>;
export const FollowScheduleDocument = new TypedDocumentString(`
    subscription FollowSchedule($id: ID!) {
  videoUpdated(taskId: $id) {
    state
    schedule {
      position
    }
  }
}
    `, {"hash":"sha256:34b3348c02f97226927e8e6d1a0db8ba82f264325df151c11eb05d85eec83557"}) as unknown as TypedDocumentString<FollowScheduleSubscription, FollowScheduleSubscriptionVariables>;
export const ReadVideoDocument = new TypedDocumentString(`
    query ReadVideo($taskId: ID!) {
  video(taskId: $taskId) {
    ...VideoParts
  }
}
    fragment VideoParts on Video {
  id
  taskId
  state
  prompt
  quality
  waterMark
  imageUrl
  expandPrompt
  videoId
  videoUrl
  coverUrl
  failure {
    reason
    message
    retryable
    upstreamCode
  }
  sourceTaskId
  createdAt
  finishedAt
  expiresAt
  expired
  checkedAt
}`, {"hash":"sha256:f4ab1223909de79e28dfeb3e033d53d820bfdde4997d18d4b8a17f9108759b90"}) as unknown as TypedDocumentString<ReadVideoQuery, ReadVideoQueryVariables>;
export const ReadNodeDocument = new TypedDocumentString(`
    query ReadNode($id: ID!) {
  node(id: $id) {
    __typename
    id
    ... on Video {
      taskId
      state
    }
  }
}
    `, {"hash":"sha256:7be2fc5d9ef8b9f8a7c617edaf137175508cb88f33ef7e268d1e15b67c3b8ed5"}) as unknown as TypedDocumentString<ReadNodeQuery, ReadNodeQueryVariables>;
export const ReadVideosDocument = new TypedDocumentString(`
    query ReadVideos($first: Int, $after: String, $states: [VideoState!]) {
  videos(first: $first, after: $after, states: $states) {
    edges {
      cursor
      node {
        ...VideoParts
      }
    }
    pageInfo {
      hasNextPage
      hasPreviousPage
      startCursor
      endCursor
    }
  }
}
    fragment VideoParts on Video {
  id
  taskId
  state
  prompt
  quality
  waterMark
  imageUrl
  expandPrompt
  videoId
  videoUrl
  coverUrl
  failure {
    reason
    message
    retryable
    upstreamCode
  }
  sourceTaskId
  createdAt
  finishedAt
  expiresAt
  expired
  checkedAt
}`, {"hash":"sha256:fdbae103da0bc574f5aa654bf11fa64e8a21f07b662254b9f4d34852939beab6"}) as unknown as TypedDocumentString<ReadVideosQuery, ReadVideosQueryVariables>;
export const ReadCompletionsDocument = new TypedDocumentString(`
    query ReadCompletions($first: Int, $after: String) {
  completions(first: $first, after: $after) {
    edges {
      cursor
      node {
        cursor
        video {
          id
          taskId
          state
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `, {"hash":"sha256:03405b8a9e0c5d3382c6555b4ba71e06912162c3b02484eca11d00252e724ec9"}) as unknown as TypedDocumentString<ReadCompletionsQuery, ReadCompletionsQueryVariables>;
export const ReadLineageDocument = new TypedDocumentString(`
    query ReadLineage($taskId: ID!, $first: Int) {
  video(taskId: $taskId) {
    taskId
    sourceTaskId
    source {
      taskId
      state
    }
    ancestors(first: $first) {
      taskId
    }
    extensions(first: $first) {
      edges {
        node {
          taskId
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
    `, {"hash":"sha256:f3f6a5af8d1ab9324dd81737db00cac606bf0d549a1d9c641e4898b9a76712fa"}) as unknown as TypedDocumentString<ReadLineageQuery, ReadLineageQueryVariables>;
export const CreateSequenceDocument = new TypedDocumentString(`
    mutation CreateSequence($input: CreateSequenceInput!) {
  createSequence(input: $input) {
    __typename
    ... on CreateSequenceSuccess {
      sequence {
        ...SequenceParts
      }
    }
    ... on GatewayError {
      code
      message
    }
    ... on InvalidInputError {
      issues {
        path
        message
      }
    }
  }
}
    fragment SequenceParts on Sequence {
  id
  state
  start {
    id
    state
    taskId
  }
  shots {
    number
    prompt
    quality
    waterMark
    video {
      id
      state
      taskId
      sourceTaskId
    }
    tries {
      id
      state
    }
  }
  problem {
    message
    code
    video {
      id
    }
    failure {
      reason
    }
  }
  createdAt
  finishedAt
  estimatedFinishAt
}`, {"hash":"sha256:d309323a29d08254321292002ccdb839573e6a1895599ed2c69cf53500363573"}) as unknown as TypedDocumentString<CreateSequenceMutation, CreateSequenceMutationVariables>;
export const ResumeSequenceDocument = new TypedDocumentString(`
    mutation ResumeSequence($input: ResumeSequenceInput!) {
  resumeSequence(input: $input) {
    __typename
    ... on ResumeSequenceSuccess {
      sequence {
        ...SequenceParts
      }
    }
    ... on GatewayError {
      code
      message
    }
    ... on InvalidInputError {
      issues {
        path
        message
      }
    }
    ... on SequenceNotFoundError {
      sequenceId
    }
  }
}
    fragment SequenceParts on Sequence {
  id
  state
  start {
    id
    state
    taskId
  }
  shots {
    number
    prompt
    quality
    waterMark
    video {
      id
      state
      taskId
      sourceTaskId
    }
    tries {
      id
      state
    }
  }
  problem {
    message
    code
    video {
      id
    }
    failure {
      reason
    }
  }
  createdAt
  finishedAt
  estimatedFinishAt
}`, {"hash":"sha256:ede4c627583c89f9d06e18d4c3ab319d8751a3ef5dbac53e0244543e52e424f0"}) as unknown as TypedDocumentString<ResumeSequenceMutation, ResumeSequenceMutationVariables>;
export const CancelSequenceDocument = new TypedDocumentString(`
    mutation CancelSequence($id: ID!) {
  cancelSequence(id: $id) {
    __typename
    ... on CancelSequenceSuccess {
      sequence {
        ...SequenceParts
      }
    }
    ... on GatewayError {
      code
      message
    }
  }
}
    fragment SequenceParts on Sequence {
  id
  state
  start {
    id
    state
    taskId
  }
  shots {
    number
    prompt
    quality
    waterMark
    video {
      id
      state
      taskId
      sourceTaskId
    }
    tries {
      id
      state
    }
  }
  problem {
    message
    code
    video {
      id
    }
    failure {
      reason
    }
  }
  createdAt
  finishedAt
  estimatedFinishAt
}`, {"hash":"sha256:e61d6e9ea919a027543be68b6cefc4dca41a504cad8a5c16ebba99b0ddc2ac03"}) as unknown as TypedDocumentString<CancelSequenceMutation, CancelSequenceMutationVariables>;
export const ReadSequenceDocument = new TypedDocumentString(`
    query ReadSequence($id: ID!) {
  sequence(id: $id) {
    ...SequenceParts
  }
  node(id: $id) {
    __typename
    id
  }
}
    fragment SequenceParts on Sequence {
  id
  state
  start {
    id
    state
    taskId
  }
  shots {
    number
    prompt
    quality
    waterMark
    video {
      id
      state
      taskId
      sourceTaskId
    }
    tries {
      id
      state
    }
  }
  problem {
    message
    code
    video {
      id
    }
    failure {
      reason
    }
  }
  createdAt
  finishedAt
  estimatedFinishAt
}`, {"hash":"sha256:0766a29c0d6299c282525f6293b9faa1504f879daeb868cd0a41a2c75aaba1a3"}) as unknown as TypedDocumentString<ReadSequenceQuery, ReadSequenceQueryVariables>;
export const ListSequencesDocument = new TypedDocumentString(`
    query ListSequences($first: Int, $after: String, $states: [SequenceState!]) {
  sequences(first: $first, after: $after, states: $states) {
    edges {
      cursor
      node {
        id
        state
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `, {"hash":"sha256:54a2c5796851ad56f85a6a4c2b6220c9d45a6ddbf17cc331e9faa222a1c9c395"}) as unknown as TypedDocumentString<ListSequencesQuery, ListSequencesQueryVariables>;
export const ReadSequenceOfVideoDocument = new TypedDocumentString(`
    query ReadSequenceOfVideo($id: ID!) {
  video(taskId: $id) {
    id
    sequence {
      id
      shots {
        number
      }
    }
  }
}
    `, {"hash":"sha256:3afe6d4634154cff39afe32aa9ca35b3508915ff247e89a1af1b73c22a5cc3cc"}) as unknown as TypedDocumentString<ReadSequenceOfVideoQuery, ReadSequenceOfVideoQueryVariables>;
export const FollowSequenceDocument = new TypedDocumentString(`
    subscription FollowSequence($id: ID!) {
  sequenceUpdated(id: $id) {
    ...SequenceParts
  }
}
    fragment SequenceParts on Sequence {
  id
  state
  start {
    id
    state
    taskId
  }
  shots {
    number
    prompt
    quality
    waterMark
    video {
      id
      state
      taskId
      sourceTaskId
    }
    tries {
      id
      state
    }
  }
  problem {
    message
    code
    video {
      id
    }
    failure {
      reason
    }
  }
  createdAt
  finishedAt
  estimatedFinishAt
}`, {"hash":"sha256:25ded97904d644ec9d9eb2f5731fdd17948e0457d076758442fbc1446b0f36e2"}) as unknown as TypedDocumentString<FollowSequenceSubscription, FollowSequenceSubscriptionVariables>;
export const OnExtendedDocument = new TypedDocumentString(`
    subscription OnExtended($taskId: ID, $after: String) {
  videoExtended(taskId: $taskId, after: $after) {
    cursor
    video {
      ...VideoParts
    }
  }
}
    fragment VideoParts on Video {
  id
  taskId
  state
  prompt
  quality
  waterMark
  imageUrl
  expandPrompt
  videoId
  videoUrl
  coverUrl
  failure {
    reason
    message
    retryable
    upstreamCode
  }
  sourceTaskId
  createdAt
  finishedAt
  expiresAt
  expired
  checkedAt
}`, {"hash":"sha256:4266a0da964745f444078ba4b3c22474f4e6564d665f07e6b71676ebfc6c1ab4"}) as unknown as TypedDocumentString<OnExtendedSubscription, OnExtendedSubscriptionVariables>;
export const OnUpdatedDocument = new TypedDocumentString(`
    subscription OnUpdated($taskId: ID!) {
  videoUpdated(taskId: $taskId) {
    id
    taskId
    state
    failure {
      reason
    }
  }
}
    `, {"hash":"sha256:02a1bf07f51632256c20adfc2988c39f9b7710598eb93d82f4a50d3860b8a963"}) as unknown as TypedDocumentString<OnUpdatedSubscription, OnUpdatedSubscriptionVariables>;