/** What a video task is: its states, which may follow which, and why one fails. No I/O. */

import { DAY_MS } from './durations.ts';

/** In the order in which a task passes through them; the last three are final. */
export const VIDEO_STATES = [
  'SCHEDULED',
  'UNCONFIRMED',
  'WAITING',
  'QUEUED',
  'GENERATING',
  'SUCCEEDED',
  'FAILED',
  'WITHDRAWN',
] as const;
export type VideoState = (typeof VIDEO_STATES)[number];

/** The states that the upstream itself reports. */
export type ReportedState = Exclude<VideoState, 'SCHEDULED' | 'UNCONFIRMED' | 'WITHDRAWN'>;

/** The states in which the upstream has confirmed the task and has not ended it. */
export type OpenState = 'WAITING' | 'QUEUED' | 'GENERATING';

/** An original is made from a prompt or an image; an extension continues another video. */
export type VideoKind = 'ORIGINAL' | 'EXTENSION';

export const ASPECT_RATIOS = [
  'LANDSCAPE_16_9',
  'PORTRAIT_9_16',
  'SQUARE_1_1',
  'LANDSCAPE_4_3',
  'PORTRAIT_3_4',
] as const;
export type AspectRatio = (typeof ASPECT_RATIOS)[number];

export const VIDEO_QUALITIES = ['P720', 'P1080'] as const;
export type VideoQuality = (typeof VIDEO_QUALITIES)[number];

export const FAILURE_REASONS = [
  'IMAGE_UNREADABLE',
  'INAPPROPRIATE_CONTENT',
  'INCORRECT_IMAGE_FORMAT',
  'MEMBERSHIP_REQUIRED',
  'CONCURRENCY_LIMIT',
  'UNSUPPORTED_DIMENSIONS',
  'UPLOAD_FAILED',
  'PROMPT_MODERATED',
  'PROMPT_TOO_LONG',
  'PROMPT_NSFW',
  'PROVIDER_ERROR',
  'INSUFFICIENT_CREDITS',
  'INPUT_REFUSED',
  'SOURCE_NOT_FOUND',
  'NEVER_SENT',
  'NEVER_CONFIRMED',
  'DEADLINE_PASSED',
  'UNCLASSIFIED',
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** Why a task failed. `upstreamCode` is null when the gateway itself gave the task up. */
export interface VideoFailure {
  readonly reason: FailureReason;
  readonly message: string;
  readonly upstreamCode: number | null;
}

/** FAILED: given up; the upstream's file stays in place until it expires. */
export type KeepState = 'PENDING' | 'KEPT' | 'FAILED';

/** A verified copy of a film. */
export interface KeptFilm {
  /** At the destination. */
  readonly name: string;
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
  readonly keptAt: number;
}

/** What the gateway has copied of a video's files. */
export interface VideoCopies {
  /** Of the film. REMOVED: it was kept, and has been removed. */
  readonly state: KeepState | 'REMOVED';
  readonly film: KeptFilm | null;
  /** The name of the cover's copy. */
  readonly cover: string | null;
}

/**
 * A task as clients see it. Times are epoch milliseconds. The fields of the input are null on a foreign
 * video when the upstream did not report them.
 */
export interface Video {
  /** The gateway's own id; derived from the task id for a foreign video. */
  readonly id: string;
  readonly taskId: string | null;
  readonly state: VideoState;
  readonly kind: VideoKind;
  /** Seconds; null on an extension, whose length the upstream decides. */
  readonly duration: number | null;
  /** Null when a picture decides it: the image of an original, or the source of an extension. */
  readonly aspectRatio: AspectRatio | null;
  readonly prompt: string | null;
  readonly quality: VideoQuality | null;
  readonly waterMark: string | null;
  readonly imageUrl: string | null;
  readonly expandPrompt: boolean | null;
  readonly sourceTaskId: string | null;
  /** The sequence that made it. */
  readonly sequenceId: string | null;
  readonly videoId: string | null;
  readonly videoUrl: string | null;
  readonly coverUrl: string | null;
  readonly failure: VideoFailure | null;
  readonly createdAt: number | null;
  /** When it was sent, or `createdAt`: later for a submit that was scheduled. */
  readonly startedAt: number | null;
  /** Of a scheduled submit: when it may be sent at the earliest. */
  readonly notBefore: number | null;
  /** Of a scheduled submit: when it fails as NEVER_SENT. Null if it was never scheduled. */
  readonly queuedUntil: number | null;
  readonly finishedAt: number | null;
  readonly expiresAt: number | null;
  readonly expired: boolean;
  readonly checkedAt: number | null;
  /** Null: copying has not begun, or is off. `expiresAt` and `expired` are those of the upstream's files. */
  readonly copies: VideoCopies | null;
}

/** The files of a result as the upstream reports them. */
export interface VideoFiles {
  readonly videoId: string | null;
  /** Null where the upstream has deleted the file already. */
  readonly videoUrl: string | null;
  readonly coverUrl: string | null;
}

/** The upstream deletes files 14 days after they were made (reference, Developer Notes). */
export const FILE_LIFETIME_MS = 14 * DAY_MS;

/**
 * The upstream refuses longer prompts (reference, failure texts); counted in code points. It states no
 * limit for watermarks, which get the same one.
 */
export const MAX_TEXT_LENGTH = 2048;

/** The upstream refuses longer prompts for an original; counted in code points. */
export const MAX_ORIGINAL_PROMPT_LENGTH = 1800;

/** Lengths of an original, in seconds. The longer one is not available in 1080p. */
export const DURATIONS = [5, 10] as const;

/**
 * The states that each state may follow. States only move forward; FAILED yields to a real success
 * that turns up later, because the file was paid for.
 */
export const PREDECESSORS: Readonly<Record<VideoState, readonly VideoState[]>> = {
  SCHEDULED: [],
  UNCONFIRMED: ['SCHEDULED'],
  WAITING: ['UNCONFIRMED'],
  QUEUED: ['UNCONFIRMED', 'WAITING'],
  GENERATING: ['UNCONFIRMED', 'WAITING', 'QUEUED'],
  FAILED: ['SCHEDULED', 'UNCONFIRMED', 'WAITING', 'QUEUED', 'GENERATING'],
  SUCCEEDED: [
    ...(['SCHEDULED', 'UNCONFIRMED', 'WAITING', 'QUEUED', 'GENERATING'] as const),
    ...(['FAILED', 'WITHDRAWN'] as const),
  ],
  WITHDRAWN: ['SCHEDULED'],
};

export function isEnded(state: VideoState): boolean {
  return state === 'SUCCEEDED' || state === 'FAILED' || state === 'WITHDRAWN';
}

/** Failures that may not happen again with the same input. */
const RETRYABLE_REASONS: ReadonlySet<FailureReason> = new Set([
  'MEMBERSHIP_REQUIRED',
  'CONCURRENCY_LIMIT',
  'UPLOAD_FAILED',
  'PROVIDER_ERROR',
  'NEVER_SENT',
]);

/** Whether the same input may succeed as a new task, which costs another payment. */
export function isRetryable(failure: VideoFailure): boolean {
  return RETRYABLE_REASONS.has(failure.reason);
}

/** Parses an http(s) URL; null for any other text. */
export function toHttpUrl(text: string | null | undefined): string | null {
  if (!text) return null;
  const url = URL.parse(text.trim());
  return url && (url.protocol === 'https:' || url.protocol === 'http:') && url.hostname
    ? url.href
    : null;
}
