import { request as sendRequest } from 'node:http';
import { json } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { startGateway } from '../support/gateway.ts';
import { HAS_NGINX, startNginx } from '../support/nginx.ts';
import { extend } from '../support/operations.ts';
import { readBlocks } from './support/blocks.ts';

const blocks = readBlocks().filter(({ language }) => language === 'nginx');

/** Where the page says that its gateway listens. */
const GATEWAY = 'http://127.0.0.1:4000';
const PUBLIC_URL = 'https://example.com/api/video';

describe.skipIf(!HAS_NGINX)('the nginx settings of the pages', () => {
  it.each(blocks)(
    'at $at serve queries, WebSockets and callbacks below a path',
    async ({ text }) => {
      await using sandbox = await startSandbox({ autoplay: false });
      // With a path, even "/", nginx removes the prefix.
      const isRemoved = text.includes(`proxy_pass ${GATEWAY}/;`);
      const path = isRemoved ? {} : { BASE_PATH: '/api/video' };
      await using gateway = await startGateway(sandbox, { PUBLIC_URL, AUTH: 'none', ...path });
      expect(text).toContain(GATEWAY);
      await using nginx = await startNginx(
        { url: sandbox.url },
        '',
        text.replace(GATEWAY, new URL(gateway.url).origin),
      );
      const { taskId } = await extend(gateway);

      const answer = await post(nginx, '/api/video/graphql', { query: '{ __typename }' });
      const protocol = await openSocket(nginx, '/api/video/graphql');
      const callback = await post(nginx, '/api/video/callbacks/x', {});

      expect(answer).toEqual({ data: { __typename: 'Query' } });
      expect(protocol).toBe('graphql-transport-ws');
      expect(callback).toMatchObject({ msg: expect.stringContaining('no such callback URL') });
      expect(sandbox.tasks.get(taskId)?.callBackUrl).toMatch(`${PUBLIC_URL}/callbacks/`);
    },
  );
});

async function post(
  { socketPath }: { readonly socketPath: string },
  path: string,
  body: object,
): Promise<unknown> {
  const headers = { 'content-type': 'application/json', host: 'example.com' };
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  sendRequest({ socketPath, method: 'POST', path, headers }, (response) => resolve(json(response)))
    .on('error', reject)
    .end(JSON.stringify(body));
  return promise;
}

/** Resolves with the subprotocol once the socket is open. */
async function openSocket(
  { socketPath }: { readonly socketPath: string },
  path: string,
): Promise<string> {
  const socket = new WebSocket(`ws+unix:${socketPath}:${path}`, 'graphql-transport-ws', {
    headers: { host: 'example.com', origin: 'https://example.com' },
  });
  await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
  const { protocol } = socket;
  socket.terminate();
  return protocol;
}
