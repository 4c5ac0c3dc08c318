import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { ReadVideosDocument } from './generated/graphql.ts';
import { makeFolder } from './support/folder.ts';
import { startGateway } from './support/gateway.ts';

const NGINX = '/usr/sbin/nginx';
const EXAMPLE = new URL('../examples/compose/nginx.conf', import.meta.url);

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** The example's nginx.conf in front of two gateways. */
async function startNginx(folder: string, gateways: readonly [string, string]) {
  const port = await findFreePort();
  const logs = { access: join(folder, 'access.log'), error: join(folder, 'error.log') };
  const config = (await readFile(EXAMPLE, 'utf8'))
    .replace('gateway-a:4000', new URL(gateways[0]).host)
    .replace('gateway-b:4000', new URL(gateways[1]).host)
    .replace('listen 4000', `listen 127.0.0.1:${port}`)
    .replace('/dev/stdout', logs.access);
  await writeFile(join(folder, 'nginx.conf'), config);
  const args = ['-p', folder, '-c', 'nginx.conf', '-e', logs.error, '-g', 'pid nginx.pid;'];
  const check = spawnSync(NGINX, [...args, '-t'], { encoding: 'utf8' });
  if (check.status !== 0) throw new Error(check.stderr);
  const child = spawn(NGINX, [...args.slice(0, -1), 'pid nginx.pid; daemon off;'], {
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  while (!(await fetch(`${url}/health`).catch(() => null)));
  return {
    url,
    async stop() {
      child.kill('SIGQUIT');
      await ended;
      const read = (path: string) => readFile(path, 'utf8');
      return { access: await read(logs.access), error: await read(logs.error) };
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

describe.skipIf(!existsSync(NGINX))('examples/compose/nginx.conf', () => {
  it('writes no token of a callback into its logs, not even while the gateways are away', async () => {
    await using folder = await makeFolder();
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const away = `http://127.0.0.1:${await findFreePort()}`;
    await using nginx = await startNginx(folder.path, [gateway.url, away]);
    const token = randomBytes(32).toString('base64url');
    const path = `callbacks/01a2055f-f498-7471-83cc-4ce0322760a3/${token}`;
    /** `fetch` would normalise the path. */
    async function post(prefix: string): Promise<number | undefined> {
      const { port } = new URL(nginx.url);
      const sent = request({ host: '127.0.0.1', port, method: 'POST', path: prefix + path });
      sent.end('{}');
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      answer.resume();
      return answer.statusCode;
    }

    expect(await post('/')).toBe(404);
    await gateway.stop();
    for (const prefix of ['/', '//', '/./', '/x/../', '/%2e/']) {
      expect(await post(prefix)).toBe(502);
    }
    expect((await fetch(`${nginx.url}/graphql?query={__typename}`)).status).toBe(502);
    const { access, error } = await nginx.stop();

    expect(access).toContain('POST /callbacks/...');
    expect(error).toContain('/graphql');
    expect(access + error).not.toContain(token);
    expect(access + error).not.toContain('01a2055f');
  });

  it('passes queries and WebSockets', async () => {
    await using folder = await makeFolder();
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, {
      AUTH: 'none',
      PUBLIC_URL: 'http://x.test',
    });
    await using nginx = await startNginx(folder.path, [gateway.url, gateway.url]);

    const answer = await fetch(`${nginx.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: ReadVideosDocument.toString() }),
    });
    const socket = new WebSocket(`${nginx.url.replace('http', 'ws')}/graphql`, [
      'graphql-transport-ws',
    ]);
    await once(socket, 'open');

    expect(await answer.json()).toMatchObject({ data: { videos: { edges: [] } } });
    expect(socket.protocol).toBe('graphql-transport-ws');
    socket.close();
    await once(socket, 'close');
  });
});
