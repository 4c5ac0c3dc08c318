/** The input of a submit after validation and defaults. */

import { hash } from 'node:crypto';
import type { AspectRatio, VideoQuality } from '../video.ts';

export interface ExtendInput {
  readonly kind: 'EXTENSION';
  /** The upstream's id of the video to extend. */
  readonly taskId: string;
  readonly prompt: string;
  readonly quality: VideoQuality;
  /** Empty: none. */
  readonly waterMark: string;
  readonly imageUrl: string | null;
  readonly expandPrompt: boolean | null;
}

export interface GenerateInput {
  readonly kind: 'ORIGINAL';
  readonly prompt: string;
  readonly quality: VideoQuality;
  /** Empty: none. */
  readonly waterMark: string;
  /** The first frame, which decides the aspect ratio. */
  readonly imageUrl: string | null;
  /** Null exactly where there is an image. */
  readonly aspectRatio: AspectRatio | null;
  /** Seconds. */
  readonly duration: number;
}

export type TaskInput = ExtendInput | GenerateInput;

/** Equal for equal inputs: distinguishes a repeat from another submit under the same key. */
export function toFingerprint(input: TaskInput): string {
  return hash('sha256', JSON.stringify(toFields(input)));
}

/** Fingerprints are stored, so these lists must never change for existing inputs. */
function toFields(input: TaskInput): unknown[] {
  const { prompt, quality, waterMark, imageUrl } = input;
  return input.kind === 'EXTENSION'
    ? [input.taskId, prompt, quality, waterMark, imageUrl, input.expandPrompt]
    : ['ORIGINAL', prompt, quality, waterMark, imageUrl, input.aspectRatio, input.duration];
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
