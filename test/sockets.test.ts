import { connect } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import {
  ExtendDocument,
  OnExtendedDocument,
  OnUpdatedDocument,
  ReadCompletionsDocument,
  ReadVideosDocument,
} from './generated/graphql.ts';
import { openReadyBareSocket } from './support/frames.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { extend, INPUT } from './support/operations.ts';
import { answerJson, startScriptedUpstream } from './support/scripted-upstream.ts';
import { openRawSocket, type RawSocket, type SocketStream } from './support/socket.ts';
import type { SseStream } from './support/sse.ts';
import {
  AUDIENCE,
  bearerOf,
  createSigningKey,
  ISSUER,
  inSeconds,
  JWT_ENV,
  startJwks,
  toClaims,
} from './support/tokens.ts';

const SUBSCRIPTION = 'subscription { videoExtended { cursor } }';
const TYPENAME = { query: '{ __typename }' };

/** A gateway in front of an upstream that nothing here may reach. */
async function start(env: Record<string, string> = {}) {
  const upstream = await startScriptedUpstream(() => {});
  const gateway = await startGateway(upstream, env);
  return {
    gateway,
    url: gateway.url,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await upstream.close();
    },
  };
}

/** A socket that the gateway has acknowledged. */
async function openReady(url: string, authorization?: string): Promise<RawSocket> {
  const socket = await openRawSocket(url);
  socket.send({ type: 'connection_init', payload: { Authorization: authorization } });
  expect(await socket.next()).toEqual({ type: 'connection_ack' });
  return socket;
}

/** @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md */
describe('the WebSocket protocol', () => {
  it.each<[string, unknown]>([
    ['no JSON', 'nonsense'],
    ['nothing', ''],
    ['JSON cut short', '{"type":'],
    ['a number', '7'],
    ['null', 'null'],
    ['a list', []],
    ['an object without a type', {}],
    ['an unknown type', { type: 'start', id: '1', payload: TYPENAME }],
    ['a type of the prototype', { type: 'constructor' }],
    ['a result, which only servers send', { type: 'next', id: '1', payload: { data: {} } }],
    ['errors, which only servers send', { type: 'error', id: '1', payload: [{ message: 'x' }] }],
    ['an acknowledgement of ours', { type: 'connection_ack' }],
    ['parameters that are no object', { type: 'connection_init', payload: 'token' }],
    ['a subscribe without an id', { type: 'subscribe', payload: TYPENAME }],
    ['a subscribe with an empty id', { type: 'subscribe', id: '', payload: TYPENAME }],
    ['a subscribe with a number for an id', { type: 'subscribe', id: 1, payload: TYPENAME }],
    ['a subscribe without a payload', { type: 'subscribe', id: '1' }],
    ['a subscribe without a query', { type: 'subscribe', id: '1', payload: {} }],
    ['a query that is no text', { type: 'subscribe', id: '1', payload: { query: 7 } }],
    [
      'variables that are a text',
      { type: 'subscribe', id: '1', payload: { ...TYPENAME, variables: 'x' } },
    ],
    ['a ping with a text', { type: 'ping', payload: 'x' }],
    ['a complete without an id', { type: 'complete' }],
    ['bytes that are no text', Buffer.from([0xff, 0x00, 0xfe])],
  ])('MUST close with 4400 at an invalid message: %s', async (_name, message) => {
    await using running = await start();
    const before = await openRawSocket(running.url);
    const after = await openReady(running.url);

    for (const socket of [before, after]) {
      if (message instanceof Buffer) socket.socket.send(message);
      else socket.send(message);
      expect(await socket.closed).toBe(4400);
    }
  });

  it('MUST close with 4401 at a subscribe before the acknowledgement', async () => {
    await using running = await start();
    const socket = await openRawSocket(running.url);

    socket.send({ type: 'subscribe', id: '1', payload: TYPENAME });

    expect(await socket.closed).toBe(4401);
  });

  it('MUST close with 4401 at a subscribe while the token is being verified', async () => {
    const key = await createSigningKey('ES256', 'one');
    await using jwks = await startJwks(key);
    await using running = await start(jwksEnv(jwks.url));
    const letGo = jwks.hold();
    const socket = await openRawSocket(running.url);
    const Authorization = `Bearer ${await key.sign(toClaims())}`;

    socket.send({ type: 'connection_init', payload: { Authorization } });
    socket.send({ type: 'subscribe', id: '1', payload: TYPENAME });

    expect(await socket.closed).toBe(4401);
    letGo();
  });

  it('closes with 4403 without valid credentials', async () => {
    await using running = await start(JWT_ENV);
    const socket = await openRawSocket(running.url);

    socket.send({ type: 'connection_init', payload: {} });

    expect(await socket.closed).toBe(4403);
    expect(await socket.next()).toBeUndefined();
  });

  it('MUST close with 4406 without the subprotocol', async () => {
    await using running = await start();

    const socket = await openRawSocket(running.url, { protocols: [] });

    expect(await socket.closed).toBe(4406);
    // None of these is ours, and a client that insists on its own breaks off by itself.
    await expect(openRawSocket(running.url, { protocols: ['graphql-ws'] })).rejects.toThrow();
    await expect(openRawSocket(running.url, { protocols: ['mqtt'] })).rejects.toThrow();
  });

  it('closes with 4408 after 10 s without connection_init', async () => {
    await using running = await start();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const silent = await openRawSocket(running.url);
    const ready = await openReady(running.url);

    vi.advanceTimersByTime(9_999);
    silent.send({ type: 'ping' });
    expect(await silent.next()).toEqual({ type: 'pong' });
    vi.advanceTimersByTime(1);

    expect(await silent.closed).toBe(4408);
    ready.send({ type: 'ping' });
    expect(await ready.next()).toEqual({ type: 'pong' });
  });

  it('MUST close with 4409 at an id that is in use, and accepts it again once it is free', async () => {
    await using running = await start();
    const socket = await openReady(running.url);
    const subscribe = { type: 'subscribe', id: 'one', payload: { query: SUBSCRIPTION } };

    socket.send({ type: 'subscribe', id: 'one', payload: TYPENAME });
    expect((await socket.next())?.type).toBe('next');
    expect((await socket.next())?.type).toBe('complete');
    socket.send(subscribe);
    socket.send({ type: 'complete', id: 'one' });
    socket.send(subscribe);
    socket.send({ type: 'ping' });
    expect(await socket.next()).toEqual({ type: 'pong' });
    socket.send(subscribe);

    expect(await socket.closed).toBe(4409);
  });

  it('MUST close with 4409 for an id of any length: a close reason has 123 bytes', async () => {
    await using running = await start();
    const socket = await openReady(running.url);
    const id = 'ü'.repeat(200);

    for (let n = 0; n < 2; n += 1) {
      socket.send({ type: 'subscribe', id, payload: { query: SUBSCRIPTION } });
    }

    expect(await socket.closed).toBe(4409);
  });

  it('MUST close with 4429 at a second initialisation', async () => {
    await using running = await start();
    const late = await openReady(running.url);
    const atOnce = await openRawSocket(running.url);

    late.send({ type: 'connection_init' });
    atOnce.send({ type: 'connection_init' });
    atOnce.send({ type: 'connection_init' });

    expect(await late.closed).toBe(4429);
    expect(await atOnce.closed).toBe(4429);
  });

  it('MUST answer a ping with a pong at any time, and MAY receive an unsolicited pong', async () => {
    await using running = await start();
    const socket = await openRawSocket(running.url);

    socket.send({ type: 'ping' });
    expect(await socket.next()).toEqual({ type: 'pong' });
    socket.send({ type: 'pong' });
    socket.send({ type: 'ping', payload: { a: [1] } });
    expect(await socket.next()).toEqual({ type: 'pong', payload: { a: [1] } });
    socket.send({ type: 'connection_init' });
    expect(await socket.next()).toEqual({ type: 'connection_ack' });
    socket.send({ type: 'ping' });
    expect(await socket.next()).toEqual({ type: 'pong' });
  });

  it('answers errors of a document as the error of that operation only', async () => {
    await using running = await start();
    const socket = await openReady(running.url);

    socket.send({ type: 'subscribe', id: 'stays', payload: { query: SUBSCRIPTION } });
    for (const [payload, code] of [
      [{ query: '{' }, 'GRAPHQL_PARSE_FAILED'],
      [{ query: '{ nothing }' }, 'GRAPHQL_VALIDATION_FAILED'],
      [{ query: 'query A { __typename }', operationName: 'B' }, 'OPERATION_RESOLUTION_FAILURE'],
      [{ query: 'query A { __typename } query B { __typename }' }, 'OPERATION_RESOLUTION_FAILURE'],
      [{ query: 'query ($a: Int!) { videos(first: $a) { edges { cursor } } }' }, 'BAD_USER_INPUT'],
    ]) {
      socket.send({ type: 'subscribe', id: 'faulty', payload });
      const answer = JSON.stringify(await socket.next());
      expect([payload, answer]).toEqual([payload, expect.stringContaining(`"code":"${code}"`)]);
      if (answer.includes('"type":"next"')) await socket.next();
    }

    socket.send({ type: 'subscribe', id: 'stays', payload: { query: SUBSCRIPTION } });
    expect(await socket.closed).toBe(4409);
  });

  it('closes with 1009 at a message over 256 KiB, and accepts 256 KiB', async () => {
    await using running = await start();
    const socket = await openReady(running.url);
    const message = JSON.stringify({ type: 'subscribe', id: '1', payload: TYPENAME });

    socket.send(message.padEnd(256 * 1024, ' '));
    expect((await socket.next())?.type).toBe('next');
    expect((await socket.next())?.type).toBe('complete');
    socket.send(message.padEnd(256 * 1024 + 1, ' '));

    expect(await socket.closed).toBe(1009);
    expect((await openReady(running.url)).socket.readyState).toBe(WebSocket.OPEN);
  });
});

describe('a server-sent event stream', () => {
  /** @see https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md */
  it('contains next and complete events, and comments between them', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId } = await extend(gateway);
    await sandbox.complete(taskId);

    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: OnUpdatedDocument.toString(), variables: { taskId } }),
    });
    const text = (await response.text()).replaceAll(/^:\n\n/gm, '');

    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(response.headers.get('cache-control')).toMatch(/no-cache|no-store/);
    expect(text).toMatch(/^event: next\ndata: \{"data":\{.*\}\}\n\nevent: complete\ndata:\n\n$/);
  });

  it('reports an invalid request in the same form', async () => {
    await using running = await start();

    for (const query of ['{', '{ nothing }', 'subscription { videoUpdated(taskId: 1.5) { id } }']) {
      const response = await fetch(`${running.url}/graphql?${new URLSearchParams({ query })}`, {
        headers: { accept: 'text/event-stream' },
      });
      const text = (await response.text()).replaceAll(/^:\n\n/gm, '');
      expect(text).toMatch(
        /^event: next\ndata: \{"errors":\[.*\]\}\n\nevent: complete\ndata:\n\n$/,
      );
    }
  });

  it('is sent only if Accept names it explicitly', async () => {
    await using running = await start();

    for (const accept of [
      '*/*',
      'text/*',
      'application/json',
      'multipart/mixed',
      'application/json, */*;q=0.1',
    ]) {
      const response = await fetch(`${running.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept },
        body: JSON.stringify({ query: SUBSCRIPTION }),
      });
      expect([accept, response.status]).toEqual([accept, 406]);
      // In whatever form the refusal comes, it ends.
      expect(await response.text()).not.toContain('"data":{');
    }
    const shouted = await fetch(
      `${running.url}/graphql?${new URLSearchParams({ query: SUBSCRIPTION })}`,
      { headers: { accept: 'Text/Event-Stream' } },
    );
    expect(shouted.status).toBe(200);
    await shouted.body?.cancel();
  });
});

// Its tests wait for the expiry.
describe.concurrent('an expired token', () => {
  it('prevents further messages, even if the client has not answered the close yet', async () => {
    const prompts: unknown[] = [];
    await using upstream = await startScriptedUpstream((request, response) => {
      prompts.push((request.json() as { prompt?: unknown }).prompt);
      answerJson(response, { code: 200, msg: 'success', data: { taskId: 'task-1' } });
    });
    await using gateway = await startGateway(upstream, JWT_ENV);
    const token = bearerOf('alice', { exp: inSeconds(2) });
    const { connection, send } = await openReadyBareSocket(gateway.url, token);
    // The close code 4403. This client answers no close by itself.
    await connection.until('\x11\x33');

    const variables = { input: { ...INPUT, prompt: 'By the socket' } };
    send({ type: 'subscribe', id: '1', payload: { query: String(ExtendDocument), variables } });
    await extend(gateway.as(bearerOf('alice')), { prompt: 'By HTTP, after it' });

    expect(connection.received).not.toContain('"id":"1"');
    expect(prompts).toEqual(['By HTTP, after it']);
    connection.socket.destroy();
  });

  it('closes the socket with 4403, and a client that renews it and resumes misses nothing', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, JWT_ENV);
    const lasting = gateway.as(bearerOf('alice'));
    const made = [await extend(lasting), await extend(lasting), await extend(lasting)];
    const { data } = await lasting.graphql(ReadCompletionsDocument, {});
    let cursor = data.completions.pageInfo.endCursor ?? '';
    const heard: string[] = [];
    async function listen(stream: SocketStream<EventOf>, count: number): Promise<void> {
      while (heard.length < count) {
        const event = await stream.next().catch(() => undefined);
        if (!event) return;
        heard.push(event.data.videoExtended.video.id);
        cursor = event.data.videoExtended.cursor;
      }
    }

    const short = await gateway.as(bearerOf('alice', { exp: inSeconds(2) })).socket();
    const stream = short.subscribe(OnExtendedDocument, { after: cursor });
    await sandbox.complete(made[0]?.taskId ?? '');
    await listen(stream, 3);
    expect(await short.closed).toBe(4403);
    await sandbox.complete(made[1]?.taskId ?? '');
    const renewed = await lasting.socket();
    const resumed = renewed.subscribe(OnExtendedDocument, { after: cursor });
    await sandbox.complete(made[2]?.taskId ?? '');
    await listen(resumed, 3);

    expect(heard).toEqual(made.map(({ id }) => id));
  });

  it('ends an event stream with a typed error, whether it follows the log or a task', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, JWT_ENV);
    const { taskId } = await extend(gateway.as(bearerOf('alice')));
    const short = gateway.as(bearerOf('alice', { exp: inSeconds(1) }));

    const streams: SseStream<unknown>[] = [
      await short.sse(OnExtendedDocument, {}),
      await short.sse(OnExtendedDocument, { taskId }),
      await short.sse(OnUpdatedDocument, { taskId }),
    ];

    for (const stream of streams) {
      const answers = await stream.rest();
      expect(answers.at(-1)?.errors?.[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED' });
      expect(await stream.ended).toBe('complete');
    }
  });

  it('frees the slots of its streams', async () => {
    await using running = await start({
      ...JWT_ENV,
      OWNER_SOCKETS: '1',
      OWNER_SUBSCRIPTIONS: '1',
    });
    const short = running.gateway.as(bearerOf('alice', { exp: inSeconds(1) }));
    const socket = await short.socket();
    socket.subscribe(OnExtendedDocument, {});
    expect(await socket.closed).toBe(4403);

    const authorization = bearerOf('alice');
    const next = await openReady(running.url, authorization);
    next.send({ type: 'subscribe', id: '1', payload: { query: SUBSCRIPTION } });
    next.send({ type: 'subscribe', id: '2', payload: TYPENAME });

    expect(JSON.stringify(await next.next())).toContain('RATE_LIMITED');
  });

  it('far in the future is not treated as expired: timers are limited to 24 days', async () => {
    await using running = await start(JWT_ENV);

    const socket = await openReady(running.url, bearerOf('alice', { exp: inSeconds(1e9) }));
    socket.send({ type: 'ping' });

    expect(await socket.next()).toEqual({ type: 'pong' });
  });
});

type EventOf = { videoExtended: { cursor: string; video: { id: string } } };

describe('OWNER_SUBSCRIPTIONS', () => {
  const ENV = { ...JWT_ENV, OWNER_SUBSCRIPTIONS: '2' };
  const ALICE = bearerOf('alice');
  const query = `?${new URLSearchParams({ query: SUBSCRIPTION })}`;

  /** What an event stream is answered with; it is left at once. */
  async function tryStream(gateway: TestGateway, authorization: string): Promise<number> {
    const leaving = new AbortController();
    const { status } = await fetch(`${gateway.url}/graphql${query}`, {
      headers: { accept: 'text/event-stream', authorization },
      signal: leaving.signal,
    });
    leaving.abort();
    return status;
  }

  /** Asks again until the gateway has noticed that somebody has left. */
  async function untilAdmitted(gateway: TestGateway, authorization: string): Promise<void> {
    while ((await tryStream(gateway, authorization)) !== 200);
  }

  it('counts sockets and event streams together, per owner', async () => {
    await using running = await start(ENV);
    const { gateway } = running;
    const socket = await openReady(running.url, ALICE);
    socket.send({ type: 'subscribe', id: '1', payload: { query: SUBSCRIPTION } });
    const stream = await gateway.as(ALICE).sse(OnExtendedDocument, {});

    const refused = await fetch(`${gateway.url}/graphql${query}`, {
      headers: { accept: 'text/event-stream', authorization: ALICE },
    });
    socket.send({ type: 'subscribe', id: '2', payload: { query: SUBSCRIPTION } });

    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({
      errors: [{ extensions: { code: 'RATE_LIMITED' } }],
    });
    expect(JSON.stringify(await socket.next())).toContain('RATE_LIMITED');
    expect(await tryStream(gateway, bearerOf('bob'))).toBe(200);
    // Reads are not limited.
    const { data } = await gateway.as(ALICE).graphql(ReadVideosDocument, {});
    expect(data.videos.edges).toEqual([]);
    stream.close();
    await untilAdmitted(gateway, ALICE);
  });

  it('are not exceeded by a request that could be answered as an event stream, either', async () => {
    await using running = await start({ ...JWT_ENV, OWNER_SUBSCRIPTIONS: '1' });
    const accept = 'application/graphql-response+json, text/event-stream';
    const ask = (text: string) =>
      fetch(`${running.url}/graphql?${new URLSearchParams({ query: text })}`, {
        headers: { accept, authorization: ALICE },
      });

    const streamed = await ask(SUBSCRIPTION);
    const refused = await ask(SUBSCRIPTION);
    const read = await ask('{ videos { edges { cursor } } }');

    expect(streamed.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({
      errors: [{ extensions: { code: 'RATE_LIMITED', retryable: true } }],
    });
    expect(await read.json()).toEqual({ data: { videos: { edges: [] } } });
    await streamed.body?.cancel();
    await untilAdmitted(running.gateway, ALICE);
  });

  it('are lower than MAX_SUBSCRIPTIONS, which counts those of all owners', async () => {
    await using running = await start({ ...JWT_ENV, MAX_SUBSCRIPTIONS: '2' });
    const { gateway } = running;
    const first = await gateway.as(ALICE).sse(OnExtendedDocument, {});
    await gateway.as(bearerOf('bob')).sse(OnExtendedDocument, {});

    expect(await tryStream(gateway, bearerOf('carol'))).toBe(429);

    first.close();
    await untilAdmitted(gateway, bearerOf('carol'));
  });

  it('a slot is free again once the client has disconnected, in any way', async () => {
    await using running = await start(ENV);
    const { gateway } = running;

    for (let round = 0; round < 10; round += 1) {
      await untilAdmitted(gateway, ALICE);
      const socket = await openReady(running.url, ALICE);
      socket.send({ type: 'subscribe', id: '1', payload: { query: SUBSCRIPTION } });
      if (round % 2 === 0) socket.socket.terminate();
      else socket.send({ type: 'complete', id: '1' });
    }
    await untilAdmitted(gateway, ALICE);
  });

  it('a slot is not lost if the client disconnects while its token is verified', async () => {
    const key = await createSigningKey('ES256', 'one');
    await using jwks = await startJwks(key);
    await using running = await start({ ...jwksEnv(jwks.url), OWNER_SUBSCRIPTIONS: '1' });
    const authorization = `Bearer ${await key.sign(toClaims())}`;
    const letGo = jwks.hold();
    const asked = jwks.nextQuestion();
    const leaving = new AbortController();
    const abandoned = fetch(`${running.url}/graphql${query}`, {
      headers: { accept: 'text/event-stream', authorization },
      signal: leaving.signal,
    }).catch(() => 'left');
    await asked;

    leaving.abort();
    expect(await abandoned).toBe('left');
    // By this answer the gateway has processed all earlier messages.
    await fetch(`${running.url}/health`);
    letGo();

    await untilAdmitted(running.gateway, authorization);
  });

  it('is not used up by operations that have ended, failed, or never started', async () => {
    await using running = await start(ENV);
    const socket = await openReady(running.url, ALICE);
    for (let round = 0; round < 5; round += 1) {
      for (const payload of [
        TYPENAME,
        { query: '{' },
        { query: '{ nothing }' },
        { query: 'query A { __typename }', operationName: 'B' },
        { query: 'query ($a: Int!) { videos(first: $a) { edges { cursor } } }' },
        { query: 'subscription { videoExtended(after: "x") { cursor } }' },
      ]) {
        socket.send({ type: 'subscribe', id: 'same', payload });
        let message = await socket.next();
        while (message?.type === 'next') message = await socket.next();
        expect(message?.type).toMatch(/complete|error/);
      }
    }
    // Reused before its last message has arrived.
    for (let round = 0; round < 50; round += 1) {
      socket.send({ type: 'subscribe', id: 'again', payload: { query: SUBSCRIPTION } });
      socket.send({ type: 'complete', id: 'again' });
    }
    socket.send({ type: 'ping' });
    for (let message = await socket.next(); message?.type !== 'pong'; )
      message = await socket.next();

    socket.send({ type: 'subscribe', id: 'a', payload: TYPENAME });
    expect(await socket.next()).toMatchObject({ id: 'a', type: 'next' });
    socket.socket.close();
    await socket.closed;
    // All of it, on a connection of its own.
    const next = await openReady(running.url, ALICE);
    next.send({ type: 'subscribe', id: '1', payload: { query: SUBSCRIPTION } });
    next.send({ type: 'subscribe', id: '2', payload: TYPENAME });
    expect(await next.next()).toMatchObject({ id: '2', type: 'next' });
  });
});

describe('OWNER_SOCKETS and MAX_SOCKETS', () => {
  it('close the socket of an owner with too many with 1013, and no other', async () => {
    await using running = await start({ ...JWT_ENV, OWNER_SOCKETS: '2' });
    const first = await openReady(running.url, bearerOf('alice'));
    const second = await openReady(running.url, bearerOf('alice'));

    const third = await openRawSocket(running.url);
    third.send({ type: 'connection_init', payload: { Authorization: bearerOf('alice') } });

    expect(await third.closed).toBe(1013);
    await openReady(running.url, bearerOf('bob'));
    first.send({ type: 'ping' });
    expect(await first.next()).toEqual({ type: 'pong' });
    second.socket.close();
    await second.closed;
    await openReady(running.url, bearerOf('alice'));
  });

  it('refuse the upgrade with 503 while the gateway has too many', async () => {
    await using running = await start({ MAX_SOCKETS: '2' });
    // Those count, too, who have not said who they are.
    const first = await openRawSocket(running.url);
    await openRawSocket(running.url);

    await expect(openRawSocket(running.url)).rejects.toThrow('503');
    expect((await fetch(`${running.url}/graphql?query={__typename}`)).status).toBe(200);
    first.socket.close();
    await first.closed;
    expect((await openRawSocket(running.url)).socket.readyState).toBe(WebSocket.OPEN);
  });

  it('a refused upgrade leaves no connection open', async () => {
    await using running = await start();
    const { hostname, port } = new URL(running.url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    const gone = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {}).resume();
    socket.write(
      [
        'GET /graphql HTTP/1.1',
        `host: ${hostname}:${port}`,
        'origin: https://evil.example.net',
        'connection: upgrade',
        'upgrade: websocket',
        'sec-websocket-version: 13',
        'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
        '',
        '',
      ].join('\r\n'),
    );
    await new Promise((resolve) => socket.once('end', resolve));

    // The other side has ended; whether it has also let go shows when more is sent to it.
    const timer = setInterval(() => socket.write('x'), 20);
    onTestFinished(() => clearInterval(timer));

    await gone;
  });
});

describe('a socket whose client does not read', () => {
  const LONG = 'x'.repeat(200_000);

  it.each<[string, (index: number) => object]>([
    ['pongs', () => ({ type: 'ping', payload: { LONG } })],
    [
      'errors',
      (index) => ({ type: 'subscribe', id: `${index}`, payload: { query: `{ ${LONG} }` } }),
    ],
    [
      'results',
      (index) => ({
        type: 'subscribe',
        id: `${index}`,
        payload: {
          query: `{ ${Array.from({ length: 90 }, (_, n) => `${'a'.repeat(2_000)}${n}: __typename`).join(' ')} }`,
        },
      }),
    ],
  ])('is closed with 1013 before much has gathered for it: %s', async (_name, toMessage) => {
    await using running = await start();
    const socket = await openReady(running.url);
    let received = 0;
    socket.socket.on('message', (data: Buffer) => {
      received += data.length;
    });
    socket.socket.pause();

    // Some 80 MB, of which the system's own buffers hold a few.
    for (let index = 0; index < 400; index += 1) socket.send(toMessage(index));
    await new Promise<void>((resolve) => {
      socket.socket.send(JSON.stringify({ type: 'pong' }), () => resolve());
    });
    await fetch(`${running.url}/health`);
    socket.socket.resume();

    expect(await socket.closed).toBe(1013);
    expect(received).toBeLessThan(40_000_000);
    expect((await openReady(running.url)).socket.readyState).toBe(WebSocket.OPEN);
  });
});

function jwksEnv(url: string): Record<string, string> {
  return { AUTH_JWKS_URL: url, AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: AUDIENCE };
}
