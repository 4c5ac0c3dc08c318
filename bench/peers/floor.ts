/**
 * The minimum cost of the promises: constant answers without checks or reads, but with a durable write
 * wherever the gateway commits. No server that keeps the promises can be faster on this machine.
 */

import { fdatasync, openSync, rmSync, writeSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Callback, sendExtend } from './upstream-calls.ts';

const PAGE = Buffer.alloc(4_096, 1);
const PAGES = 1_000;

const path = join(tmpdir(), `longtake-floor-${process.pid}`);
process.on('SIGTERM', () => {
  rmSync(path);
  process.exit();
});
const file = openSync(path, 'w');
// Of a size that does not change, which is the cheapest to sync: SQLite's log is such a file, too.
for (let page = 0; page < PAGES; page += 1) writeSync(file, PAGE);
let pages = 0;
let waiting: (() => void)[] = [];
let isSyncing = false;

/** Resolves when it is on disk; what comes during a sync shares the next one. */
function write(): Promise<void> {
  writeSync(file, PAGE, 0, PAGE.length, (pages++ % PAGES) * PAGE.length);
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (!isSyncing) sync();
  });
}

function sync(): void {
  const written = waiting;
  waiting = [];
  isSyncing = true;
  fdatasync(file, (error) => {
    if (error) throw error;
    isSyncing = false;
    for (const resolve of written) resolve();
    if (waiting.length > 0 && !isSyncing) sync();
  });
}

const listeners = new Map<string, Set<(event: string) => void>>();

function listen(taskId: string, send: (event: string) => void): () => void {
  const known = listeners.get(taskId) ?? new Set();
  listeners.set(taskId, known.add(send));
  return () => known.delete(send);
}

async function extend(response: ServerResponse): Promise<void> {
  await write();
  const taskId = await sendExtend({ taskId: 'done-1', prompt: 'The cat goes on dancing' });
  await write();
  response.setHeader('content-type', 'application/json');
  response.end(`{"data":{"extendVideo":{"video":{"taskId":"${taskId}"}}}}`);
}

async function complete({ data }: Callback, response: ServerResponse): Promise<void> {
  await write();
  const event = `{"data":{"videoExtended":{"cursor":"1","video":{"id":"${data.task_id}","taskId":"${data.task_id}","state":"SUCCEEDED","videoUrl":"${data.video_url}","coverUrl":"${data.image_url}"}}}}`;
  for (const send of listeners.get(data.task_id) ?? []) send(event);
  response.end('{"code":200,"msg":"success"}');
}

const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => {
    if (request.url?.startsWith('/callbacks/')) return complete(JSON.parse(body), response);
    if (request.headers.accept !== 'text/event-stream') return extend(response);
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    const leave = listen(JSON.parse(body).variables.taskId, (event) => {
      response.write(`event: next\ndata: ${event}\n\n`);
    });
    response.on('close', leave);
  });
});

new WebSocketServer({ server, path: '/graphql' }).on('connection', (socket: WebSocket) => {
  socket.on('message', (data) => {
    const { type, payload } = JSON.parse(String(data));
    if (type === 'connection_init') return socket.send('{"type":"connection_ack"}');
    if (type === 'ping') return socket.send('{"type":"pong"}');
    const leave = listen(payload.variables.taskId, (event) => {
      socket.send(`{"type":"next","id":"1","payload":${event}}`);
    });
    socket.on('close', leave);
  });
});
server.listen(Number(process.env.PORT), '127.0.0.1');
