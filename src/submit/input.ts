/** The input of a submit after validation and defaults. */

import { toFingerprint } from '../idempotency.ts';
import type { VideoRow } from '../store/rows.ts';
import type { AspectRatio, VideoQuality } from '../video.ts';

export interface ExtendInput {
  readonly kind: 'EXTENSION';
  /** The upstream's id of the video to extend. */
  readonly taskId: string;
  readonly prompt: string;
  readonly quality: VideoQuality;
  /** Empty for none. */
  readonly waterMark: string;
  readonly imageUrl: string | null;
  readonly expandPrompt: boolean | null;
}

export interface GenerateInput {
  readonly kind: 'ORIGINAL';
  readonly prompt: string;
  readonly quality: VideoQuality;
  /** Empty for none. */
  readonly waterMark: string;
  /** The first frame, which decides the aspect ratio. */
  readonly imageUrl: string | null;
  /** Null if and only if there is an image. */
  readonly aspectRatio: AspectRatio | null;
  /** Seconds. */
  readonly duration: number;
}

/** When a submit is to be sent. */
export interface Scheduling {
  /** Whether the submit is scheduled when it cannot be sent at once. If not, it is refused. */
  readonly canQueue: boolean;
  /** Epoch milliseconds; null for at once. A submit with such a time is always scheduled. */
  readonly notBefore: number | null;
}

export type TaskInput = ExtendInput | GenerateInput;

export interface NewTask {
  readonly owner: string;
  readonly input: TaskInput;
  readonly scheduling: Scheduling;
  readonly idempotencyKey: string | null;
  /** For the log. */
  readonly requestId?: string | undefined;
}

/** Tells a repeated submit from a different one with the same key. */
export function toSubmitFingerprint(input: TaskInput, { notBefore }: Scheduling): string {
  const fields = toFields(input);
  return toFingerprint(notBefore === null ? fields : [...fields, notBefore]);
}

/** Fingerprints are stored, so these lists must never change for existing inputs. */
function toFields(input: TaskInput): unknown[] {
  const { prompt, quality, waterMark, imageUrl } = input;
  return input.kind === 'EXTENSION'
    ? [input.taskId, prompt, quality, waterMark, imageUrl, input.expandPrompt]
    : ['ORIGINAL', prompt, quality, waterMark, imageUrl, input.aspectRatio, input.duration];
}

/** The input from which a row was created. */
export function toInput(row: VideoRow): TaskInput {
  const { prompt, quality, water_mark: waterMark, image_url: imageUrl } = row;
  const shared = { prompt, quality, waterMark, imageUrl };
  return row.kind === 'EXTENSION'
    ? {
        ...shared,
        kind: 'EXTENSION',
        taskId: row.source_task_id,
        expandPrompt: row.expand_prompt === null ? null : row.expand_prompt === 1,
      }
    : { ...shared, kind: 'ORIGINAL', aspectRatio: row.aspect_ratio, duration: row.duration ?? 0 };
}

/** The columns of an input's row. */
export function toColumns(input: TaskInput) {
  const { kind, prompt, quality, waterMark, imageUrl } = input;
  const shared = { kind, prompt, quality, waterMark, imageUrl };
  return input.kind === 'EXTENSION'
    ? {
        ...shared,
        sourceTaskId: input.taskId,
        expandPrompt: input.expandPrompt,
        duration: null,
        aspectRatio: null,
      }
    : {
        ...shared,
        sourceTaskId: null,
        expandPrompt: null,
        duration: input.duration,
        aspectRatio: input.aspectRatio,
      };
}
