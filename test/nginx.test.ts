/** The gateway behind Debian's nginx. */

import { once } from 'node:events';
import { type IncomingMessage, request as sendRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { OnExtendedDocument, OnUpdatedDocument } from './generated/graphql.ts';
import { startGateway } from './support/gateway.ts';
import { HAS_NGINX, startNginx } from './support/nginx.ts';
import { extend } from './support/operations.ts';
import { createQueue } from './support/queue.ts';

const PUBLIC_URL = 'https://gateway.example.com';
const UPGRADES =
  'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;';

interface Answer {
  readonly response: IncomingMessage;
  /** The next piece of the body, as soon as it is there; undefined at its end. */
  next(): Promise<string | undefined>;
}

/** Sends an operation through nginx, and resolves when the answer begins. */
async function send(
  { socketPath }: { readonly socketPath: string },
  method: 'GET' | 'POST',
  operation: { readonly query: string; readonly variables?: object },
  accept: string,
): Promise<Answer> {
  const { query, variables = {} } = operation;
  const parameters = new URLSearchParams({ query, variables: JSON.stringify(variables) });
  const sent = sendRequest({
    socketPath,
    method,
    path: method === 'GET' ? `/graphql?${parameters}` : '/graphql',
    headers: { accept, 'content-type': 'application/json' },
  });
  sent.end(method === 'POST' ? JSON.stringify({ query, variables }) : '');
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const pieces = createQueue<string>();
  response.on('data', (chunk) => pieces.push(String(chunk)));
  response.on('end', () => pieces.end());
  // It is left by the tests.
  response.on('error', () => pieces.end());
  return { response, next: pieces.next };
}

/** Resolves when the pieces hold the text; throws where they end before. */
async function untilHeard({ next }: Answer, text: string): Promise<void> {
  let heard = '';
  while (!heard.includes(text)) {
    const piece = await next();
    if (piece === undefined) throw new Error(`The answer ended after: ${heard}`);
    heard += piece;
  }
}

describe.skipIf(!HAS_NGINX)('behind nginx with its default settings', () => {
  it.each(['POST', 'GET'] as const)(
    'an event stream by %s arrives event by event, although nginx buffers answers',
    async (method) => {
      await using sandbox = await startSandbox({ autoplay: false });
      await using gateway = await startGateway(sandbox);
      await using nginx = await startNginx(gateway);
      const { taskId } = await extend(gateway);

      const updates = { query: OnUpdatedDocument.toString(), variables: { taskId } };
      const stream = await send(nginx, method, updates, 'text/event-stream');
      const log = { query: OnExtendedDocument.toString(), variables: {} };
      const endless = await send(nginx, method, log, 'text/event-stream, application/json');

      expect(stream.response.headers['content-type']).toMatch(/^text\/event-stream/);
      await untilHeard(stream, 'event: next');
      await sandbox.complete(taskId);
      await untilHeard(stream, 'event: complete');
      // This one has no end that could flush a buffer.
      await untilHeard(endless, taskId);
      endless.response.destroy();
    },
  );

  it('queries get the same answers as without it', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    await using nginx = await startNginx(gateway);

    for (const method of ['POST', 'GET'] as const) {
      const answer = await send(nginx, method, { query: '{ __typename }' }, 'application/json');
      expect(answer.response.statusCode).toBe(200);
      expect(await answer.next()).toBe('{"data":{"__typename":"Query"}}');
    }
  });
});

describe.skipIf(!HAS_NGINX)('behind nginx that passes upgrades and rewrites the Host', () => {
  it('a page of PUBLIC_URL’s origin may open a WebSocket, and a foreign page may not', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    const env = { PUBLIC_URL, AUTH_API_KEYS: `web:${'0'.repeat(64)}` };
    await using gateway = await startGateway(sandbox, env);
    await using nginx = await startNginx(gateway, UPGRADES);

    async function knock(origin: string): Promise<number> {
      const url = `ws+unix:${nginx.socketPath}:/graphql`;
      const socket = new WebSocket(url, 'graphql-transport-ws', { origin });
      const { promise, resolve } = Promise.withResolvers<number>();
      socket.on('open', () => resolve(101));
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
      const status = await promise;
      socket.on('error', () => 'it ends before it was open').terminate();
      return status;
    }

    expect(await knock(PUBLIC_URL)).toBe(101);
    expect(await knock('https://evil.example.net')).toBe(403);
  });
});
