import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { readConfig } from '../src/config.ts';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { OnExtendedDocument, ReadVideoDocument } from './generated/graphql.ts';
import { BASE_PATH, startGatewayBelowAPath } from './support/below-a-path.ts';
import { makeFolder } from './support/folder.ts';
import { startGateway } from './support/gateway.ts';
import { download, toSha256, untilKept } from './support/keeping.ts';
import { HAS_NGINX } from './support/nginx.ts';
import { extend } from './support/operations.ts';
import { runProgram } from './support/program.ts';
import { openSocket } from './support/socket.ts';
import { openSse } from './support/sse.ts';

const QUERY = '/graphql?query=%7B__typename%7D';

describe.skipIf(!HAS_NGINX)('a gateway below a path of nginx', () => {
  it('delivers by WebSocket and as events what the upstream reports below the path', async () => {
    await using site = await startGatewayBelowAPath();
    const { gateway, sandbox, url } = site;
    await using stack = new AsyncDisposableStack();
    const socket = stack.adopt(await openSocket(url), (it) => it.close());
    const events = stack.adopt(await openSse(url, OnExtendedDocument, {}), (it) => it.close());
    const pushed = socket.subscribe(OnExtendedDocument, {});
    const { taskId } = await extend(gateway);

    // The callback goes through nginx, too.
    await sandbox.complete(taskId);

    expect(sandbox.tasks.get(taskId)?.callBackUrl).toMatch(`${url}/callbacks/`);
    expect(sandbox.callbacks.map(({ status }) => status)).toEqual([200]);
    for (const stream of [pushed, events]) {
      expect((await stream.next())?.data).toMatchObject({
        videoExtended: { video: { taskId, state: 'SUCCEEDED' } },
      });
    }
    const read = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: String(ReadVideoDocument), variables: { taskId } }),
    });
    expect(await read.json()).toMatchObject({ data: { video: { state: 'SUCCEEDED' } } });
  });

  it('serves kept files below the path', async () => {
    await using folder = await makeFolder();
    await using site = await startGatewayBelowAPath({ KEEP_URL: `file:${folder.path}` });
    const { gateway, sandbox, url } = site;
    const { id, taskId } = await extend(gateway);
    await sandbox.complete(taskId);

    const { videoUrl, kept } = await untilKept(gateway, id);

    expect(videoUrl).toMatch(`${url}/files/${id}/`);
    expect(toSha256(await download(videoUrl))).toBe(kept?.sha256);
  });
});

describe('BASE_PATH', () => {
  it('is part of every endpoint, and nothing is served outside of it', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { BASE_PATH: '/api/v1.0/' });
    const { origin } = new URL(gateway.url);
    const toStatus = async (path: string) => (await fetch(origin + path)).status;

    expect(gateway.url).toBe(`${origin}/api/v1.0`);
    for (const path of [QUERY, '/health', '/ready', '/metrics']) {
      expect([path, await toStatus(`/api/v1.0${path}`)]).toEqual([path, 200]);
      for (const other of ['', '/api', '/api/v1x0', '/api/v1.0/api/v1.0', '/x/api/v1.0']) {
        expect([other, path, await toStatus(other + path)]).toEqual([other, path, 404]);
      }
    }
    expect(await toStatus('/api/v1.0')).toBe(404);
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const [, response] = await once(socket, 'unexpected-response');
    expect(response.statusCode).toBe(404);
    socket.on('error', () => 'it never opened').terminate();
  });

  it('is where the doctor looks for the running gateway', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { BASE_PATH });
    const { port } = new URL(gateway.url);

    const { stdout } = await runProgram('doctor/main.ts', {
      APIKLEY_API_KEY: 'sandbox-key',
      UPSTREAM_URL: sandbox.url,
      PORT: port,
      BASE_PATH,
    });

    expect(stdout).toContain(`${gateway.url} is a gateway and accepts callbacks`);
  });

  it.each([
    'api',
    '//api',
    '/api//video',
    '/api/../video',
    '/api/./video',
    '/api?x',
    '/a pi',
    'https://example.com/api',
  ])('is refused as %s', (value) => {
    const read = () => readConfig({ APIKLEY_API_KEY: 'key', BASE_PATH: value });

    expect(read).toThrow('BASE_PATH: must be a path such as /api/video');
  });

  it('has to be the end of PUBLIC_URL', () => {
    const read = (url: string) =>
      readConfig({ APIKLEY_API_KEY: 'key', AUTH: 'none', BASE_PATH, PUBLIC_URL: url });

    expect(() => read('https://example.com')).toThrow('PUBLIC_URL: must end with BASE_PATH');
    expect(read('https://example.com/api/video/').PUBLIC_URL).toBe('https://example.com/api/video');
  });
});
