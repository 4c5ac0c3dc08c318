import { request as sendRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { ExtendDocument } from './generated/graphql.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { INPUT } from './support/operations.ts';
import { startScriptedUpstream } from './support/scripted-upstream.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const APP = 'https://app.example.com';
const STRANGER = 'https://evil.example.net';

/** A gateway in front of an upstream that nothing here may reach. */
async function start(env: Record<string, string> = {}) {
  const upstream = await startScriptedUpstream(() => {});
  const gateway = await startGateway(upstream, env);
  return {
    gateway,
    upstream,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await upstream.close();
    },
  };
}

function post(gateway: TestGateway, body: string, headers: Record<string, string> = JSON_TYPE) {
  return fetch(`${gateway.url}/graphql`, { method: 'POST', headers, body });
}

function get(gateway: TestGateway, parameters: Record<string, string>) {
  return fetch(`${gateway.url}/graphql?${new URLSearchParams(parameters)}`);
}

const TYPENAME = JSON.stringify({ query: '{ __typename }' });

describe('the endpoints other than GraphQL', () => {
  it('/health and /ready answer 200', async () => {
    await using running = await start();

    for (const [path, status] of [
      ['/health', 'ok'],
      ['/ready', 'ready'],
    ]) {
      const response = await fetch(running.gateway.url + path);
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ status });
    }
  });

  it.each([
    '/',
    '/graphql/',
    '/graphqlx',
    '/GRAPHQL',
    '/healthy',
    '/yoga-health-is-not-served',
    '/callbacks',
    '/..%2f',
  ])('%s is not found', async (path) => {
    await using running = await start();

    const response = await fetch(running.gateway.url + path);

    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toContain('application/json');
  });

  it('give each answer an id: the client’s own if it is well-formed', async () => {
    await using running = await start();
    const url = `${running.gateway.url}/health`;

    const own = await fetch(url, { headers: { 'x-request-id': 'abc-1.2:3' } });
    const harmful = await fetch(url, { headers: { 'x-request-id': '<script>' } });
    const long = await fetch(url, { headers: { 'x-request-id': 'a'.repeat(65) } });
    const none = await fetch(url);

    expect(own.headers.get('x-request-id')).toBe('abc-1.2:3');
    const made = [harmful, long, none].map(({ headers }) => headers.get('x-request-id'));
    for (const id of made) expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(new Set(made).size).toBe(3);
  });
});

describe('a POST that is not JSON', () => {
  const FORM = 'application/x-www-form-urlencoded';
  const BODIES: [string, string | undefined, string][] = [
    ['a form', FORM, 'query=%7B__typename%7D'],
    ['a text', 'text/plain', TYPENAME],
    ['a bare document', 'application/graphql', '{ __typename }'],
    [
      'a multipart form',
      'multipart/form-data; boundary=x',
      `--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n${TYPENAME}\r\n--x--\r\n`,
    ],
    ['a text that mentions JSON', 'text/plain; application/json', TYPENAME],
    ['a body without a type', '', TYPENAME],
  ];

  it.each(BODIES)('is refused with 415: %s', async (_name, type, body) => {
    await using running = await start();

    const response = await post(running.gateway, body, { 'content-type': type ?? '' });

    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({ errors: [{ message: expect.any(String) }] });
  });

  it('is refused before its mutation is executed', async () => {
    await using running = await start();
    const body = JSON.stringify({ query: ExtendDocument.toString(), variables: { input: INPUT } });

    const response = await post(running.gateway, body, { 'content-type': 'text/plain' });

    expect(response.status).toBe(415);
    expect(running.upstream.requests).toEqual([]);
  });
});

describe('a POST of JSON', () => {
  it.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON'])(
    'is accepted as %s',
    async (type) => {
      await using running = await start();

      const response = await post(running.gateway, TYPENAME, { 'content-type': type });

      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
    },
  );

  it('is refused with 413 above 256 KiB, and accepted at 256 KiB', async () => {
    await using running = await start();
    const sized = (bytes: number) => TYPENAME.padEnd(bytes, ' ');

    const allowed = await post(running.gateway, sized(256 * 1024));
    const refused = await post(running.gateway, sized(256 * 1024 + 1));

    expect(await allowed.json()).toEqual({ data: { __typename: 'Query' } });
    expect(refused.status).toBe(413);
    expect(refused.headers.get('connection')).toBe('close');
    expect(await refused.json()).toMatchObject({ errors: [{ message: expect.any(String) }] });
  });

  it.each(['[]', `[${TYPENAME}]`, `[${TYPENAME},${TYPENAME}]`])('is no batch: %s', async (body) => {
    await using running = await start();

    const response = await post(running.gateway, body);

    expect(response.status).toBe(400);
    const answer = (await response.json()) as { data?: unknown };
    expect(answer).toMatchObject({ errors: [{ message: expect.any(String) }] });
    expect(answer.data).toBeUndefined();
  });

  it.each(['', '{', 'null', '7', '"{ __typename }"', '{"query":7}'])(
    'is refused with 400 if it is not a GraphQL request: %s',
    async (body) => {
      await using running = await start();

      const response = await post(running.gateway, body);

      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ errors: [{ message: expect.any(String) }] });
    },
  );
});

describe('a GET', () => {
  it('may execute a query with variables', async () => {
    await using running = await start();

    const response = await get(running.gateway, {
      query: 'query ($first: Int) { videos(first: $first) { edges { cursor } } }',
      variables: JSON.stringify({ first: 1 }),
    });

    expect(response.status).toBe(200);
    // Nothing in between may keep it for another reader.
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({ data: { videos: { edges: [] } } });
  });

  it('may not execute a mutation', async () => {
    await using running = await start();

    const response = await get(running.gateway, {
      query: ExtendDocument.toString(),
      variables: JSON.stringify({ input: INPUT }),
    });

    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toContain('POST');
    expect(running.upstream.requests).toEqual([]);
  });

  it('may not select a mutation among several operations', async () => {
    await using running = await start();

    const response = await get(running.gateway, {
      query: `query Harmless { __typename } ${ExtendDocument.toString()}`,
      operationName: 'Extend',
      variables: JSON.stringify({ input: INPUT }),
    });

    expect(response.status).toBe(405);
    expect(running.upstream.requests).toEqual([]);
  });
});

describe('web pages of other origins', () => {
  function fetchFrom(gateway: TestGateway, origin: string, init: RequestInit = {}) {
    return fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { ...JSON_TYPE, origin, ...(init.headers as Record<string, string>) },
      ...(init.method === 'OPTIONS' ? { method: 'OPTIONS' } : { body: TYPENAME }),
    });
  }
  const corsOf = ({ headers }: Response) =>
    [...headers.keys()].filter((name) => name.startsWith('access-control-'));

  it('may read the answer if they are listed', async () => {
    await using running = await start({ CORS_ORIGINS: `http://localhost:5173, ${APP}` });

    const response = await fetchFrom(running.gateway, APP);

    expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
    expect(response.headers.get('access-control-allow-origin')).toBe(APP);
    expect(response.headers.get('access-control-expose-headers')).toContain('x-request-id');
    expect(response.headers.get('vary')?.toLowerCase()).toContain('origin');
  });

  it('get no CORS header if they are not listed, match in part, or nothing is listed', async () => {
    await using listing = await start({ CORS_ORIGINS: APP });
    await using plain = await start();

    const answers = [
      await fetchFrom(listing.gateway, STRANGER),
      await fetchFrom(listing.gateway, `${APP}.evil.example.net`),
      await fetchFrom(listing.gateway, 'null'),
      await fetchFrom(plain.gateway, APP),
      await fetchFrom(listing.gateway, STRANGER, { method: 'OPTIONS' }),
    ];

    expect(answers.map(corsOf)).toEqual([[], [], [], [], []]);
    // A cache in between must not hand a stranger's answer to a listed page.
    expect(answers[0]?.headers.get('vary')?.toLowerCase()).toContain('origin');
  });

  it('get a preflight answer if they are listed', async () => {
    await using running = await start({ CORS_ORIGINS: APP });

    const response = await fetchFrom(running.gateway, APP, {
      method: 'OPTIONS',
      headers: {
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });

    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe(APP);
    expect(response.headers.get('access-control-allow-methods')).toContain('POST');
    const allowed = response.headers.get('access-control-allow-headers') ?? '';
    expect(allowed).toContain('content-type');
    expect(allowed).toContain('authorization');
    expect(response.headers.get('access-control-allow-credentials')).toBeNull();
  });

  it('cannot pass as our own by DNS rebinding', async () => {
    await using running = await start();
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    const request = sendRequest(`${running.gateway.url}/graphql`, {
      method: 'POST',
      headers: { ...JSON_TYPE, host: 'evil.example.net', origin: 'http://evil.example.net' },
    });
    request.on('response', (response) => resolve(response.statusCode)).on('error', reject);

    request.end(TYPENAME);

    expect(await promise).toBe(403);
  });
});

describe('a WebSocket', () => {
  /** 101 when it was opened, else the status of the refusal. */
  async function knock(url: string, options: { origin?: string } = {}): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const socket = new WebSocket(url.replace(/^http/, 'ws'), 'graphql-transport-ws', options);
    socket.on('open', () => resolve(101));
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    socket.on('error', reject);
    const status = await promise;
    socket.on('error', () => 'it ends before it was open').terminate();
    return status;
  }

  it('is opened for programs, for our own pages and for listed origins', async () => {
    await using running = await start({ CORS_ORIGINS: APP });
    const { url } = running.gateway;

    expect(await knock(`${url}/graphql`)).toBe(101);
    expect(await knock(`${url}/graphql`, { origin: url })).toBe(101);
    expect(await knock(`${url}/graphql`, { origin: APP })).toBe(101);
    expect(await knock(`${url}/graphql?token=1`)).toBe(101);
  });

  it.each([STRANGER, `${APP}.evil.example.net`, 'null', 'http://127.0.0.1:1', 'not an origin'])(
    'is refused to a foreign page: %s',
    async (origin) => {
      await using running = await start({ CORS_ORIGINS: APP });

      expect(await knock(`${running.gateway.url}/graphql`, { origin })).toBe(403);
    },
  );

  it('is not available at other paths', async () => {
    await using running = await start();

    expect(await knock(`${running.gateway.url}/health`)).toBe(404);
  });
});

describe('INTROSPECTION', () => {
  const QUESTIONS = ['{ __schema { types { name } } }', '{ __type(name: "Video") { name } }'];
  /** Each contains a misspelt name. */
  const SLIPS: [string, unknown][] = [
    ['{ vide(taskId: "a") { id } }', {}],
    ['{ video(taskID: "a") { id } }', {}],
    ['{ videos(states: [SUCCEDED]) { edges { cursor } } }', {}],
    ['{ video(taskId: "a") { ... on Vidio { id } } }', {}],
    ['mutation { extendVideo(input: { taskld: "a" }) { __typename } }', {}],
    [ExtendDocument.toString(), { input: { ...INPUT, watermark: 'a' } }],
    [ExtendDocument.toString(), { input: { ...INPUT, quality: 'P72' } }],
    [
      'query ($states: [VideoState!]) { videos(states: $states) { edges { cursor } } }',
      { states: ['SUCCEDED'] },
    ],
  ];
  const HINT = /did you mean/i;

  async function askBySocket(gateway: TestGateway, query: string, variables: unknown) {
    const socket = await gateway.socket();
    const { promise, resolve } = Promise.withResolvers<unknown>();
    socket.client.subscribe(
      { query, variables: variables as Record<string, unknown> },
      { next: resolve, error: resolve, complete: () => resolve('nothing') },
    );
    return JSON.stringify(await promise);
  }

  it('on: shows the schema, and suggestions', async () => {
    await using running = await start({ INTROSPECTION: 'on' });

    for (const query of QUESTIONS) {
      const { errors } = await running.gateway.send(query);
      expect(errors).toBeUndefined();
    }
    const { errors } = await running.gateway.send('{ vide(taskId: "a") { id } }');
    expect(errors?.[0]?.message).toMatch(HINT);
  });

  it('off: shows neither, over HTTP and on a socket', async () => {
    await using running = await start({ INTROSPECTION: 'off' });

    for (const query of QUESTIONS) {
      const { data, errors } = await running.gateway.send(query);
      expect(data).toBeUndefined();
      expect(errors?.length).toBeGreaterThan(0);
      expect(await askBySocket(running.gateway, query, {})).not.toContain('"types"');
    }
    const { data } = await running.gateway.send('{ __typename }');
    expect(data).toEqual({ __typename: 'Query' });
  });

  it.each(SLIPS)('off: suggests nothing in %s %j', async (query, variables) => {
    await using running = await start({ INTROSPECTION: 'off' });

    const { errors } = await running.gateway.send(query, variables);
    const bySocket = await askBySocket(running.gateway, query, variables);

    expect(errors?.length).toBeGreaterThan(0);
    expect(JSON.stringify(errors)).not.toMatch(HINT);
    expect(bySocket).toMatch(/"message"/);
    expect(bySocket).not.toMatch(HINT);
  });

  it.each([
    ['on loopback', {}, true],
    ['in production', { NODE_ENV: 'production' }, false],
    ['with authentication', { AUTH_JWT_SECRET: 's'.repeat(32) }, false],
  ])('has a default %s, with %j: %s', async (_name, env, isOn) => {
    await using running = await start(env as Record<string, string>);

    const { errors } = await running.gateway.send('{ __schema { queryType { name } } }');

    expect(errors === undefined).toBe(isOn);
  });
});

describe('GRAPHIQL=off', () => {
  it('serves no page to browsers', async () => {
    await using running = await start({ GRAPHIQL: 'off' });

    const response = await fetch(`${running.gateway.url}/graphql`, {
      headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' },
    });

    expect(response.headers.get('content-type')).toContain('application/json');
    expect(await response.json()).toMatchObject({ errors: [{ message: expect.any(String) }] });
  });
});

describe('the sandbox behind the gateway', () => {
  it('executes the same submit in every form of request', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const body = JSON.stringify({ query: ExtendDocument.toString(), variables: { input: INPUT } });
    const accepts = ['application/json', 'application/graphql-response+json', '*/*'];

    for (const accept of accepts) {
      const response = await post(gateway, body, { ...JSON_TYPE, accept });
      const { data } = (await response.json()) as { data: { extendVideo: unknown } };
      expect(data.extendVideo).toMatchObject({ __typename: 'ExtendVideoSuccess' });
    }

    expect(sandbox.requests).toHaveLength(accepts.length);
  });
});
