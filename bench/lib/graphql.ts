/** The requests that all subjects get. */

import { Agent, request } from 'undici';
import { isGateway, type Setting, type Subject } from './subjects.ts';

export const VIDEO_QUERY =
  'query V($id: ID!) { video(taskId: $id) { id taskId state prompt quality videoUrl coverUrl createdAt finishedAt expired } }';
export const EXTENDED_SUBSCRIPTION =
  'subscription E($taskId: ID!) { videoExtended(taskId: $taskId) { cursor video { id taskId state videoUrl coverUrl } } }';

/** One connection, so requests are sent one after another. */
const agent = new Agent({ connections: 1, keepAliveTimeout: 60_000 });

/** The upstream sends callbacks from many machines. */
const upstreamAgent = new Agent({ connections: 50, keepAliveTimeout: 60_000 });

export async function post(
  url: string,
  body: unknown,
  authorization = '',
  dispatcher = agent,
): Promise<unknown> {
  const answer = await request(url, {
    method: 'POST',
    dispatcher,
    headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
    body: JSON.stringify(body),
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`${url} answered ${answer.statusCode}: ${text}`);
  return JSON.parse(text);
}

export async function readVideo(subject: Subject, id: string) {
  const answer = (await post(
    `${subject.url}/graphql`,
    { query: VIDEO_QUERY, operationName: 'V', variables: { id } },
    subject.authorization,
  )) as { data?: { video?: { state: string } } };
  if (!answer.data?.video) throw new Error(`${subject.name}: ${JSON.stringify(answer)}`);
  return answer.data.video;
}

export function toExtension({ name }: Pick<Subject, 'name'>) {
  const success = isGateway(name)
    ? '... on ExtendVideoSuccess { video { taskId } } ... on GatewayError { code message }'
    : 'video { taskId }';
  return {
    query: `mutation M($input: ExtendVideoInput!) { extendVideo(input: $input) { ${success} } }`,
    variables: {
      input: { taskId: 'done-1', prompt: 'The cat goes on dancing', quality: 'P720' },
    },
  };
}

/** Starts a task, and returns the upstream's id of it. */
export async function extend(subject: Subject, dispatcher = agent): Promise<string> {
  const answer = (await post(
    `${subject.url}/graphql`,
    toExtension(subject),
    subject.authorization,
    dispatcher,
  )) as { data?: { extendVideo?: { video?: { taskId: string } } } };
  const taskId = answer.data?.extendVideo?.video?.taskId;
  if (!taskId) throw new Error(`${subject.name}: ${JSON.stringify(answer)}`);
  return taskId;
}

export async function findCallbackUrl({ upstreamUrl }: Setting, taskId: string): Promise<string> {
  return (await post(`${upstreamUrl}/callback-url?taskId=${taskId}`, {})) as string;
}

export async function findCallbackUrls(
  { upstreamUrl }: Setting,
  taskIds: readonly string[],
): Promise<string[]> {
  return (await post(`${upstreamUrl}/callback-urls`, taskIds)) as string[];
}

/** The n-th POST that the upstream has received, as soon as there is one. */
export async function findPost(
  { upstreamUrl }: Setting,
  index: number,
): Promise<{ readonly taskId: string; readonly at: number }> {
  const url = `${upstreamUrl}/post?index=${index}`;
  return (await post(url, {}, '', upstreamAgent)) as { taskId: string; at: number };
}

export async function countPosts({ upstreamUrl }: Setting): Promise<number> {
  return (await post(`${upstreamUrl}/post-count`, {})) as number;
}

/** The times at which POSTs arrived, in ms, from the n-th on. */
export async function listPosts({ upstreamUrl }: Setting, from: number): Promise<number[]> {
  return (await post(`${upstreamUrl}/posts?from=${from}`, {})) as number[];
}

/** How many reads the upstream has answered. */
export async function countReads({ upstreamUrl }: Setting): Promise<number> {
  return (await post(`${upstreamUrl}/reads`, {})) as number;
}

/** Reports a task's success, as the upstream does. Resolves when the subject has acknowledged it. */
export async function callBack(url: string, taskId: string): Promise<void> {
  const data = {
    task_id: taskId,
    video_id: '1',
    video_url: `https://files.example.com/${taskId}.mp4`,
    image_url: `https://files.example.com/${taskId}.jpg`,
  };
  const body = { code: 200, msg: 'success', data };
  for (let attempt = 1; ; attempt += 1) {
    try {
      await post(url, body, '', upstreamAgent);
      return;
    } catch (error) {
      // The upstream sends a callback again that could not be stored.
      if (attempt === 3) throw error;
    }
  }
}
