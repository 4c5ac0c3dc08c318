import type { VideoQuality } from '../video.ts';
import type { UpstreamClient } from './client.ts';
import type { Leaving } from './exchange.ts';
import { sendStart, WIRE_QUALITY } from './start.ts';

export interface ExtendRequest {
  /** The video to extend. */
  readonly taskId: string;
  readonly prompt: string;
  readonly quality: VideoQuality;
  /** Null: the upstream's default. Empty: none. */
  readonly waterMark: string | null;
  readonly imageUrl: string | null;
  readonly expandPrompt: boolean | null;
  /** A secret: it authorises its holder to complete the task. */
  readonly callBackUrl: string;
}

/**
 * Starts a paid task that extends a video. Resolves and throws as `sendStart`.
 *
 * @param leaving hooks for the moment at which the request leaves.
 * @see https://docs.apikley.ru (Extend AI Video)
 */
export function sendExtend(
  client: UpstreamClient,
  request: ExtendRequest,
  leaving: Leaving = {},
): Promise<string> {
  const { taskId, callBackUrl, waterMark, imageUrl, expandPrompt } = request;
  const body = {
    taskId,
    prompt: request.prompt,
    quality: WIRE_QUALITY[request.quality],
    ...(waterMark !== null && { waterMark }),
    ...(imageUrl !== null && { imageUrl }),
    ...(expandPrompt !== null && { expandPrompt }),
  };
  return sendStart(client, { path: '/api/v1/runway/extend', body, callBackUrl, taskId }, leaving);
}
