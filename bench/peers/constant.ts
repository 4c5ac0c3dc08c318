/** The floor: node:http answering the same bytes to everybody. */

import { createServer } from 'node:http';

const body = JSON.stringify({
  data: {
    video: {
      id: '01a20642-d8e9-7000-ba8d-d52231f0bc76',
      taskId: 'task-000001',
      state: 'SUCCEEDED',
      prompt: 'The cat goes on dancing',
      quality: 'P720',
      videoUrl: 'https://files.example.com/task-000001.mp4',
      coverUrl: 'https://files.example.com/task-000001.jpg',
      createdAt: '2026-01-01T00:00:00.000Z',
      finishedAt: '2026-01-01T00:00:01.000Z',
      expired: false,
    },
  },
});

createServer((request, response) => {
  request.on('data', () => {});
  request.on('end', () => {
    const length = Buffer.byteLength(body);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': length });
    response.end(body);
  });
}).listen(Number(process.env.PORT), '127.0.0.1');
