import type { ErrorCode } from '../errors.ts';
import type { AspectRatio, FailureReason, VideoKind, VideoQuality, VideoState } from '../video.ts';
import { builder } from './builder.ts';

/** Every value with its description; the compiler sees to it that none is missing. */
function toValues<Name extends string>(descriptions: Record<Name, string>) {
  const names = Object.keys(descriptions) as Name[];
  return Object.fromEntries(
    names.map((name) => [name, { value: name, description: descriptions[name] }]),
  ) as { [N in Name]: { value: N; description: string } };
}

export const VideoStateType = builder.enumType('VideoState', {
  description:
    'How far a task has come. States only move forward. SUCCEEDED is final; FAILED yields to a success that turns up later.',
  values: toValues<VideoState>({
    UNCONFIRMED:
      "The request has left, or is about to, and the upstream's answer is not known. It may have been paid for.",
    WAITING: 'The upstream has accepted the task.',
    QUEUED: 'The task is in line for generation.',
    GENERATING: 'The video is being made.',
    SUCCEEDED: 'The video is there, for 14 days: see `expiresAt`.',
    FAILED: 'There will be no video: see `failure`.',
  }),
});

export const VideoKindType = builder.enumType('VideoKind', {
  description: 'How a video was made.',
  values: toValues<VideoKind>({
    ORIGINAL: 'From a prompt, or from an image and a prompt: `generateVideo`.',
    EXTENSION: 'From another video, which it continues: `extendVideo`.',
  }),
});

export const AspectRatioType = builder.enumType('AspectRatio', {
  description: 'Width to height of an original.',
  values: toValues<AspectRatio>({
    LANDSCAPE_16_9: '16:9.',
    PORTRAIT_9_16: '9:16.',
    SQUARE_1_1: '1:1.',
    LANDSCAPE_4_3: '4:3.',
    PORTRAIT_3_4: '3:4.',
  }),
});

export const VideoQualityType = builder.enumType('VideoQuality', {
  description: 'The resolution. An extension has the aspect ratio of the video that it extends.',
  values: toValues<VideoQuality>({ P720: '720p.', P1080: '1080p.' }),
});

export const FailureReasonType = builder.enumType('FailureReason', {
  description:
    "Why a task failed. Made from the upstream's text, whose original is in `VideoFailure.message`.",
  values: toValues<FailureReason>({
    IMAGE_UNREADABLE: 'The upstream could not read the image: "Get image info failed."',
    INAPPROPRIATE_CONTENT:
      'The image or video shows what it must not: "Inappropriate content detected. Please replace the image or video."',
    INCORRECT_IMAGE_FORMAT: 'The image has a format that is not taken: "Incorrect image format."',
    MEMBERSHIP_REQUIRED:
      'The provider is busy and serves members first: "Please try again later. You can upgrade to Standard membership to start generating now."',
    CONCURRENCY_LIMIT:
      'Too many tasks run at once: "Reached the limit for concurrent generations."',
    UNSUPPORTED_DIMENSIONS:
      'Width or height are not taken: "Unsupported width or height. Please adjust the size and try again."',
    UPLOAD_FAILED:
      'A file was lost on its way: "Upload failed due to network reasons, please re-enter."',
    PROMPT_MODERATED:
      'A moderator stopped the prompt: "Your prompt was caught by our AI moderator. Please adjust it and try again!"',
    PROMPT_TOO_LONG:
      'The prompt is too long: "Your prompt/negative prompt cannot exceed 2048 characters."',
    PROMPT_NSFW:
      'The prompt asks for what the provider does not make: "Your video creation prompt contains NSFW content".',
    PROVIDER_ERROR:
      "A fault on the provider's side (code 500, or a success without a usable file).",
    NEVER_CONFIRMED:
      'The gateway gave up: the answer to the request was lost, and nothing was heard of the task since.',
    DEADLINE_PASSED: 'The gateway gave up: the task did not end in time.',
    UNCLASSIFIED: 'A text that fits none of the others: read `VideoFailure.message`.',
  }),
});

export const ErrorCodeType = builder.enumType('ErrorCode', {
  description:
    'What went wrong, for programs. The same codes stand in `extensions.code` of top-level errors.',
  values: toValues<ErrorCode>({
    INVALID_INPUT:
      'The input was refused, by the gateway or by the upstream (422). Nothing was started; change the input.',
    VIDEO_NOT_FOUND: 'No such video, or not yours (404). Look at the id, and at who is signed in.',
    SOURCE_UNAVAILABLE:
      'The upstream could not fetch the image (451). Give it a public address, or leave it out.',
    RATE_LIMITED: 'Too many requests (429). Nothing was started; repeat after `retryAfter`.',
    UPSTREAM_UNAUTHORIZED:
      "The upstream refused the gateway's key (401): a case for an operator. Do not repeat.",
    INSUFFICIENT_CREDITS:
      "The gateway's account at the upstream has no credits left, or a limit of its key is reached (402, 433): a case for an operator. Nothing was started. Do not repeat, unless `retryAfter` says when.",
    UPSTREAM_MAINTENANCE:
      'The upstream is under maintenance (455). Nothing was started; repeat later.',
    UPSTREAM_ERROR:
      'The upstream answered with an error that has no code here. On a submit: with a `video` the task may have been started and paid for, so do not submit again but watch it; without one nothing was started. On a read: repeat if `retryable`.',
    UPSTREAM_UNREACHABLE: 'The upstream was never reached. Nothing was started; repeat.',
    OUTCOME_UNKNOWN:
      'The request left and no readable answer came, or an earlier submit with this key ended in doubt: the task may exist and may have been paid for. Do not submit again; watch its `video`.',
    IDEMPOTENCY_CONFLICT:
      'The idempotency key has been used with another input. Take a new key for a new task.',
    CURSOR_EXPIRED:
      'The log no longer reaches back to the cursor. Read `videos`, then go on from a new cursor.',
    GATEWAY_UNAVAILABLE: 'The gateway cannot serve now. Nothing was started; repeat.',
    UNAUTHENTICATED:
      'The request does not say who is asking, or not credibly. Sign in anew, then repeat.',
    INTERNAL:
      "A bug in the gateway, logged there. The request's outcome is not known; repeat a submit under the same `idempotencyKey` only.",
  }),
});
