import { createHash, createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import {
  ExtendDocument,
  OnExtendedDocument,
  ReadVideoDocument,
  ReadVideosDocument,
} from './generated/graphql.ts';
import { readCallbackUrl, toFailure, toSuccess } from './support/callback.ts';
import { INPUT } from './support/operations.ts';
import { startGatewayProcess } from './support/process.ts';
import {
  answerJson,
  type RecordedRequest,
  type Script,
  startScriptedUpstream,
} from './support/scripted-upstream.ts';
import { openRawSocket } from './support/socket.ts';
import { bearerOf, inSeconds, signAnything, toClaims } from './support/tokens.ts';

const UPSTREAM_KEY = 'canary-upstream-key/with+signs=';
const HMAC_KEYS = ['canary-hmac-key-one', 'canary-hmac-key-two'];
const JWT_SECRET = 'canary-jwt-secret-of-more-than-32-characters';
const CLIENT_KEY = 'canary-client-key-of-the-renderer';
const ENV = {
  APIKLEY_API_KEY: UPSTREAM_KEY,
  WEBHOOK_HMAC_KEY: HMAC_KEYS.join(','),
  AUTH_JWT_SECRET: JWT_SECRET,
  AUTH_API_KEYS: `renderer:${createHash('sha256').update(CLIENT_KEY).digest('hex')}`,
  LOG_LEVEL: 'trace',
};

/** What an upstream that is out of its mind says: all that it knows, in every spelling. */
function toEcho(request: RecordedRequest): string {
  const { authorization = '' } = request.headers;
  const url = request.method === 'POST' ? readCallbackUrl(request.json()).url : '';
  return [
    authorization,
    `key=${encodeURIComponent(UPSTREAM_KEY)}`,
    url,
    url.replaceAll('/', '\\/'),
    encodeURIComponent(url),
    `failed to POST ${url}: refused`,
  ].join(' ');
}

const SCRIPTS: Record<string, Script> = {
  accepted: (request, response) =>
    answerJson(response, { code: 200, msg: toEcho(request), data: { taskId: 'accepted-task' } }),
  'a code': (request, response) => answerJson(response, { code: 500, msg: toEcho(request) }),
  'a code under its status': (request, response) =>
    answerJson(response, { code: 422, msg: toEcho(request) }, { status: 422 }),
  'the key is wrong': (request, response) =>
    answerJson(response, { code: 401, msg: `Bad key: ${toEcho(request)}` }, { status: 401 }),
  'a code of its own': (request, response) =>
    answerJson(response, { code: 999, msg: toEcho(request), data: { echo: toEcho(request) } }),
  'a page': (request, response) => response.writeHead(502).end(`<html>${toEcho(request)}`),
  'a page of a proxy': (request, response) => response.writeHead(403).end(toEcho(request)),
  'a redirect': (request, response) =>
    response
      .writeHead(302, {
        location: request.method === 'POST' ? readCallbackUrl(request.json()).url : '/',
      })
      .end(),
  'JSON cut short': (request, response) => response.end(`{"code":200,"msg":"${toEcho(request)}`),
  'another shape': (request, response) => answerJson(response, [toEcho(request)]),
  'no HTTP': (request, _response, socket) => socket.end(`${toEcho(request)}\r\n\r\n`),
  'a broken header': (request, _response, socket) =>
    socket.end(`HTTP/1.1 200 OK\r\n${toEcho(request)}\r\n\r\n`),
  'a cut': (_request, _response, socket) => socket.destroy(),
  'half an answer': (request, response, socket) => {
    response.writeHead(200, { 'content-length': '9999' });
    response.write(toEcho(request), () => socket.destroy());
  },
};

const DETAILS = (request: RecordedRequest) => ({
  code: 200,
  msg: toEcho(request),
  data: { state: 'fail', failCode: 500, failMsg: `It said ${toEcho(request)}` },
});

describe('secrets', () => {
  it('are in no log, answer or file, whatever the upstream and the clients do', async () => {
    let reads = 0;
    await using upstream = await startScriptedUpstream((request, response, socket) => {
      if (request.method === 'GET') {
        reads += 1;
        if (reads % 3 === 0) return SCRIPTS['a page']?.(request, response, socket);
        return answerJson(response, DETAILS(request));
      }
      const { prompt } = request.json() as { prompt: string };
      return (SCRIPTS[prompt] ?? SCRIPTS.accepted)?.(request, response, socket);
    });
    await using gateway = await startGatewayProcess(upstream, ENV);
    const answers: string[] = [];
    const bearers = [
      `Bearer ${signAnything({ alg: 'HS256' }, toClaims(), JWT_SECRET)}`,
      `Bearer ${CLIENT_KEY}`,
    ];
    const refused = [
      bearerOf('alice'),
      `Bearer ${signAnything({ alg: 'HS256' }, toClaims({ exp: inSeconds(-60) }), JWT_SECRET)}`,
      `Bearer ${signAnything({ alg: 'none' }, toClaims(), JWT_SECRET)}`,
      `Bearer ${CLIENT_KEY}x`,
      `Basic ${CLIENT_KEY}`,
      CLIENT_KEY,
    ];

    async function ask(
      authorization: string,
      document: { toString(): string },
      variables: object = {},
      accept = 'application/json',
    ): Promise<string> {
      const response = await fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept, authorization },
        body: JSON.stringify({ query: document.toString(), variables }),
      });
      const answer = JSON.stringify([[...response.headers], await response.text()]);
      answers.push(answer);
      return answer;
    }
    async function callBack(request: RecordedRequest, body: object, taskId: string): Promise<void> {
      const { url } = readCallbackUrl(request.json());
      const timestamp = String(inSeconds(0));
      for (const key of [...HMAC_KEYS, 'wrong']) {
        const signature = createHmac('sha256', key)
          .update(`${taskId}.${timestamp}`)
          .digest('base64');
        for (const target of [
          url,
          `${url}x`,
          url.replace('/callbacks/', '/callbacks//'),
          `${url}?a=1`,
        ]) {
          const response = await fetch(target, {
            method: 'POST',
            headers: { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': signature },
            body: JSON.stringify(body),
          });
          answers.push(JSON.stringify([[...response.headers], await response.text()]));
        }
      }
    }

    // Every way in which a submit can go, for both kinds of callers; then its callback, bad and good.
    for (const authorization of bearers) {
      for (const prompt of Object.keys(SCRIPTS)) {
        const before = upstream.requests.length;
        await ask(authorization, ExtendDocument, { input: { ...INPUT, prompt } });
        const request = upstream.requests.slice(before).find(({ method }) => method === 'POST');
        // Some is held back after trouble with the upstream.
        if (!request) continue;
        const taskId = prompt === 'accepted' ? 'accepted-task' : `task-${before}`;
        const echo = { ...toFailure(taskId), msg: `The upstream says: ${toEcho(request)}` };
        await callBack(request, { code: 'x' }, taskId);
        await callBack(request, echo, taskId);
        await callBack(
          request,
          { ...toSuccess(`another-${taskId}`), msg: toEcho(request) },
          taskId,
        );
      }
      answers.push(await ask(authorization, ReadVideosDocument, { first: 100 }));
      for (const taskId of ['accepted-task', 'elsewhere-1', 'elsewhere-2']) {
        await ask(authorization, ReadVideoDocument, { taskId });
        await ask(
          authorization,
          OnExtendedDocument,
          { taskId: `${taskId}-3` },
          'text/event-stream',
        );
      }
    }
    for (const authorization of refused) {
      await ask(authorization, ReadVideosDocument);
      await ask(authorization, OnExtendedDocument, {}, 'text/event-stream');
      for (const payload of [
        { Authorization: authorization },
        { Authorization: { authorization } },
      ]) {
        const socket = await openRawSocket(gateway.url, { headers: { authorization } });
        socket.send({ type: 'connection_init', payload });
        answers.push(JSON.stringify([await socket.next(), await socket.closed]));
      }
    }
    const socket = await openRawSocket(gateway.url, {
      headers: { authorization: bearers[0] ?? '' },
    });
    socket.send({ type: 'connection_init' });
    answers.push(JSON.stringify(await socket.next()));
    socket.send(`{"type":"subscribe","id":"${CLIENT_KEY}`);
    await socket.closed;
    const log = await gateway.stop();

    const submits = upstream.requests.filter(({ method }) => method === 'POST');
    const tokens = submits.map((request) => readCallbackUrl(request.json()).token);
    const jwts = [...bearers, ...refused].map((text) => text.replace(/^\w+ /, ''));
    const canaries = [
      ...[UPSTREAM_KEY, encodeURIComponent(UPSTREAM_KEY), ...HMAC_KEYS, JWT_SECRET, CLIENT_KEY],
      ...tokens,
      ...jwts.filter((text) => text.length > 20),
      ...jwts.map((text) => text.split('.')[2] ?? '').filter((text) => text.length > 20),
    ];
    const file = readdirSync(gateway.folder)
      .map((name) => readFileSync(join(gateway.folder, name), 'latin1'))
      .join('');
    const leaks = canaries.flatMap((canary) => [
      ...log.split('\n').filter((line) => line.includes(canary)),
      ...answers.filter((answer) => answer.includes(canary)),
      ...(file.includes(canary) ? [`the database holds ${canary}`] : []),
    ]);
    expect(leaks).toEqual([]);
    expect(log).not.toContain('canary');
    // There was something to leak, and it went where it belongs.
    expect(submits.length).toBeGreaterThan(10);
    expect(upstream.requests[0]?.headers.authorization).toBe(`Bearer ${UPSTREAM_KEY}`);
    expect(answers.join()).toContain('[redacted]');
    expect(file).toContain('[redacted]');
    for (const token of tokens) {
      expect(file).toContain(createHash('sha256').update(token).digest('hex'));
    }
    expect(log).toContain('"level":20');
  });

  it('are in no message about an invalid environment', async () => {
    const CANARY = 'canary value';
    const environments: Record<string, string>[] = [
      ...Object.keys(readConfig({ APIKLEY_API_KEY: 'key' })).map((name) => ({ [name]: CANARY })),
      { AUTH_JWT_SECRET: 'canary-short' },
      { AUTH_API_KEYS: 'renderer:canary' },
      { AUTH_API_KEYS: `canary${'0'.repeat(64)}` },
      { APIKLEY_API_KEY: 'canary\n' },
      { APIKLEY_API_KEY: 'canary-key', HOST: '0.0.0.0' },
      { AUTH_JWT_SECRET: `canary-${'x'.repeat(40)}`, AUTH: 'none' },
      { AUTH_JWT_SECRET: `canary-${'x'.repeat(40)}`, AUTH_JWKS_URL: 'http://canary.example' },
      { AUTH_JWKS_URL: 'ftp://canary.example' },
      { DATABASE_URL: 'mysql://user:canary@localhost/db' },
    ];

    for (const env of environments) {
      let said = '';
      try {
        readConfig({ APIKLEY_API_KEY: 'key', ...env });
      } catch (error) {
        said = error instanceof Error ? `${error.stack} ${JSON.stringify(error)}` : String(error);
      }
      expect([Object.keys(env), said]).toEqual([
        Object.keys(env),
        expect.not.stringContaining('canary'),
      ]);
    }
  });

  it('are in no message of a process that cannot start', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const port = String((taken.address() as { port: number }).port);

    for (const env of [
      { PORT: 'canary' },
      { PORT: port },
      { DATABASE_URL: `postgres://canary:canary@127.0.0.1:${port}/canary` },
      { DATABASE_URL: 'sqlite:/dev/null/gateway.db' },
      { AUTH_JWT_SECRET: 'canary' },
    ]) {
      const starting = startGatewayProcess(
        { url: 'http://127.0.0.1:9' },
        { ...ENV, ...env, DATABASE_TIMEOUT_MS: '500' },
      );
      if ('DATABASE_URL' in env && env.DATABASE_URL.startsWith('postgres')) {
        taken.once('connection', (socket) => socket.destroy());
      }
      const error = await starting.then(
        () => expect.fail(`It started with ${JSON.stringify(env)}.`),
        (reason: Error) => reason,
      );
      expect(error.message).toMatch(/did not start: ./);
      expect(error.message).not.toContain('canary');
    }
    await new Promise((resolve) => taken.close(resolve));
  });

  it('in configured URLs are not logged', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    const { port } = new URL(upstream.url);
    const env = { ...ENV, PUBLIC_URL: 'http://canary:canary@localhost:4000' };
    const starting = startGatewayProcess({ url: `http://canary:canary@127.0.0.1:${port}` }, env);

    const said = await starting.then(
      (gateway) => gateway.stop(),
      (error: Error) => error.message,
    );

    expect(said).not.toContain('canary');
  });
});
