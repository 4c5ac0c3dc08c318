/**
 * Thousands of listeners in one process, over WebSockets or server-sent events:
 * `listeners.ts <url> <count> <authorization> <ws|sse>`. The first message from the parent has the task ids.
 */

import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { WebSocket } from 'ws';
import { EXTENDED_SUBSCRIPTION } from './graphql.ts';

const [url = '', count = '0', authorization = '', transport] = process.argv.slice(2);
// Undoes the `unref` of end-with-parent.js.
process.channel?.ref();
const [taskIds] = (await once(process, 'message')) as [string[]];
let heard: number[] = [];
let wanted = 0;

function now(): number {
  return performance.timeOrigin + performance.now();
}

function toPayload(index: number) {
  const taskId = taskIds[index % taskIds.length];
  return { query: EXTENDED_SUBSCRIPTION, variables: { taskId } };
}

function hear(text: string): void {
  if (!text.includes('SUCCEEDED')) throw new Error(text);
  heard.push(now());
  if (heard.length === wanted) process.send?.({ heard });
}

const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY });

function openStream(index: number): Promise<void> {
  const headers = {
    'content-type': 'application/json',
    accept: 'text/event-stream',
    ...(authorization && { authorization }),
  };
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/graphql`, { method: 'POST', agent, headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${response.statusCode}`));
      response.setEncoding('utf8').on('data', (text: string) => {
        if (text.includes('event: next')) hear(text);
      });
      resolve();
    });
    asked.on('error', reject).end(JSON.stringify(toPayload(index)));
  });
}

function openSocket(index: number): Promise<void> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
    perMessageDeflate: false,
  });
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () =>
      socket.send(
        JSON.stringify({ type: 'connection_init', payload: { Authorization: authorization } }),
      ),
    );
    socket.on('message', (data) => {
      const text = String(data);
      if (text.startsWith('{"type":"connection_ack"')) {
        socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: toPayload(index) }));
        socket.send('{"type":"ping"}');
      } else if (text.startsWith('{"type":"pong"')) {
        // The server has read the message before it, too.
        resolve();
      } else if (text.includes('"type":"next"')) {
        hear(text);
      } else if (text.includes('"type":"error"')) {
        throw new Error(text);
      }
    });
  });
}

const open = transport === 'sse' ? openStream : openSocket;
for (let from = 0; from < Number(count); from += 100) {
  const wave = Math.min(100, Number(count) - from);
  await Promise.all(Array.from({ length: wave }, (_, index) => open(from + index)));
}
// Servers do not acknowledge a subscription. They have read all of them, and may still be starting the last.
setTimeout(() => process.send?.('listening'), 500);

process.on('message', (message: { wanted: number }) => {
  heard = [];
  wanted = message.wanted;
  process.send?.('armed');
});
process.on('disconnect', () => process.exit(0));
