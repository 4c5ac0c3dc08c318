import { hash } from 'node:crypto';
import type { VideoQuality } from '../video.ts';

/** What a submit asks for, after validation and defaults. */
export interface ExtendInput {
  /** The upstream's id of the video to extend. */
  readonly taskId: string;
  readonly prompt: string;
  readonly quality: VideoQuality;
  readonly waterMark: string;
  readonly imageUrl: string | null;
  readonly expandPrompt: boolean | null;
}

/** Equal for equal inputs: tells a repeat of a submit from another one under the same key. */
export function toFingerprint(input: ExtendInput): string {
  const fields = [
    input.taskId,
    input.prompt,
    input.quality,
    input.waterMark,
    input.imageUrl,
    input.expandPrompt,
  ];
  return hash('sha256', JSON.stringify(fields));
}
