import { z } from 'zod';
import type { VideoFailure, VideoFiles } from '../video.ts';
import { ACCEPTED } from './codes.ts';
import { toFailure } from './failure-text.ts';
import { toFiles } from './files.ts';
import { type Redact, redactCallbackUrls } from './redact.ts';
import { LooseName, LooseTaskId, LooseText, parseJson, unwrapJson, WireInt } from './wire.ts';

/**
 * The report of a callback: a success, a failure, or neither while the task continues. It is not
 * verified yet: its URL and signature prove it.
 */
export interface CallbackReport {
  /** Null: the callback names no task, and only its URL identifies it. */
  readonly taskId: string | null;
  readonly success: boolean;
  /** Null unless a success names a usable file. */
  readonly files: VideoFiles | null;
  /** Set exactly on a failure. */
  readonly failure: VideoFailure | null;
}

/**
 * Snake case, unlike the rest of the API, but some senders use camel case. On a failure all of it may be
 * empty or missing.
 */
const WireFiles = z.preprocess(
  unwrapJson,
  z
    .object({
      task_id: LooseTaskId,
      taskId: LooseTaskId,
      video_id: LooseName,
      videoId: LooseName,
      video_url: LooseText,
      videoUrl: LooseText,
      image_url: LooseText,
      imageUrl: LooseText,
    })
    .partial()
    .catch({}),
);

const WireCallback = z.object({ code: WireInt, msg: LooseText, data: WireFiles });

/**
 * Reads the body of a callback; null when it is not one (no object with an integer `code`, which may
 * be written as a string). Any other field may be missing or odd. `redact` hides secrets in its text.
 *
 * @param contentType the header: a form is read as well as JSON.
 * @see https://docs.apikley.ru (Extend AI Video, "Video Extension Completion Callback")
 */
export function parseCallback(
  body: string,
  redact: Redact = redactCallbackUrls,
  contentType?: string,
): CallbackReport | null {
  const json = parseJson(body);
  const isForm = /^\s*application\/x-www-form-urlencoded\b/i.test(contentType ?? '');
  const callback = WireCallback.safeParse(
    json === undefined && isForm ? parseForm(body) : unwrapJson(json),
  ).data;
  if (!callback) return null;

  const { code, msg, data } = callback;
  const success = code === ACCEPTED;
  const isProgress = !success && code >= 100 && code <= 299;
  return {
    taskId: data.task_id ?? data.taskId ?? null,
    success,
    files: success
      ? toFiles(
          data.video_id ?? data.videoId ?? null,
          data.video_url ?? data.videoUrl ?? null,
          data.image_url ?? data.imageUrl ?? null,
        )
      : null,
    failure: success || isProgress ? null : toFailure(msg && redact(msg), code),
  };
}

/** `data` as JSON, as `data[task_id]=…` or `data.task_id=…`, or its fields next to `code`. */
function parseForm(body: string): Record<string, unknown> {
  const fields = [...new URLSearchParams(body)];
  const nested = fields.map(([name, value]): [string, string] => [
    /^data(?:\.|\[)(\w+)\]?$/.exec(name)?.[1] ?? name,
    value,
  ]);
  return { data: Object.fromEntries(nested), ...Object.fromEntries(fields) };
}
