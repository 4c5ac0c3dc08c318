import { ERROR_TABLE, type ErrorCode } from '../error-table.ts';
import type { SequenceState } from '../sequence.ts';
import type {
  AspectRatio,
  FailureReason,
  KeepState,
  VideoKind,
  VideoQuality,
  VideoState,
} from '../video.ts';
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
    'The state of a task. States only move forward. SUCCEEDED and WITHDRAWN are final. FAILED becomes SUCCEEDED if the upstream reports a success later.',
  values: toValues<VideoState>({
    SCHEDULED:
      'The gateway has accepted the request and will send it later; see `schedule`. It is not paid. `withdrawVideo` ends it.',
    UNCONFIRMED:
      "The request was sent or is about to be sent, and the upstream's answer is unknown. The task may have been paid for.",
    WAITING: 'The upstream has accepted the task.',
    QUEUED: 'The task waits in the upstream queue.',
    GENERATING: 'The upstream is generating the video.',
    SUCCEEDED: 'The video is available for 14 days; see `expiresAt`.',
    FAILED: 'The task ended without a video; see `failure`.',
    WITHDRAWN: 'The request was withdrawn before it was sent. It was not paid.',
  }),
});

export const SequenceStateType = builder.enumType('SequenceState', {
  description: 'The state of a sequence. COMPLETED and CANCELLED are final.',
  values: toValues<SequenceState>({
    RUNNING: 'Its shots are being made, one after another.',
    PAUSED:
      'A shot failed; see `problem`. `resumeSequence` tries that shot again. If the shot turns out to have succeeded, the sequence continues by itself.',
    COMPLETED: 'Every shot has its video.',
    CANCELLED:
      'The sequence was cancelled. A shot that had already been sent still gets its video.',
  }),
});

export const WhenBusyType = builder.enumType('WhenBusy', {
  description: 'What happens to a request that cannot be sent at once.',
  values: toValues<'FAIL' | 'QUEUE'>({
    FAIL: 'It waits for a few seconds at most, and is then refused with an error that says when to retry.',
    QUEUE:
      'It is accepted as a SCHEDULED video and sent as soon as there is room. It also waits while the upstream is unreachable or under maintenance, or while the account has no credits.',
  }),
});

export const KeepStateType = builder.enumType('KeepState', {
  description: "The state of the gateway's own copy of a film.",
  values: toValues<KeepState>({
    PENDING: 'The film has not been copied yet.',
    KEPT: 'The copy is complete and verified.',
    FAILED: "The film could not be copied. The upstream's file stays available until it expires.",
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
  description: 'The aspect ratio (width to height) of an original.',
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
    "Why a task failed. Derived from the upstream's text, which is in `VideoFailure.message`.",
  values: toValues<FailureReason>({
    IMAGE_UNREADABLE: 'The upstream could not read the image: "Get image info failed."',
    INAPPROPRIATE_CONTENT:
      'The image or video was flagged as inappropriate: "Inappropriate content detected. Please replace the image or video."',
    INCORRECT_IMAGE_FORMAT: 'The image format is not supported: "Incorrect image format."',
    MEMBERSHIP_REQUIRED:
      'The provider is busy and serves members first: "Please try again later. You can upgrade to Standard membership to start generating now."',
    CONCURRENCY_LIMIT:
      'Too many tasks are running: "Reached the limit for concurrent generations."',
    UNSUPPORTED_DIMENSIONS:
      'The width or height is not supported: "Unsupported width or height. Please adjust the size and try again."',
    UPLOAD_FAILED:
      'The upload of a file failed: "Upload failed due to network reasons, please re-enter."',
    PROMPT_MODERATED:
      'The AI moderator rejected the prompt: "Your prompt was caught by our AI moderator. Please adjust it and try again!"',
    PROMPT_TOO_LONG:
      'The prompt is too long: "Your prompt/negative prompt cannot exceed 2048 characters."',
    PROMPT_NSFW:
      'The prompt asks for content that the provider does not allow: "Your video creation prompt contains NSFW content".',
    PROVIDER_ERROR: 'An error at the provider (code 500, or a success without a usable file).',
    INSUFFICIENT_CREDITS: "The gateway's account at the upstream has no credits left.",
    INPUT_REFUSED:
      'The upstream refused the scheduled request when it was sent. Nothing was started or paid.',
    SOURCE_NOT_FOUND:
      'The video to extend no longer existed when the scheduled request was sent. Nothing was started or paid.',
    NEVER_SENT:
      'The request could not be sent before the deadline of the queue (`schedule.deadline`). Nothing was started or paid.',
    NEVER_CONFIRMED:
      'The gateway gave up: the answer to the request was lost, and the upstream never reported on the task.',
    DEADLINE_PASSED: 'The gateway gave up: the task did not end in time.',
    UNCLASSIFIED: 'The text matches no other reason; read `VideoFailure.message`.',
  }),
});

export const ErrorCodeType = builder.enumType('ErrorCode', {
  description:
    'What went wrong, for programs. Top-level errors have the same codes in `extensions.code`.',
  values: Object.fromEntries(
    Object.entries(ERROR_TABLE).map(([code, { meaning, action }]) => [
      code,
      { value: code, description: `${meaning} ${action}` },
    ]),
  ) as Record<ErrorCode, { value: ErrorCode; description: string }>,
});
