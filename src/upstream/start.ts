/** Shared by both paid requests: one POST, and the id of the new task in its answer. */

import { z } from 'zod';
import type { VideoQuality } from '../video.ts';
import { AnswerLostError } from './answer-lost.ts';
import type { UpstreamClient } from './client.ts';
import { toSubmitData } from './envelope.ts';
import type { Leaving } from './exchange.ts';
import { createRedactor } from './redact.ts';
import { unwrapJson, WireTaskId } from './wire.ts';

export interface StartRequest {
  readonly path: string;
  readonly body: object;
  /** A secret: it authorises its holder to complete the task. */
  readonly callBackUrl: string;
  /** The video that the request extends; null: none. */
  readonly taskId: string | null;
}

export const WIRE_QUALITY: Readonly<Record<VideoQuality, string>> = {
  P720: '720p',
  P1080: '1080p',
};

const Accepted = z.object({ taskId: WireTaskId });

/**
 * Starts a paid task and returns its id. Never sent twice. It takes no signal: a payment runs to its own
 * deadline.
 *
 * @param leaving hooks for the moment at which the request leaves.
 * @throws GatewayError: nothing was started. AnswerInDoubtError or AnswerLostError: it may have been.
 */
export async function sendStart(
  client: UpstreamClient,
  { path, body, callBackUrl, taskId }: StartRequest,
  leaving: Leaving,
): Promise<string> {
  const answer = await client.submit(path, { ...body, callBackUrl }, leaving);

  // The upstream may echo the request; the last segment of the callback's path is its token.
  function redact(text: string): string {
    const own = [callBackUrl, callBackUrl.split('/').at(-1) ?? ''];
    return client.redact(createRedactor(own)(text));
  }
  const accepted = Accepted.safeParse(unwrapJson(toSubmitData(answer, { taskId, redact })));
  if (!accepted.success) throw new AnswerLostError(new Error('accepted without a usable taskId'));
  return accepted.data.taskId;
}
