/** Completion callbacks as the upstream posts them, for tests that steer each one. */

import type { RecordedRequest } from './scripted-upstream.ts';

export interface CallbackAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** Posts a callback; a text goes out as it is, anything else as JSON. */
export async function postCallback(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<CallbackAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

export function toSuccess(taskId: string, data: Record<string, unknown> = {}) {
  return {
    code: 200,
    msg: 'All generated successfully.',
    data: {
      task_id: taskId,
      video_id: `video-of-${taskId}`,
      video_url: `https://files.example.com/${taskId}.mp4`,
      image_url: `https://files.example.com/${taskId}.png`,
      ...data,
    },
  };
}

export function toFailure(taskId: string) {
  return {
    code: 400,
    msg: 'Inappropriate content detected. Please replace the image or video.',
    data: { task_id: taskId, video_id: '', video_url: '', image_url: '' },
  };
}

/** The secret URL in an extend request, and the id of the row that it names. */
export function readCallbackUrl(request: Pick<RecordedRequest, 'json'>): {
  url: string;
  id: string;
  token: string;
} {
  const url = (request.json() as { callBackUrl: string }).callBackUrl;
  const [token = '', id = ''] = new URL(url).pathname.split('/').reverse();
  return { url, id, token };
}
