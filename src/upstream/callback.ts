import { z } from 'zod';
import type { VideoFailure, VideoFiles } from '../video.ts';
import { ACCEPTED } from './codes.ts';
import { toFailure } from './failure-text.ts';
import { toFiles } from './files.ts';
import { type Redact, redactCallbackUrls } from './redact.ts';
import { LooseText, parseJson, WireInt } from './wire.ts';

/** What a completion callback says. It has proved nothing yet: its URL and signature do that. */
export interface CallbackReport {
  /** Null when the callback names no task; then its URL alone does. */
  readonly taskId: string | null;
  readonly success: boolean;
  /** Null on a failure, and on a success that names no usable file. */
  readonly files: VideoFiles | null;
  /** Null on a success. */
  readonly failure: VideoFailure | null;
}

/** Snake case, unlike the rest of the API. On a failure all of it may be empty or missing. */
const WireFiles = z
  .object({ task_id: LooseText, video_id: LooseText, video_url: LooseText, image_url: LooseText })
  .catch({ task_id: null, video_id: null, video_url: null, image_url: null });

const WireCallback = z.object({ code: WireInt, msg: LooseText, data: WireFiles });

/**
 * Reads the body of a completion callback; null when it is not one (no JSON object with an integer
 * `code`, which may be written as a string). Any other field may be missing or odd. `redact` hides
 * secrets in its text.
 *
 * @see https://docs.apikley.ru (Extend AI Video, "Video Extension Completion Callback")
 */
export function parseCallback(
  body: string,
  redact: Redact = redactCallbackUrls,
): CallbackReport | null {
  const callback = WireCallback.safeParse(parseJson(body)).data;
  if (!callback) return null;

  const { code, msg, data } = callback;
  const success = code === ACCEPTED;
  return {
    taskId: data.task_id,
    success,
    files: success ? toFiles(data.video_id, data.video_url, data.image_url) : null,
    failure: success ? null : toFailure(msg && redact(msg), code),
  };
}
