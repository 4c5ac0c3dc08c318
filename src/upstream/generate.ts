import type { AspectRatio, VideoQuality } from '../video.ts';
import type { UpstreamClient } from './client.ts';
import type { Leaving } from './exchange.ts';
import { sendStart, WIRE_QUALITY } from './start.ts';

export interface GenerateRequest {
  readonly prompt: string;
  readonly quality: VideoQuality;
  /** Seconds. */
  readonly duration: number;
  /** An empty text means none. */
  readonly waterMark: string;
  readonly imageUrl: string | null;
  /** Null: the image determines it. */
  readonly aspectRatio: AspectRatio | null;
  /** A secret: it authorises its holder to complete the task. */
  readonly callBackUrl: string;
}

const WIRE_ASPECT_RATIO: Readonly<Record<AspectRatio, string>> = {
  LANDSCAPE_16_9: '16:9',
  PORTRAIT_9_16: '9:16',
  SQUARE_1_1: '1:1',
  LANDSCAPE_4_3: '4:3',
  PORTRAIT_3_4: '3:4',
};

/**
 * Starts a paid task that makes an original. Resolves and throws as `sendStart`.
 *
 * @param leaving hooks for the moment at which the request leaves.
 * @see https://docs.apikley.ru (Generate AI Video)
 */
export function sendGenerate(
  client: UpstreamClient,
  request: GenerateRequest,
  leaving: Leaving = {},
): Promise<string> {
  const { callBackUrl, imageUrl, aspectRatio } = request;
  const body = {
    prompt: request.prompt,
    ...(imageUrl !== null && { imageUrl }),
    ...(aspectRatio !== null && { aspectRatio: WIRE_ASPECT_RATIO[aspectRatio] }),
    duration: request.duration,
    quality: WIRE_QUALITY[request.quality],
    waterMark: request.waterMark,
  };
  const path = '/api/v1/runway/generate';
  return sendStart(client, { path, body, callBackUrl, taskId: null }, leaving);
}
