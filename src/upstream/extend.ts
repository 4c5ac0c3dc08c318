import { z } from 'zod';
import type { VideoQuality } from '../video.ts';
import { AnswerLostError } from './answer-lost.ts';
import type { UpstreamClient } from './client.ts';
import { toSubmitData } from './envelope.ts';
import { createRedactor } from './redact.ts';

export interface ExtendRequest {
  /** The video to extend. */
  readonly taskId: string;
  readonly prompt: string;
  readonly quality: VideoQuality;
  /** Null leaves it to the upstream; an empty text means none. */
  readonly waterMark: string | null;
  readonly imageUrl: string | null;
  readonly expandPrompt: boolean | null;
  /** A secret: whoever knows it can complete the task. */
  readonly callBackUrl: string;
}

const WIRE_QUALITY: Readonly<Record<VideoQuality, string>> = { P720: '720p', P1080: '1080p' };

const Accepted = z.object({ taskId: z.string().refine((id) => id.trim() !== '') });

/**
 * Starts a paid task and answers with its id. Sent once and never again; it takes no signal, for a
 * payment runs to its own deadline.
 *
 * @param onLeft called once, when the request has left.
 * @throws GatewayError: nothing was started. AnswerInDoubtError or AnswerLostError: it may have been.
 * @see https://docs.apikley.ru (Extend AI Video)
 */
export async function sendExtend(
  client: UpstreamClient,
  request: ExtendRequest,
  onLeft: () => void = () => {},
): Promise<string> {
  const answer = await client.submit('/api/v1/runway/extend', toWire(request), onLeft);

  // The upstream may echo the request; the last segment of the callback's path is its token.
  function redact(text: string): string {
    const own = [request.callBackUrl, request.callBackUrl.split('/').at(-1) ?? ''];
    return client.redact(createRedactor(own)(text));
  }
  const data = toSubmitData(answer, { taskId: request.taskId, redact });
  const accepted = Accepted.safeParse(data);
  if (!accepted.success) throw new AnswerLostError(new Error('accepted without a taskId'));
  return accepted.data.taskId;
}

function toWire(request: ExtendRequest): object {
  const { waterMark, imageUrl, expandPrompt } = request;
  return {
    taskId: request.taskId,
    prompt: request.prompt,
    quality: WIRE_QUALITY[request.quality],
    ...(waterMark !== null && { waterMark }),
    ...(imageUrl !== null && { imageUrl }),
    ...(expandPrompt !== null && { expandPrompt }),
    callBackUrl: request.callBackUrl,
  };
}
