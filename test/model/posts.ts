/** The upstream of the model: it records every POST and answers when a command says so. */

import type { ServerResponse } from 'node:http';
import { createQueue } from '../support/queue.ts';
import { answerJson, startScriptedUpstream } from '../support/scripted-upstream.ts';
import type { Answer, Callback, Model, ModelTask } from './model.ts';

const PUBLIC_URL = 'http://gateway.example';

interface Post {
  readonly taskId: string;
  readonly prompt: string;
  readonly callbackPath: string;
  readonly response: ServerResponse;
}

export type Posts = Awaited<ReturnType<typeof startPosts>>;

export async function startPosts(model: Model) {
  const posts: Post[] = [];
  const arrivals = createQueue<Post>();
  const { promise: alarmed, reject: alarm } = Promise.withResolvers<never>();
  alarmed.catch(() => {});
  const upstream = await startScriptedUpstream((request, response) => {
    // Reads report nothing: only answers and callbacks change a task.
    if (request.method === 'GET') return answerJson(response, { code: 422, msg: 'unknown' });
    const { prompt, callBackUrl } = request.json() as { prompt: string; callBackUrl: string };
    const callbackPath = callBackUrl.slice(PUBLIC_URL.length);
    const post = { taskId: `task-of-post-${posts.length}`, prompt, callbackPath, response };
    posts.push(post);
    arrivals.push(post);
    if (posts.length > model.tasks.length) alarm(new Error(`A POST too many: ${prompt}.`));
  });
  return {
    url: upstream.url,
    /** Rejects when the gateway sends a POST that the model does not expect. */
    alarmed,
    next: () => arrivals.next(),
    /** The n-th POST belongs to the model's n-th task, because every POST is awaited. */
    of: (task: ModelTask) => posts[task.number] as Post,
    prompts: () => posts.map(({ prompt }) => prompt),
    answer(task: ModelTask, answer: Answer): void {
      const { taskId, response } = posts[task.number] as Post;
      if (answer === 'lost') response.destroy();
      else if (answer === 'accepted') answerJson(response, { code: 200, data: { taskId } });
      else answerJson(response, { code: answer, msg: 'refused' });
    },
    /** Closes the connections of all POSTs that have no answer yet. */
    cut(): void {
      for (const { response } of posts) response.destroy();
    },
    close: () => upstream.close(),
  };
}

/** The body of a callback. */
export function toCallback(taskId: string, callback: Callback): object {
  const data = { task_id: taskId, video_id: taskId, video_url: '', image_url: '' };
  switch (callback) {
    case 'success':
      return { code: 200, data: { ...data, video_url: `https://files.example/${taskId}.mp4` } };
    case 'no file':
      return { code: 200, data };
    case 'failure':
      return { code: 400, msg: 'Incorrect image format.', data };
    case 'failure without data':
      return { code: 500, msg: 'An unexpected error occurred', data: null };
  }
}
