/** Completion callbacks as the upstream posts them, for tests that steer each one. */

export interface CallbackAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** Posts a callback; text and blobs go out as they are, anything else as JSON. */
export async function postCallback(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<CallbackAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' || body instanceof Blob ? body : JSON.stringify(body),
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

/** The secret URL in the body of an extend request, and what it is made of. */
export function readCallbackUrl(body: unknown): { url: string; id: string; token: string } {
  const url = (body as { callBackUrl: string }).callBackUrl;
  const [token = '', id = ''] = new URL(url).pathname.split('/').reverse();
  return { url, id, token };
}
