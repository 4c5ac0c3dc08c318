import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { UpstreamUnreachableError } from '../../src/errors.ts';
import { AnswerLostError } from '../../src/upstream/answer-lost.ts';
import { sendExtend } from '../../src/upstream/extend.ts';
import { findProxy } from '../../src/upstream/outbound-proxy.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { makeFolder } from '../support/folder.ts';
import {
  answerJson,
  type Script,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startTlsFront, type TlsFront } from '../support/tls-front.ts';
import { API_KEY, EXTEND, failureOf, startClient } from './support.ts';

/** A name that only the proxy can resolve. */
const HOST = 'upstream.invalid';
const accept: Script = (_request, response) =>
  answerJson(response, { code: 200, msg: 'success', data: { taskId: 'task-1' } });

describe('the route of a call', () => {
  const PROXIES = { HTTPS_PROXY: 'http://secure.proxy:3128', HTTP_PROXY: 'http://plain.proxy' };
  const route = (url: string, ...NO_PROXY: string[]) =>
    findProxy(url, { ...PROXIES, NO_PROXY })?.host ?? 'directly';

  it.each([
    ['https://api.example.com', 'secure.proxy:3128'],
    ['http://api.example.com', 'plain.proxy'],
    ['http://localhost:4010', 'directly'],
    ['https://127.0.0.1:4010', 'directly'],
    ['http://[::1]:4010', 'directly'],
  ])('to %s is %s', (url, expected) => {
    expect(route(url)).toBe(expected);
  });

  it('is direct without a proxy for its scheme', () => {
    expect(
      findProxy('https://api.example.com', { HTTP_PROXY: 'http://p', NO_PROXY: [] }),
    ).toBeNull();
  });

  it.each([
    ...['*', 'example.com', '.example.com', '*.example.com', 'API.example.com'],
    ...['api.example.com:443', 'other.com', 'example.com:443'],
  ])('to api.example.com is direct with NO_PROXY=%s, which names it', (entry) => {
    const isNamed = entry !== 'other.com';
    expect(route('https://api.example.com', entry)).toBe(
      isNamed ? 'directly' : 'secure.proxy:3128',
    );
  });

  it.each(['ample.com', 'api.example.com:8443', 'example.com.evil', '10.0.0.0/8', ''])(
    'to api.example.com is not direct with NO_PROXY=%j',
    (entry) => {
      expect(route('https://api.example.com', entry)).toBe('secure.proxy:3128');
    },
  );

  it.each([
    ['http://10.1.2.3', '10.0.0.0/8', 'directly'],
    ['http://10.1.2.3', '10.1.2.3', 'directly'],
    ['http://10.1.2.3:81', '10.1.2.3:80', 'plain.proxy'],
    ['http://10.1.2.3', '192.168.0.0/16', 'plain.proxy'],
    ['http://10.1.2.3', '10.0.0.0/99', 'plain.proxy'],
    ['http://110.1.2.3', '10.1.2.3', 'plain.proxy'],
    ['http://[fd00::1]', 'fd00::/8', 'directly'],
    ['http://[fd00::1]:81', '[fd00::1]:81', 'directly'],
  ])('to %s with NO_PROXY=%s is %s', (url, entry, expected) => {
    expect(route(url, entry)).toBe(expected);
  });
});

type OnConnect = (request: IncomingMessage, socket: Socket, tunnel: () => void) => unknown;

/** A proxy that does with a CONNECT what the test says; by default it tunnels to this port. */
async function startProxy(
  port: number,
  onConnect: OnConnect = (_request, _socket, tunnel) => tunnel(),
) {
  const requests: IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    requests.push(request);
    onConnect(request, socket, () => {
      const behind = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        socket.pipe(behind).pipe(socket);
      });
      behind.on('error', () => socket.destroy());
      behind.on('close', () => socket.destroy());
      socket.on('close', () => behind.destroy());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: new URL(`http://user:pass%40word@127.0.0.1:${(server.address() as AddressInfo).port}`),
    requests,
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('a POST through a proxy tunnel', () => {
  let certificates: Certificates;
  let upstream: ScriptedUpstream;
  let front: TlsFront;
  let script: Script;
  const trusted = getCACertificates('default');
  beforeAll(async () => {
    const folder = await makeFolder();
    certificates = await makeCertificates(folder.path, HOST);
    const { readFile } = await import('node:fs/promises');
    setDefaultCACertificates([...trusted, await readFile(certificates.authority, 'utf8')]);
    upstream = await startScriptedUpstream((...args) => script(...args));
    front = await startTlsFront(upstream, certificates);
    await folder[Symbol.asyncDispose]();
  });
  afterAll(async () => {
    setDefaultCACertificates(trusted);
    await front[Symbol.asyncDispose]();
    await upstream.close();
  });

  /** Sends one extend that way; returns the outcome, the number of arrivals, and whether it left. */
  async function send(
    proxy: { readonly url: URL },
    options: { timeoutMs?: number; isTooLate?: () => boolean } = {},
  ) {
    const before = upstream.requests.length;
    const onLeft = vi.fn();
    const { timeoutMs = 20_000, ...leaving } = options;
    await using client = startClient(`https://${HOST}`, { proxy: proxy.url, timeoutMs });
    const outcome = await sendExtend(client, EXTEND, { onLeft, ...leaving }).catch(
      (error: unknown) => error,
    );
    const posts = upstream.requests.length - before;
    return { outcome, posts, hasLeft: onLeft.mock.calls.length === 1 };
  }

  it('arrives once, and the proxy sees neither it nor the key', async () => {
    script = accept;
    await using proxy = await startProxy(front.port);

    const sent = await send(proxy);

    expect(sent).toEqual({ outcome: 'task-1', posts: 1, hasLeft: true });
    const [connected] = proxy.requests;
    expect(connected?.url).toBe(`${HOST}:443`);
    const credentials = Buffer.from('user:pass@word').toString('base64');
    expect(connected?.headers['proxy-authorization']).toBe(`Basic ${credentials}`);
    expect(JSON.stringify(connected?.headers)).not.toContain(API_KEY);
    const { headers } = upstream.requests.at(-1) ?? {};
    expect(headers).toMatchObject({ host: HOST, authorization: `Bearer ${API_KEY}` });
    expect(headers).not.toHaveProperty('proxy-authorization');
  });

  it.each<[string, OnConnect]>([
    ['refuses it', (_q, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')],
    ['asks for credentials', (_q, socket) => socket.end('HTTP/1.1 407 Who?\r\n\r\n')],
    ['does not reach the upstream', (_q, socket) => socket.end('HTTP/1.1 502 Bad\r\n\r\n')],
    ['hangs up', (_q, socket) => socket.destroy()],
    [
      'leads to something that does not speak TLS',
      (_q, socket) => socket.write('HTTP/1.1 200 OK\r\n\r\nSSH-2.0-oops\r\n'),
    ],
    [
      'cuts the tunnel in the handshake',
      (_q, socket) => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.once('data', () => socket.destroy());
      },
    ],
  ])('has not left if the proxy %s', async (_name, onConnect) => {
    script = accept;
    await using proxy = await startProxy(front.port, onConnect);

    const { outcome, posts, hasLeft } = await send(proxy);

    expect(outcome).toBeInstanceOf(UpstreamUnreachableError);
    expect({ posts, hasLeft }).toEqual({ posts: 0, hasLeft: false });
    expect(JSON.stringify((outcome as Error).cause)).not.toContain('pass');
  });

  it('has not left without a reachable proxy', async () => {
    const proxy = await startProxy(front.port);
    await proxy[Symbol.asyncDispose]();

    const { outcome, posts } = await send(proxy);

    expect(outcome).toBeInstanceOf(UpstreamUnreachableError);
    expect(posts).toBe(0);
  });

  it('never leaves if the tunnel opens after the deadline', async () => {
    script = accept;
    const held = Promise.withResolvers<() => void>();
    let connects = 0;
    await using proxy = await startProxy(front.port, (_request, _socket, tunnel) => {
      connects += 1;
      if (connects === 1) held.resolve(tunnel);
      else tunnel();
    });
    const before = upstream.requests.length;
    await using client = startClient(`https://${HOST}`, { proxy: proxy.url, timeoutMs: 2_000 });

    const error = await failureOf(sendExtend(client, EXTEND));
    (await held.promise)();
    // The queue is first in, first out: a later request has not overtaken this one.
    await sendExtend(client, { ...EXTEND, prompt: 'later' });

    expect(error).toBeInstanceOf(UpstreamUnreachableError);
    const prompts = upstream.requests.slice(before).map((request) => request.json());
    expect(prompts).toEqual([expect.objectContaining({ prompt: 'later' })]);
  });

  it.each<[string, Script]>([
    ['the upstream resets it', (_request, _response, socket) => socket.resetAndDestroy()],
    ['the upstream hangs up', (_request, _response, socket) => socket.end()],
    ['the tunnel is cut', () => front.cut()],
  ])('has left if %s', async (_name, answer) => {
    script = answer;
    await using proxy = await startProxy(front.port);

    const { outcome, posts, hasLeft } = await send(proxy);

    expect(outcome).toBeInstanceOf(AnswerLostError);
    expect({ posts, hasLeft }).toEqual({ posts: 1, hasLeft: true });
  });

  it('has left if the proxy disappears before the answer', async () => {
    await using proxy = await startProxy(front.port);
    script = () => proxy.cut();

    const { outcome, posts } = await send(proxy);

    expect(outcome).toBeInstanceOf(AnswerLostError);
    expect(posts).toBe(1);
  });

  it('also skips a 100 Continue', async () => {
    script = (request, response, socket) => {
      socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      return accept(request, response, socket);
    };
    await using proxy = await startProxy(front.port);

    expect(await send(proxy)).toMatchObject({ outcome: 'task-1', posts: 1 });
  });
});

describe('a POST to an http upstream through a proxy', () => {
  async function send(answer: Script) {
    await using proxy = await startScriptedUpstream(answer);
    const url = new URL(proxy.url);
    await using client = startClient(`http://${HOST}/base`, { proxy: url });
    const outcome = await sendExtend(client, EXTEND).catch((error: unknown) => error);
    return { outcome, requests: proxy.requests };
  }

  it('contains the absolute URL', async () => {
    let target = '';
    await using proxy = await startScriptedUpstream((request, response, socket) => {
      target = request.path;
      return accept(request, response, socket);
    });
    await using client = startClient(`http://${HOST}/base`, { proxy: new URL(proxy.url) });

    expect(await sendExtend(client, EXTEND)).toBe('task-1');
    expect(target).toBe('/base/api/v1/runway/extend');
    expect(proxy.requests[0]?.headers.host).toBe(HOST);
  });

  it.each<[string, Script]>([
    ['502', (_q, response) => response.writeHead(502).end('cannot reach it')],
    ['504', (_q, response) => response.writeHead(504).end('no answer from it')],
    ['407', (_q, response) => response.writeHead(407).end('who are you?')],
    ['a reset', (_q, _response, socket) => socket.resetAndDestroy()],
    ['nothing', (_q, _response, socket) => socket.end()],
  ])('may have been forwarded if the proxy answers %s', async (_name, answer) => {
    const { outcome, requests } = await send(answer);

    expect(outcome).toBeInstanceOf(AnswerLostError);
    expect(requests).toHaveLength(1);
  });

  it('has not left without a reachable proxy', async () => {
    const proxy = await startScriptedUpstream(accept);
    await proxy.close();
    await using client = startClient(`http://${HOST}`, { proxy: new URL(proxy.url) });

    expect(await failureOf(sendExtend(client, EXTEND))).toBeInstanceOf(UpstreamUnreachableError);
  });
});
