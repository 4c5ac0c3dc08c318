/** An upstream that keeps all tasks, and repeats a callback until it is acknowledged. */

import { randomUUID } from 'node:crypto';
import {
  answerJson,
  type RecordedRequest,
  startScriptedUpstream,
} from '../support/scripted-upstream.ts';

/** Where the gateway says it is reached: the upstream below finds it wherever it has come back. */
export const PUBLIC_URL = 'http://gateway.example';

export interface PaidTask {
  readonly taskId: string;
  readonly prompt: string;
  /** The task that it extends; null for an original. */
  readonly source: string | null;
  /** Every third task fails. */
  readonly end: 'SUCCEEDED' | 'FAILED';
  readonly callbackPath: string;
  /** Whether a read already shows the end. */
  isReadable: boolean;
  isAcknowledged: boolean;
}

export interface PaidUpstream extends AsyncDisposable {
  readonly url: string;
  /** One for each POST, in the order of arrival. */
  readonly tasks: readonly PaidTask[];
  /** Called when a whole request has come and before it is answered; true leaves it unanswered. */
  onRequest: (method: string, path: string) => boolean;
  /** One attempt at the task's callback. Resolves with the status of the answer; null without one. */
  callBack(task: PaidTask, gatewayUrl: string): Promise<number | null>;
}

export async function startPaidUpstream(): Promise<PaidUpstream> {
  const tasks: PaidTask[] = [];

  function create(request: RecordedRequest): PaidTask {
    const { prompt, callBackUrl, taskId } = request.json() as {
      prompt: string;
      callBackUrl: string;
      taskId?: string;
    };
    const task: PaidTask = {
      taskId: randomUUID(),
      prompt,
      source: taskId ?? null,
      end: tasks.length % 3 === 2 ? 'FAILED' : 'SUCCEEDED',
      callbackPath: callBackUrl.slice(PUBLIC_URL.length),
      isReadable: false,
      isAcknowledged: false,
    };
    tasks.push(task);
    return task;
  }

  const server = await startScriptedUpstream((request, response) => {
    const task =
      request.method === 'POST'
        ? create(request)
        : tasks.find(({ taskId }) => taskId === request.query.get('taskId'));
    if (upstream.onRequest(request.method, request.path)) return;
    if (!task) answerJson(response, { code: 422, msg: 'recordInfo is null', data: null });
    else if (request.method === 'GET') answerJson(response, toEnvelope(toRecord(task)));
    else answerJson(response, toEnvelope({ taskId: task.taskId }));
  });

  const upstream: PaidUpstream = {
    url: server.url,
    tasks,
    onRequest: () => false,
    async callBack(task, gatewayUrl) {
      try {
        const response = await fetch(`${gatewayUrl}${task.callbackPath}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', connection: 'close' },
          body: JSON.stringify(toCallback(task)),
        });
        const { code } = (await response.json()) as { code: number };
        if (response.status === 200 && code === 200) task.isAcknowledged = true;
        return response.status;
      } catch {
        // No gateway is running: try again.
        return null;
      }
    },
    [Symbol.asyncDispose]: server.close,
  };
  return upstream;
}

const REASON = 'Reached the limit for concurrent generations.';

function toEnvelope(data: unknown) {
  return { code: 200, msg: 'success', data };
}

function toFiles(taskId: string) {
  return { video: `https://files.example/${taskId}.mp4`, cover: `https://files.example/${taskId}` };
}

function toRecord({ taskId, end, isReadable }: PaidTask) {
  if (!isReadable) return { taskId, state: 'generating' };
  if (end === 'FAILED') return { taskId, state: 'fail', failCode: 400, failMsg: REASON };
  const { video, cover } = toFiles(taskId);
  const videoInfo = { videoId: taskId, taskId, videoUrl: video, imageUrl: cover };
  return { taskId, state: 'success', videoInfo };
}

function toCallback({ taskId, end }: PaidTask) {
  if (end === 'FAILED') return { code: 400, msg: REASON, data: { task_id: taskId } };
  const { video, cover } = toFiles(taskId);
  const data = { task_id: taskId, video_id: taskId, video_url: video, image_url: cover };
  return { code: 200, msg: 'All generated successfully.', data };
}
