/** What a textbook resolver does: one call to the REST API, and nothing kept. */

import { Pool } from 'undici';

const pool = new Pool(process.env.UPSTREAM_URL ?? '', { connections: 64 });
const publicUrl = `http://127.0.0.1:${process.env.PORT}`;

export interface Video {
  id: string;
  taskId: string;
  state: string;
  prompt: string | null;
  quality: string | null;
  videoUrl: string | null;
  coverUrl: string | null;
  createdAt: string | null;
  finishedAt: string | null;
  expired: boolean;
}

const STATES: Record<string, string> = { generating: 'GENERATING', success: 'SUCCEEDED' };

export function toVideo(
  taskId: string,
  state: string,
  files?: { url: string; cover: string },
): Video {
  return {
    id: taskId,
    taskId,
    state: STATES[state] ?? 'WAITING',
    prompt: 'The cat goes on dancing',
    quality: 'P720',
    videoUrl: files?.url ?? null,
    coverUrl: files?.cover ?? null,
    createdAt: '2026-01-01T00:00:00.000Z',
    finishedAt: null,
    expired: false,
  };
}

export async function fetchVideo(taskId: string): Promise<Video> {
  const { data } = await call('GET', `/api/v1/runway/record-detail?taskId=${taskId}`);
  const files = data.videoInfo && { url: data.videoInfo.videoUrl, cover: data.videoInfo.imageUrl };
  return toVideo(data.taskId, data.state, files);
}

export async function sendExtend(input: { taskId: string; prompt: string }): Promise<string> {
  const callBackUrl = `${publicUrl}/callbacks/${crypto.randomUUID()}`;
  const body = JSON.stringify({ ...input, quality: '720p', callBackUrl });
  const { data } = await call('POST', '/api/v1/runway/extend', body);
  return data.taskId;
}

async function call(method: 'GET' | 'POST', path: string, body: string | null = null) {
  const answer = await pool.request({
    method,
    path,
    body,
    headers: { authorization: 'Bearer key', 'content-type': 'application/json' },
  });
  return (await answer.body.json()) as {
    data: {
      taskId: string;
      state: string;
      videoInfo: { videoUrl: string; imageUrl: string } | null;
    };
  };
}

/** What the REST API posts when a task has ended. */
export interface Callback {
  data: { task_id: string; video_url: string; image_url: string };
}

export function toFinished({ data }: Callback): Video {
  return toVideo(data.task_id, 'success', { url: data.video_url, cover: data.image_url });
}
