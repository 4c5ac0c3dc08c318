/**
 * What states, errors and failures mean to a person, and what to do. The tables are complete by
 * their types: a value that is new in the schema does not compile until it has words here.
 */

import type {
  AspectRatio,
  ExtendVideoMutation,
  FailureReason,
  VideoKind,
  VideoQuality,
  VideoState,
} from './gql/graphql.ts';

/** Why a submit was not accepted. */
export type Problem = Exclude<
  ExtendVideoMutation['extendVideo'],
  { __typename: 'ExtendVideoSuccess' | 'OutcomeUnknownError' }
>;

interface Words {
  readonly title: string;
  readonly advice: string;
}

/** `step` of four. */
export const STATES: Record<VideoState, { step: number; label: string; hint: string }> = {
  UNCONFIRMED: {
    step: 0,
    label: 'Not confirmed',
    hint: 'The request has left, but its answer was lost: the video may be in the making, and paid for. Do not send it again. It is being watched here and goes on by itself once it is heard of.',
  },
  WAITING: { step: 1, label: 'Accepted', hint: 'You may leave: it goes on without you.' },
  QUEUED: { step: 2, label: 'In line', hint: 'You may leave: it goes on without you.' },
  GENERATING: { step: 3, label: 'Being made', hint: 'You may leave: it goes on without you.' },
  SUCCEEDED: { step: 4, label: 'Ready', hint: '' },
  FAILED: { step: 4, label: 'Failed', hint: '' },
};

export const SHAPES: Record<AspectRatio, string> = {
  LANDSCAPE_16_9: '16:9',
  PORTRAIT_9_16: '9:16',
  SQUARE_1_1: '1:1',
  LANDSCAPE_4_3: '4:3',
  PORTRAIT_3_4: '3:4',
};

export const KINDS: Record<VideoKind, string> = { ORIGINAL: 'Original', EXTENSION: 'Extension' };

export const QUALITY_NAMES: Record<VideoQuality, string> = { P720: '720p', P1080: '1080p' };

export const isEnded = (state: VideoState) => state === 'SUCCEEDED' || state === 'FAILED';

export const PROBLEMS: Record<Problem['__typename'], Words> = {
  InvalidInputError: {
    title: 'Something in the form is not right',
    advice: 'Nothing was paid. Mend it and send it again.',
  },
  VideoNotFoundError: {
    title: 'The video to extend is not known',
    advice: 'Nothing was paid. It may be gone, or somebody else’s: choose another one.',
  },
  SourceUnavailableError: {
    title: 'The image could not be fetched',
    advice: 'Nothing was paid. Its address must be open to the whole internet.',
  },
  RateLimitedError: {
    title: 'Too many requests at once',
    advice: 'Nothing was started or paid. Wait a moment, then send it as it is.',
  },
  UpstreamUnauthorizedError: {
    title: 'The video service does not accept us',
    advice: 'Nothing was paid. You can do nothing about it: tell whoever runs this service.',
  },
  InsufficientCreditsError: {
    title: 'There are no credits left',
    advice: 'Nothing was paid. You can do nothing about it: tell whoever runs this service.',
  },
  UpstreamMaintenanceError: {
    title: 'The video service is under maintenance',
    advice: 'Nothing was paid. Come back a little later.',
  },
  UpstreamError: {
    title: 'The video service had an error',
    advice: 'Nothing was started. If it happens again, come back later.',
  },
  UpstreamUnreachableError: {
    title: 'The video service cannot be reached',
    advice: 'Nothing was sent or paid. Try again in a moment.',
  },
  IdempotencyConflictError: {
    title: 'This request was sent before, with other words',
    advice: 'Nothing new was paid. Send it again: it then counts as a new one.',
  },
  GatewayUnavailableError: {
    title: 'The service is busy or restarting',
    advice: 'Nothing was started or paid. Try again in a moment.',
  },
};

const CHANGE_WORDS = 'Put it in other words, then extend again.';
const OTHER_IMAGE = 'Choose another image, or none, then extend again.';
const LATER = 'Nothing is wrong with your words: extend again in a little while.';

export const FAILURES: Record<FailureReason, Words> = {
  IMAGE_UNREADABLE: { title: 'The image could not be read', advice: OTHER_IMAGE },
  INAPPROPRIATE_CONTENT: { title: 'The picture shows what it must not', advice: OTHER_IMAGE },
  INCORRECT_IMAGE_FORMAT: {
    title: 'The image has a format that is not taken',
    advice: OTHER_IMAGE,
  },
  MEMBERSHIP_REQUIRED: { title: 'The video service is busy', advice: LATER },
  CONCURRENCY_LIMIT: { title: 'Too many videos are being made at once', advice: LATER },
  UNSUPPORTED_DIMENSIONS: {
    title: 'The image has a width or height that is not taken',
    advice: OTHER_IMAGE,
  },
  UPLOAD_FAILED: { title: 'A file was lost on its way', advice: LATER },
  PROMPT_MODERATED: { title: 'A moderator stopped the prompt', advice: CHANGE_WORDS },
  PROMPT_TOO_LONG: { title: 'The prompt is too long', advice: 'Shorten it, then extend again.' },
  PROMPT_NSFW: { title: 'The prompt asks for what is not made here', advice: CHANGE_WORDS },
  PROVIDER_ERROR: { title: 'The video service had an error', advice: LATER },
  NEVER_CONFIRMED: {
    title: 'Nothing was ever heard of it',
    advice: 'It may still have been paid for. If it turns up it will show here by itself.',
  },
  DEADLINE_PASSED: {
    title: 'It did not end in time',
    advice: 'It was given up. If it turns up it will show here by itself.',
  },
  UNCLASSIFIED: {
    title: 'The video service could not make it',
    advice: 'Read what it says, then extend again.',
  },
};
