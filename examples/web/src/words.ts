/**
 * Texts for states, errors and failures, and what to do about them. The types require an entry for each
 * value of the schema.
 */

import type { ErrorCode } from '../../../client/index.ts';
import type {
  AspectRatio,
  FailureReason,
  SequenceState,
  VideoKind,
  VideoQuality,
  VideoState,
  WithdrawVideoMutation,
} from './gql/graphql.ts';

/** Why a submit was not accepted. The other codes do not come from a submit, or are no refusal. */
export type Problem =
  | Exclude<ErrorCode, 'TOO_LATE' | 'CURSOR_EXPIRED' | 'UNAUTHENTICATED' | 'INTERNAL'>
  /** Of the client: a request is stored before it is sent. */
  | 'STORAGE_FAILED';

/** Why a request was not withdrawn. */
export type WithdrawProblem = Exclude<
  WithdrawVideoMutation['withdrawVideo'],
  { __typename: 'WithdrawVideoSuccess' }
>;

interface Words {
  readonly title: string;
  readonly advice: string;
}

/** `step` is the current part of the progress bar; 0: it is not known that the task has started. */
export const STATES: Record<VideoState, { step: number; label: string; hint: string }> = {
  SCHEDULED: {
    step: 0,
    label: 'Scheduled',
    hint: 'It is sent when its turn comes, and paid only then. You can leave this page.',
  },
  UNCONFIRMED: {
    step: 0,
    label: 'Not confirmed',
    hint: 'The answer to the request was lost. The video may be in progress and may have been paid for. This page updates when the video service reports on it.',
  },
  WAITING: { step: 1, label: 'Accepted', hint: 'You can leave this page: it continues.' },
  QUEUED: { step: 2, label: 'Queued', hint: 'You can leave this page: it continues.' },
  GENERATING: { step: 3, label: 'Generating', hint: 'You can leave this page: it continues.' },
  SUCCEEDED: { step: 4, label: 'Ready', hint: '' },
  FAILED: { step: 4, label: 'Failed', hint: '' },
  WITHDRAWN: { step: 4, label: 'Withdrawn', hint: '' },
};

export const FILM_STATES: Record<SequenceState, { label: string; hint: string }> = {
  RUNNING: { label: 'In progress', hint: 'You can leave this page: it continues.' },
  PAUSED: {
    label: 'Paused',
    hint: 'Nothing more is made or paid until you continue it. If the failed shot turns up after all, it continues by itself.',
  },
  COMPLETED: { label: 'Complete', hint: 'Every shot is ready.' },
  CANCELLED: { label: 'Stopped', hint: 'What was ready by then stays.' },
};

/** Whether nothing more happens to a film. */
export const isOver = (state: SequenceState) => state === 'COMPLETED' || state === 'CANCELLED';

/** The parts of the progress bar. */
export const STEPS = ['Accepted', 'Queued', 'Generating', 'Ready'] as const;

export const SHAPES: Record<AspectRatio, string> = {
  LANDSCAPE_16_9: '16:9',
  PORTRAIT_9_16: '9:16',
  SQUARE_1_1: '1:1',
  LANDSCAPE_4_3: '4:3',
  PORTRAIT_3_4: '3:4',
};

export const KINDS: Record<VideoKind, string> = { ORIGINAL: 'Original', EXTENSION: 'Extension' };

export const QUALITY_NAMES: Record<VideoQuality, string> = { P720: '720p', P1080: '1080p' };

/** Ended without a film. */
export const isLost = (state: VideoState) => state === 'FAILED' || state === 'WITHDRAWN';

export const isEnded = (state: VideoState) => state === 'SUCCEEDED' || isLost(state);

export const PROBLEMS: Record<Problem, Words> = {
  INVALID_INPUT: {
    title: 'Something in the form is not right',
    advice: 'Nothing was paid. Correct it and send it again.',
  },
  VIDEO_NOT_FOUND: {
    title: 'The video to extend is not known',
    advice: 'Nothing was paid. It may be gone, or somebody else’s: choose another one.',
  },
  SEQUENCE_NOT_FOUND: {
    title: 'The film is not known any more',
    advice: 'Nothing was paid. It may be deleted, or somebody else’s.',
  },
  SOURCE_UNAVAILABLE: {
    title: 'The image could not be fetched',
    advice: 'Nothing was paid. Its address must be open to the whole internet.',
  },
  RATE_LIMITED: {
    title: 'Too many requests at once',
    advice:
      'Nothing was started or paid. Send it again in a moment, or tick “Send when there is room”.',
  },
  UPSTREAM_UNAUTHORIZED: {
    title: 'The video service does not accept us',
    advice: 'Nothing was paid. Only the operator of this service can fix it.',
  },
  INSUFFICIENT_CREDITS: {
    title: 'There are no credits left',
    advice: 'Nothing was paid. Only the operator of this service can fix it.',
  },
  UPSTREAM_MAINTENANCE: {
    title: 'The video service is under maintenance',
    advice:
      'Nothing was paid. Come back a little later, or tick “Send when there is room” and send it again.',
  },
  UPSTREAM_ERROR: {
    title: 'The video service had an error',
    advice: 'Nothing was started or paid. If it happens again, come back later.',
  },
  UPSTREAM_UNREACHABLE: {
    title: 'The video service cannot be reached',
    advice:
      'Nothing was sent or paid. Try again in a moment, or tick “Send when there is room” and send it again.',
  },
  OUTCOME_UNKNOWN: {
    title: 'It is not known whether this was made',
    advice:
      'It was sent a day ago or earlier, and no answer came. It may have been paid: look for it among your videos before you send it again.',
  },
  IDEMPOTENCY_CONFLICT: {
    title: 'This request was sent before, with other words',
    advice: 'Nothing new was paid. Send it again: it then counts as a new one.',
  },
  GATEWAY_UNAVAILABLE: {
    title: 'The service is busy or restarting',
    advice: 'Nothing was started or paid. Try again in a moment.',
  },
  STORAGE_FAILED: {
    title: 'The storage of this browser is full',
    advice:
      'Nothing was sent or paid. Delete data of this site in the settings of the browser, and send it again.',
  },
};

/** Limits that end when something of the user's own ends, which a later try alone does not change. */
export const TOO_MANY = {
  waiting: {
    title: 'Too many of your requests are waiting',
    advice:
      'Nothing was started or paid. Withdraw one that is scheduled, or wait until one has been sent.',
  },
  films: {
    title: 'Too many of your films are being made',
    advice: 'Nothing was started or paid. Stop one, or wait until one has ended.',
  },
} as const satisfies Record<string, Words>;

export const WITHDRAW_PROBLEMS: Record<WithdrawProblem['__typename'], string> = {
  TooLateError: 'It is too late: the request has been sent.',
  VideoNotFoundError: 'This video is not known any more.',
  GatewayUnavailableError: 'The service is busy or restarting. Try again in a moment.',
};

const CHANGE_WORDS = 'Use other words, then try again.';
const OTHER_IMAGE = 'Choose another image, or none, then try again.';
const LATER = 'Nothing is wrong with your words: try again in a little while.';
const ACCEPTED =
  'The video service had accepted it, so it counts as paid unless the service refunds failures.';

export const NEVER_PAID = 'Nothing was paid: no video was started.';

/** `paid` says whether the failed video was paid for. */
export const FAILURES: Record<FailureReason, Words & { readonly paid: string }> = {
  IMAGE_UNREADABLE: {
    title: 'The image could not be read',
    advice: OTHER_IMAGE,
    paid: ACCEPTED,
  },
  INAPPROPRIATE_CONTENT: { title: 'Content not allowed', advice: OTHER_IMAGE, paid: ACCEPTED },
  INCORRECT_IMAGE_FORMAT: {
    title: 'Image format not supported',
    advice: OTHER_IMAGE,
    paid: ACCEPTED,
  },
  MEMBERSHIP_REQUIRED: { title: 'The video service is busy', advice: LATER, paid: ACCEPTED },
  CONCURRENCY_LIMIT: { title: 'Too many videos at once', advice: LATER, paid: ACCEPTED },
  UNSUPPORTED_DIMENSIONS: {
    title: 'Image size not supported',
    advice: OTHER_IMAGE,
    paid: ACCEPTED,
  },
  UPLOAD_FAILED: { title: 'Upload failed', advice: LATER, paid: ACCEPTED },
  PROMPT_MODERATED: { title: 'Stopped by moderation', advice: CHANGE_WORDS, paid: ACCEPTED },
  PROMPT_TOO_LONG: {
    title: 'Prompt too long',
    advice: 'Shorten it, then try again.',
    paid: ACCEPTED,
  },
  PROMPT_NSFW: { title: 'Content not allowed', advice: CHANGE_WORDS, paid: ACCEPTED },
  PROVIDER_ERROR: { title: 'The video service had an error', advice: LATER, paid: ACCEPTED },
  INSUFFICIENT_CREDITS: {
    title: 'There are no credits left',
    advice: 'You can do nothing about it: tell whoever runs this service.',
    paid: NEVER_PAID,
  },
  INPUT_REFUSED: {
    title: 'The video service refused it',
    advice: 'Read what it says, change the request, then try again.',
    paid: NEVER_PAID,
  },
  SOURCE_NOT_FOUND: {
    title: 'The video to extend is gone',
    advice: 'Choose another one.',
    paid: NEVER_PAID,
  },
  NEVER_SENT: {
    title: 'There was no room in time',
    advice: 'Nothing is wrong with your words: try again.',
    paid: NEVER_PAID,
  },
  NEVER_CONFIRMED: {
    title: 'Never confirmed',
    advice: 'If it turns up, it shows here by itself.',
    paid: 'It may have been paid for: the answer was lost, and there was no report since.',
  },
  DEADLINE_PASSED: {
    title: 'Not finished in time',
    advice: 'It was given up. If it turns up, it shows here by itself.',
    paid: ACCEPTED,
  },
  UNCLASSIFIED: {
    title: 'The video service could not make it',
    advice: 'Read what it says, then try again.',
    paid: ACCEPTED,
  },
};
