/** A stand-in for the REST API, as cheap as possible, in a process of its own. */

import { createServer, type ServerResponse } from 'node:http';

const callbacks = new Map<string, string>();
let tasks = 0;
let reads = 0;
interface Post {
  readonly taskId: string;
  /** When it arrived, in milliseconds by the monotonic clock that all processes share. */
  readonly at: number;
}
const posts: Post[] = [];
/** The requests that wait for a POST, by its index. */
const waiting = new Map<number, ServerResponse>();

function send(response: ServerResponse, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => {
    const url = new URL(request.url ?? '', 'http://localhost');
    const taskId = url.searchParams.get('taskId') ?? '';
    if (url.pathname === '/callback-url') return send(response, callbacks.get(taskId) ?? null);
    if (url.pathname === '/callback-urls') {
      return send(
        response,
        JSON.parse(body).map((id: string) => callbacks.get(id)),
      );
    }
    if (url.pathname === '/reads') return send(response, reads);
    if (url.pathname === '/post-count') return send(response, posts.length);
    if (url.pathname === '/posts') {
      const from = Number(url.searchParams.get('from'));
      return send(
        response,
        posts.slice(from).map(({ at }) => at),
      );
    }
    if (url.pathname === '/post') {
      const index = Number(url.searchParams.get('index'));
      const post = posts[index];
      return post ? send(response, post) : waiting.set(index, response);
    }
    if (request.method === 'POST') {
      const at = Number(process.hrtime.bigint()) / 1e6;
      tasks += 1;
      // Longer than the ids of stored histories: an id that another video has would not be accepted.
      const made = `task-${String(tasks).padStart(8, '0')}`;
      callbacks.set(made, JSON.parse(body).callBackUrl);
      const post = { taskId: made, at };
      const waiter = waiting.get(posts.push(post) - 1);
      if (waiter) send(waiter, post);
      return send(response, { code: 200, msg: 'success', data: { taskId: made } });
    }
    reads += 1;
    // The name says whether a task is open, because the peers store nothing.
    const isOpen = taskId.startsWith('task-');
    const videoInfo = isOpen
      ? null
      : {
          taskId,
          videoId: '1',
          videoUrl: 'https://files.example.com/1.mp4',
          imageUrl: 'https://files.example.com/1.jpg',
        };
    return send(response, {
      code: 200,
      msg: 'success',
      data: { taskId, state: isOpen ? 'generating' : 'success', videoInfo },
    });
  });
}).listen(Number(process.env.PORT), '127.0.0.1');
