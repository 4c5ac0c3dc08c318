/** WebSocket clients by the thousand, in a process of their own: `listeners.ts <url> <count>`. */

import { WebSocket } from 'ws';
import { EXTENDED_SUBSCRIPTION } from './graphql.ts';

const [url = '', count = '0', authorization = '', tasks = '[]'] = process.argv.slice(2);
const taskIds = JSON.parse(tasks) as string[];
let heard: number[] = [];
let wanted = 0;

function now(): number {
  return performance.timeOrigin + performance.now();
}

function open(index: number): Promise<void> {
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
        const variables = { taskId: taskIds[index % taskIds.length] };
        const payload = { query: EXTENDED_SUBSCRIPTION, variables };
        socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload }));
        resolve();
      } else if (text.includes('"type":"next"')) {
        if (!text.includes('SUCCEEDED')) throw new Error(text);
        heard.push(now());
        if (heard.length === wanted) process.send?.({ heard });
      } else if (text.includes('"type":"error"')) {
        throw new Error(text);
      }
    });
  });
}

for (let from = 0; from < Number(count); from += 100) {
  const wave = Math.min(100, Number(count) - from);
  await Promise.all(Array.from({ length: wave }, (_, index) => open(from + index)));
}
// A subscription is not acknowledged by the protocol: give the last ones a moment.
setTimeout(() => process.send?.('listening'), 1_500);

process.on('message', (message: { wanted: number }) => {
  heard = [];
  wanted = message.wanted;
  process.send?.('armed');
});
process.on('disconnect', () => process.exit(0));
