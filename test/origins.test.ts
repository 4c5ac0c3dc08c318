/** Which pages and apps of other origins may use the gateway, over HTTP and by WebSocket. */

import { type IncomingMessage, request as sendRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { readConfig } from '../src/config.ts';
import { startGateway } from './support/gateway.ts';
import { startScriptedUpstream } from './support/scripted-upstream.ts';

const APP = 'https://app.example.com';
const PUBLIC = 'https://gateway.example.com';
const STRANGER = 'https://evil.example.net';
const APP_ORIGINS = [
  'capacitor://localhost',
  'ionic://localhost',
  'tauri://localhost',
  'chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai',
  'moz-extension://2c127fa4-62c7-7e4f-90e5-472b45eecfdc',
  'safari-web-extension://9B2F7F6E-7C1D-4D2B-8E55-0A7C1B6D9F00',
];

/** A gateway in front of an upstream that nothing here may reach. */
async function start(env: Record<string, string> = {}) {
  const upstream = await startScriptedUpstream(() => {});
  const gateway = await startGateway(upstream, env);
  return {
    url: gateway.url,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await upstream.close();
    },
  };
}

type Headers = Record<string, string>;

/** By node:http, because fetch does not let the Host be chosen. It is left once it has begun. */
async function ask(
  url: string,
  headers: Headers,
  { method = 'POST', accept = 'application/json' } = {},
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const query = method === 'GET' ? '?query={__typename}' : '';
  const sent = sendRequest(`${url}/graphql${query}`, {
    method,
    headers: { accept, 'content-type': 'application/json', ...headers },
  });
  sent.on('response', resolve).on('error', reject);
  sent.end(method === 'POST' ? '{"query":"{ __typename }"}' : '');
  const response = await promise;
  response.resume();
  return response;
}

/** 101 where the WebSocket was opened, else the status of the refusal. */
async function knock(url: string, origin: string, headers: Headers = {}): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const target = `${url.replace(/^http/, 'ws')}/graphql`;
  const socket = new WebSocket(target, 'graphql-transport-ws', { origin, headers });
  socket.on('open', () => resolve(101));
  socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
  socket.on('error', reject);
  const status = await promise;
  socket.on('error', () => 'it ends before it was open').terminate();
  return status;
}

describe('an app whose origin is listed', () => {
  it.each(APP_ORIGINS)('may read every answer and open a WebSocket: %s', async (origin) => {
    await using running = await start({ CORS_ORIGINS: `${APP},${origin}` });

    const answers = [
      await ask(running.url, { origin }),
      await ask(running.url, { origin }, { method: 'GET' }),
      await ask(running.url, { origin }, { accept: 'text/event-stream' }),
      await ask(running.url, { origin }, { method: 'OPTIONS' }),
    ];

    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 204]);
    for (const { headers } of answers) expect(headers['access-control-allow-origin']).toBe(origin);
    expect(await knock(running.url, origin)).toBe(101);
  });

  it.each([
    'capacitor://LOCALHOST',
    'CAPACITOR://localhost',
    'ionic://localhost',
    'capacitor://localhost.evil.example.net',
    'capacitor://localhost/',
    'capacitor://',
    'http://localhost',
    'null',
    'file://',
  ])('is matched exactly, so this one is refused: %s', async (origin) => {
    await using running = await start({ CORS_ORIGINS: 'capacitor://localhost' });

    const { headers } = await ask(running.url, { origin });

    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(await knock(running.url, origin)).toBe(403);
  });
});

describe('CORS_ORIGINS', () => {
  const faultOf = (CORS_ORIGINS: string) => {
    try {
      readConfig({ APIKLEY_API_KEY: 'key', CORS_ORIGINS });
      return '';
    } catch (error) {
      return String(error);
    }
  };

  it.each([APP, 'http://localhost:5173', 'http://[::1]:5173', ...APP_ORIGINS])(
    'accepts an origin as browsers send it: %s',
    (origin) => {
      expect(faultOf(origin)).toBe('');
    },
  );

  it.each([
    '*',
    'null',
    'app.example.com',
    'localhost:5173',
    `${APP}/`,
    `${APP}/page`,
    `${APP}:443`,
    'https://APP.example.com',
    'HTTPS://app.example.com',
    'capacitor://localhost/',
    'capacitor://',
    'capacitor:localhost',
    'chrome-extension://*',
    'https://user@app.example.com',
    'wss://app.example.com',
    'file:///index.html',
  ])('refuses what no browser sends: %s', (origin) => {
    expect(faultOf(`${APP},${origin}`)).toContain('CORS_ORIGINS: ');
  });
});

describe('a preflight', () => {
  const ASKED =
    'traceparent, baggage, sentry-trace, apollographql-client-name, x-apollo-operation-name';

  it('of a listed origin allows the header names that the browser asks for', async () => {
    await using running = await start({ CORS_ORIGINS: APP });
    const headers = { origin: APP, 'access-control-request-headers': ASKED };

    const answer = await ask(running.url, headers, { method: 'OPTIONS' });

    expect(answer.statusCode).toBe(204);
    expect(answer.headers['access-control-allow-headers']).toBe(ASKED);
    expect(answer.headers.vary).toBe('origin, access-control-request-headers');
  });

  it.each(['', 'a b', 'x(y)', 'x;y', ', ,', '*"'])(
    'without a list of names allows the headers that the gateway reads: %j',
    async (asked) => {
      await using running = await start({ CORS_ORIGINS: APP });
      const headers = { origin: APP, 'access-control-request-headers': asked };

      const answer = await ask(running.url, headers, { method: 'OPTIONS' });

      expect(answer.headers['access-control-allow-headers']).toBe(
        'authorization, content-type, x-request-id',
      );
    },
  );

  it('of a foreign origin allows nothing', async () => {
    await using running = await start({ CORS_ORIGINS: APP });
    const headers = { origin: STRANGER, 'access-control-request-headers': ASKED };

    const answer = await ask(running.url, headers, { method: 'OPTIONS' });

    const said = Object.keys(answer.headers).filter((name) => name.startsWith('access-control'));
    expect(said).toEqual([]);
  });
});

describe('a page of the gateway’s own origin, behind a proxy', () => {
  const AUTH_ENV = { AUTH_API_KEYS: `web:${'0'.repeat(64)}` };

  it.each([
    ['https://name.example.com', 'name.example.com'],
    ['https://name.example.com', 'name.example.com:443'],
    ['http://name.example.com', 'name.example.com:80'],
    ['https://name.example.com', 'NAME.Example.com'],
    ['https://name.example.com:8443', 'Name.example.com:8443'],
    ['http://[::1]:4000', '[0:0::1]:4000'],
  ])('may open a WebSocket: %s at Host %s', async (origin, host) => {
    await using running = await start(AUTH_ENV);

    expect(await knock(running.url, origin, { host })).toBe(101);
  });

  it.each([
    [STRANGER, 'name.example.com'],
    ['https://name.example.com', 'name.example.com:8443'],
    ['https://name.example.com:443', 'name.example.com:80'],
    ['capacitor://name.example.com', 'name.example.com'],
    ['null', 'null'],
    ['http://undefined', 'name.example.com'],
  ])('is not confused with another origin: %s at Host %s', async (origin, host) => {
    await using running = await start(AUTH_ENV);

    expect(await knock(running.url, origin, { host })).toBe(403);
  });

  it.each(['gateways', '10.0.0.7:4000', '127.0.0.1:4000'])(
    'is recognised by PUBLIC_URL if the proxy has rewritten the Host to %s',
    async (host) => {
      const env = { PUBLIC_URL: `${PUBLIC}/base`, AUTH: 'none' };
      await using running = await start(env);
      await using guarded = await start({ ...AUTH_ENV, ...env, AUTH: '' });

      const answer = await ask(running.url, { host, origin: PUBLIC });

      expect(answer.statusCode).toBe(200);
      expect(await knock(running.url, PUBLIC, { host })).toBe(101);
      expect(await knock(guarded.url, PUBLIC, { host })).toBe(101);
      expect(await knock(guarded.url, STRANGER, { host })).toBe(403);
    },
  );

  it('is not recognised by a foreign Host (DNS rebinding), whatever PUBLIC_URL is', async () => {
    await using running = await start({ PUBLIC_URL: PUBLIC, AUTH: 'none' });
    const headers = { host: 'evil.example.net', origin: STRANGER };

    expect((await ask(running.url, headers)).statusCode).toBe(403);
    expect(await knock(running.url, STRANGER, { host: 'evil.example.net' })).toBe(403);
  });

  it('an upgrade with a malformed Host is refused with 400', async () => {
    await using running = await start(AUTH_ENV);

    expect(await knock(running.url, 'https://a@b', { host: 'a@b' })).toBe(400);
  });
});
