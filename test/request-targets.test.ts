/** Absolute-form request targets, which every server has to accept (RFC 9112, 3.2.2). */

import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { ReadVideoDocument } from './generated/graphql.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { extend } from './support/operations.ts';
import { startScriptedUpstream } from './support/scripted-upstream.ts';

/** Resolves with the head of the answer, and with as much of the body as came with it. */
async function exchange(url: string, lines: string[], body = ''): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.on('data', (chunk) => {
    answer += String(chunk);
  });
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  while (!/\r\n\r\n[\s\S]/.test(answer) && !/^HTTP\/1.1 101 [\s\S]*\r\n\r\n/.test(answer)) {
    await Promise.race([once(socket, 'data'), once(socket, 'end')]);
    if (socket.readableEnded) break;
  }
  socket.destroy();
  return answer;
}

const UPGRADE = [
  'connection: upgrade',
  'upgrade: websocket',
  'sec-websocket-version: 13',
  'sec-websocket-protocol: graphql-transport-ws',
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
];
const JSON_BODY = '{"query":"{ __typename }"}';
const JSON_HEADERS = ['content-type: application/json', `content-length: ${JSON_BODY.length}`];
const QUERY = '?query=%7B__typename%7D';

/** By the name of the endpoint: the path, the other lines and the body, and what is answered. */
const ENDPOINTS: [string, string, string, string[], string, RegExp][] = [
  ['POST of JSON', 'POST', '/graphql', JSON_HEADERS, JSON_BODY, /^HTTP\/1.1 200 [\s\S]*"Query"/],
  ['GET', 'GET', `/graphql${QUERY}`, [], '', /^HTTP\/1.1 200 [\s\S]*"Query"/],
  [
    'server-sent events',
    'GET',
    `/graphql${QUERY}`,
    ['accept: text/event-stream'],
    '',
    /^HTTP\/1.1 200 [\s\S]*text\/event-stream/,
  ],
  ['GraphiQL', 'GET', '/graphql', ['accept: text/html'], '', /^HTTP\/1.1 200 [\s\S]*text\/html/],
  ['the upgrade', 'GET', '/graphql', UPGRADE, '', /^HTTP\/1.1 101 /],
  ['/health', 'GET', '/health', [], '', /^HTTP\/1.1 200 [\s\S]*"ok"/],
  ['/ready', 'GET', '/ready', [], '', /^HTTP\/1.1 200 [\s\S]*"ready"/],
  ['/metrics', 'GET', '/metrics', [], '', /^HTTP\/1.1 200 [\s\S]*longtake_/],
  ['another path', 'GET', '/nothing', [], '', /^HTTP\/1.1 404 /],
];

async function start(env: Record<string, string> = {}) {
  const upstream = await startScriptedUpstream(() => {});
  const gateway = await startGateway(upstream, env);
  return {
    gateway,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await upstream.close();
    },
  };
}

const hostOf = ({ url }: TestGateway) => new URL(url).host;

describe('an absolute-form request target', () => {
  it.each(ENDPOINTS)('MUST be accepted: %s', async (_name, method, path, lines, body, expected) => {
    await using running = await start();
    const { gateway } = running;

    for (const scheme of ['http', 'https', 'HTTP']) {
      const first = `${method} ${scheme}://${hostOf(gateway)}${path} HTTP/1.1`;
      const answer = await exchange(gateway.url, [first, 'host: localhost', ...lines], body);
      expect([scheme, answer]).toEqual([scheme, expect.stringMatching(expected)]);
    }
  });

  it('MUST be accepted for a callback', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId } = await extend(gateway);
    const submit = sandbox.requests.find((request) => request.taskId === taskId);
    const callBackUrl = /http[^"]+\/callbacks\/[^"]+/.exec(JSON.stringify(submit?.body))?.[0];
    const body = JSON.stringify({ code: 500, msg: 'server error' });

    const answer = await exchange(
      gateway.url,
      [
        `POST ${callBackUrl} HTTP/1.1`,
        `host: ${hostOf(gateway)}`,
        'content-type: application/json',
        `content-length: ${body.length}`,
      ],
      body,
    );

    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    const { data } = await gateway.graphql(ReadVideoDocument, { taskId });
    expect(data.video?.state).toBe('FAILED');
  });

  it.each([
    ['', 404],
    [QUERY, 404],
    [`/graphql${QUERY}#fragment`, 200],
  ])('may end after the authority, or with a fragment: %s', async (rest, status) => {
    await using running = await start();
    const { gateway } = running;
    const first = `GET http://${hostOf(gateway)}${rest} HTTP/1.1`;

    expect(await exchange(gateway.url, [first, 'host: localhost'])).toMatch(
      new RegExp(`^HTTP/1.1 ${status} `),
    );
  });

  it('MUST replace the Host header: the name of another server is refused without authentication', async () => {
    await using running = await start();
    const { url } = running.gateway;
    const own = `host: ${hostOf(running.gateway)}`;
    const foreign = `GET http://evil.example.net/graphql${QUERY} HTTP/1.1`;
    const strange = [
      `GET http://${hostOf(running.gateway)}/graphql${QUERY} HTTP/1.1`,
      'host: evil',
    ];

    expect(await exchange(url, [foreign, own])).toMatch(/^HTTP\/1.1 403 /);
    expect(await exchange(url, [foreign, own, ...UPGRADE])).toMatch(/^HTTP\/1.1 403 /);
    expect(await exchange(url, strange)).toMatch(/^HTTP\/1.1 200 /);
    expect(await exchange(url, [...strange, ...UPGRADE])).toMatch(/^HTTP\/1.1 101 /);
  });

  it('counts as the own origin of a page, for an upgrade', async () => {
    await using running = await start({ AUTH_API_KEYS: `web:${'0'.repeat(64)}` });
    const first = 'GET https://name.example.com/graphql HTTP/1.1';
    const lines = [first, 'host: gateways', ...UPGRADE];

    const own = await exchange(running.gateway.url, [...lines, 'origin: https://name.example.com']);
    const other = await exchange(running.gateway.url, [...lines, 'origin: https://gateways']);

    expect(own).toMatch(/^HTTP\/1.1 101 /);
    expect(other).toMatch(/^HTTP\/1.1 403 /);
  });

  it.each(['http://user:password@localhost', 'http://', 'http://a b', 'ftp://localhost'])(
    'is refused with an invalid authority: %s',
    async (base) => {
      await using running = await start();

      const first = `GET ${base}/graphql${QUERY} HTTP/1.1`;

      expect(await exchange(running.gateway.url, [first, 'host: localhost'])).toMatch(
        /^HTTP\/1.1 40[034] /,
      );
    },
  );
});
