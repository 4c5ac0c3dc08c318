import { request as sendRequest } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ExtendDocument, ReadVideosDocument } from './generated/graphql.ts';
import { readCallbackUrl } from './support/callback.ts';
import { INPUT } from './support/operations.ts';
import { type GatewayProcess, startGatewayProcess } from './support/process.ts';
import { chooseRounds } from './support/rounds.ts';
import {
  answerJson,
  type ScriptedUpstream,
  startScriptedUpstream,
} from './support/scripted-upstream.ts';

const RUNS = chooseRounds({ few: 150, all: 3_000 });
/** For each of the five properties. fast-check prints the seed of a failure, which repeats it. */
const BOUND = { numRuns: RUNS };
const PROPERTIES = 5;
const JSON_TYPE = { 'content-type': 'application/json' };

let upstream: ScriptedUpstream;
let gateway: GatewayProcess;
let callbackUrl: string;
let sent = 0;

beforeAll(async () => {
  let tasks = 0;
  upstream = await startScriptedUpstream((request, response) => {
    tasks += 1;
    if (request.method === 'GET') answerJson(response, { code: 422, msg: 'recordInfo is null' });
    else answerJson(response, { code: 200, msg: 'success', data: { taskId: `task-${tasks}` } });
  });
  gateway = await startGatewayProcess(upstream, {
    UPSTREAM_REQUESTS: '100000',
    UPSTREAM_WINDOW_MS: '1',
    UPSTREAM_BREAKER: 'off',
  });
  await gateway.graphql(ExtendDocument, { input: INPUT });
  const submit = upstream.requests.find(({ method }) => method === 'POST');
  callbackUrl = readCallbackUrl(submit?.json()).url;
});

afterAll(async () => {
  const log = await gateway.stop();
  await upstream.close();
  // No input may cause an error in the log. A callback that names another task than its URL is an
  // exception: operators must see it.
  const bugs = log
    .split('\n')
    .filter((line) => !/^$|"level":[34]0|a callback named another/.test(line));
  expect(bugs).toEqual([]);
  expect(sent).toBe(PROPERTIES * RUNS);
});

/** Expects that the gateway still serves an ordinary request. */
async function expectService(): Promise<void> {
  const { data, errors } = await gateway.graphql(ReadVideosDocument, { first: 1 });
  expect(errors).toBeUndefined();
  expect(data.videos.edges.length).toBe(1);
}

/** Runs the check, and an ordinary request after every 25th, so that they do not dominate the time. */
async function amongOthers(check: () => Promise<void>): Promise<void> {
  sent += 1;
  await check();
  if (sent % 25 === 0) await expectService();
}

const NAMES = [
  'video',
  'videos',
  'node',
  'completions',
  'extendVideo',
  'videoExtended',
  'videoUpdated',
  '__schema',
  '__typename',
  '__type',
  'edges',
  'cursor',
  'pageInfo',
  'id',
  'taskId',
  'state',
  'source',
  'ancestors',
  'extensions',
  'failure',
  'Video',
  'Query',
  'Node',
  'first',
  'after',
  'states',
  'input',
  'SUCCEEDED',
  'P720',
  'include',
  'skip',
  'defer',
  'stream',
  'if',
  'true',
  'null',
];
const MARKS = '{ } ( ) [ ] : , ! $ @ ... = & | " """ # \n \\ - . 0 1 -1 1e999 99999999999'.split(
  ' ',
);
const KEYWORDS = ['query', 'mutation', 'subscription', 'fragment', 'on', 'schema', 'type', 'enum'];

const word = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 6, arbitrary: fc.constantFrom(...MARKS) },
  { weight: 2, arbitrary: fc.constantFrom(...KEYWORDS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
);

const value = fc.letrec<{ value: string; field: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('1', '-1', '1e309', '2147483648', 'true', 'null', 'SUCCEEDED', '$a', '""'),
    fc.string({ maxLength: 12 }).map((text) => JSON.stringify(text)),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
    fc
      .array(fc.tuple(fc.constantFrom(...NAMES), tie('value')), { maxLength: 3 })
      .map((fields) => `{${fields.map(([name, text]) => `${name}: ${text}`).join(', ')}}`),
  ),
  field: fc
    .tuple(
      fc.constantFrom(...NAMES),
      fc.array(
        fc.tuple(
          fc.constantFrom('first', 'after', 'taskId', 'id', 'states', 'input'),
          tie('value'),
        ),
        { maxLength: 2 },
      ),
      fc.option(fc.array(tie('field'), { minLength: 1, maxLength: 3 }), { depthSize: 'small' }),
      fc.constantFrom('', '', '', 'a: ', '... on Video ', '@skip(if: true) '),
    )
    .map(([name, args, inner, extra]) => {
      const list = args.length > 0 ? `(${args.map(([key, text]) => `${key}: ${text}`)})` : '';
      const body = inner ? ` { ${inner.join(' ')} }` : '';
      if (extra.startsWith('...')) return `${extra}${body || ' { id }'}`;
      return extra.startsWith('@')
        ? `${name}${list} ${extra}${body}`
        : `${extra}${name}${list}${body}`;
    }),
}));

/** From random bytes to nearly valid documents. */
const document = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.array(word, { maxLength: 40 }).map((words) => words.join(' ')),
  fc
    .tuple(
      fc.constantFrom('', 'query ', 'query Q($a: Int) ', 'mutation ', 'subscription '),
      fc.array(value.field, { minLength: 1, maxLength: 4 }),
    )
    .map(([head, fields]) => `${head}{ ${fields.join(' ')} }`),
  fc.constantFrom(ExtendDocument.toString(), ReadVideosDocument.toString()),
);

const input = fc.record(
  {
    taskId: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()),
    prompt: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()),
    quality: fc.oneof(fc.constantFrom('P720', 'P1080', '720p'), fc.jsonValue()),
    waterMark: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()),
    imageUrl: fc.oneof(fc.webUrl(), fc.string(), fc.jsonValue()),
    expandPrompt: fc.jsonValue(),
    idempotencyKey: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()),
    __proto__: fc.jsonValue(),
  },
  { requiredKeys: [] },
);
const variables = fc.oneof(
  fc.record({ input }),
  fc.record(
    {
      first: fc.oneof(fc.integer(), fc.double(), fc.jsonValue()),
      after: fc.oneof(fc.string({ unit: 'binary' }), fc.base64String(), fc.jsonValue()),
      states: fc.oneof(fc.array(fc.constantFrom('SUCCEEDED', 'FAILED', 'NONE')), fc.jsonValue()),
      a: fc.jsonValue(),
    },
    { requiredKeys: [] },
  ),
  fc.jsonValue(),
);

/** Expects no sign of a server fault: no 5xx, no INTERNAL and no stack. */
async function expectNoFault(response: Response): Promise<void> {
  const text = await response.text();
  expect([response.status, text]).toEqual([expect.toSatisfy((code) => code < 500), text]);
  expect(text).not.toContain('"INTERNAL"');
  expect(text).not.toMatch(/node_modules|\.ts:\d/);
}

describe('random input does not break the gateway', () => {
  it('as documents and variables', async () => {
    await fc.assert(
      fc.asyncProperty(
        document,
        variables,
        fc.constantFrom('POST', 'GET'),
        fc.constantFrom('application/json', 'application/graphql-response+json', '*/*'),
        (query, values, method, accept) =>
          amongOthers(async () => {
            const body = JSON.stringify({ query, variables: values });
            const parameters = new URLSearchParams({
              query: query.toWellFormed(),
              variables: JSON.stringify(values),
            });
            const response =
              method === 'POST'
                ? await fetch(`${gateway.url}/graphql`, {
                    method,
                    headers: { ...JSON_TYPE, accept },
                    body,
                  })
                : await fetch(`${gateway.url}/graphql?${parameters}`, { headers: { accept } });
            await expectNoFault(response);
          }),
      ),
      BOUND,
    );
    await expectService();
  });

  it('as request bodies', async () => {
    const body = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.uint8Array({ maxLength: 200 }),
      fc
        .record(
          {
            query: fc.jsonValue(),
            variables: fc.jsonValue(),
            operationName: fc.jsonValue(),
            extensions: fc.jsonValue(),
            documentId: fc.jsonValue(),
          },
          { requiredKeys: [] },
        )
        .map((request) => JSON.stringify(request)),
    );
    await fc.assert(
      fc.asyncProperty(
        body,
        fc.constantFrom('application/json', 'text/event-stream'),
        (sent, accept) =>
          amongOthers(async () => {
            const init = { method: 'POST', headers: { ...JSON_TYPE, accept } };
            const response = await fetch(`${gateway.url}/graphql`, {
              ...init,
              body: sent as BodyInit,
            });
            await expectNoFault(response);
          }),
      ),
      BOUND,
    );
    await expectService();
  });

  it('as callbacks: any body, to the secret URL and to similar ones', async () => {
    const { pathname } = new URL(callbackUrl);
    const path = fc.oneof(
      { weight: 3, arbitrary: fc.constant(pathname) },
      fc.webPath().map((rest) => `/callbacks${rest}`),
      fc.integer({ min: 0, max: pathname.length }).map((at) => pathname.slice(0, at)),
      fc
        .string({ maxLength: 20 })
        .map((rest) => `${pathname}${encodeURIComponent(rest.toWellFormed())}`),
    );
    // Never code 200: it would end the task, and further callbacks would be repeats.
    const code = fc
      .oneof(fc.integer({ min: 201 }), fc.string(), fc.jsonValue())
      .filter((it) => typeof it === 'object' || Number(it) !== 200);
    const body = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.uint8Array({ maxLength: 100 }),
      fc
        .record(
          {
            code,
            msg: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()),
            data: fc.oneof(
              fc.record(
                {
                  task_id: fc.jsonValue(),
                  video_id: fc.jsonValue(),
                  video_url: fc.oneof(fc.webUrl(), fc.jsonValue()),
                },
                { requiredKeys: [] },
              ),
              fc.jsonValue(),
            ),
          },
          { requiredKeys: [] },
        )
        .map((callback) => JSON.stringify(callback)),
    );
    const type = fc.oneof(
      fc.constantFrom(
        'application/json',
        'application/json; charset=utf-16',
        'text/plain; charset="',
        'x; charset=nonsense',
      ),
      fc.string({ maxLength: 20 }).map((text) => text.replaceAll(/[^\x20-\x7e]/g, '')),
    );
    await fc.assert(
      fc.asyncProperty(path, body, type, (target, sent, contentType) =>
        amongOthers(async () => {
          const response = await fetch(gateway.url + target, {
            method: 'POST',
            headers: { 'content-type': contentType },
            body: sent as BodyInit,
          });
          await expectNoFault(response);
        }),
      ),
      BOUND,
    );
    await expectService();
  });

  it('as headers, paths and methods', async () => {
    const name = fc.constantFrom(
      'accept',
      'authorization',
      'content-type',
      'content-encoding',
      'cookie',
      'host',
      'origin',
      'range',
      'expect-nothing',
      'x-request-id',
      'x-webhook-timestamp',
      'x-forwarded-host',
      'if-none-match',
      'access-control-request-headers',
    );
    const text = fc
      .oneof(
        fc.string({ unit: 'binary-ascii', maxLength: 60 }),
        fc.constantFrom(
          '*/*',
          'text/event-stream',
          'text/html',
          'multipart/mixed',
          'Bearer a.b.c',
          'null',
          'application/json',
        ),
      )
      .map((raw) => raw.replaceAll(/[^\x20-\x7e]/g, '').trim());
    const headers = fc.array(fc.tuple(name, text), { maxLength: 6 }).map(Object.fromEntries);
    const path = fc.oneof(
      fc.constant('/graphql?query=%7B__typename%7D'),
      fc.webPath().map((rest) => rest || '/'),
      fc.webQueryParameters().map((query) => `/graphql?${query}`),
      fc.constantFrom('/health', '/ready', '/graphql', '/metrics', '*'),
    );
    const method = fc.constantFrom(
      'GET',
      'POST',
      'PUT',
      'HEAD',
      'OPTIONS',
      'TRACE',
      'DELETE',
      'PATCH',
      'PROPFIND',
    );
    await fc.assert(
      fc.asyncProperty(path, method, headers, (target, verb, given: Record<string, string>) =>
        amongOthers(async () => {
          const status = await statusOf(target, verb, given);
          expect([target, verb, given, status < 500]).toEqual([target, verb, given, true]);
        }),
      ),
      BOUND,
    );
    await expectService();
  });

  it('as messages on a WebSocket', async () => {
    const id = fc.oneof(fc.constantFrom('1', '2', '__proto__'), fc.string({ maxLength: 5 }));
    const message = fc.oneof(
      fc.constant('{"type":"connection_init"}'),
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.json(),
      fc.uint8Array({ maxLength: 50 }),
      fc
        .record({
          type: fc.constantFrom('subscribe', 'complete', 'ping', 'pong', 'next', 'error'),
          id,
          payload: fc.oneof(
            fc.record({ query: document, variables }),
            fc.record({
              query: document,
              operationName: fc.jsonValue(),
              extensions: fc.jsonValue(),
            }),
            fc.jsonValue(),
          ),
        })
        .map((said) => JSON.stringify(said)),
    );
    const conversation = fc.tuple(
      fc.constantFrom([], ['{"type":"connection_init"}']),
      fc.array(message, { minLength: 1, maxLength: 6 }),
    );
    await fc.assert(
      fc.asyncProperty(conversation, ([first, rest]) =>
        amongOthers(async () => {
          const { code, said } = await converse([...first, ...rest]);
          // 4500 is the protocol's own way of saying that something was thrown.
          expect([1000, 1005, 1007, 4400, 4401, 4403, 4409, 4429]).toContain(code);
          expect(said).not.toContain('"INTERNAL"');
          expect(said).not.toMatch(/node_modules|\.ts:\d/);
        }),
      ),
      BOUND,
    );
    await expectService();
  });
});

function statusOf(path: string, method: string, headers: Record<string, string>): Promise<number> {
  const { hostname, port } = new URL(gateway.url);
  return new Promise((resolve, reject) => {
    const request = sendRequest({ hostname, port, path, method, headers }, (response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    request.on('error', reject).end(method === 'POST' ? '{"query":"{ __typename }"}' : undefined);
  });
}

/** Sends all messages, and closes once the last one has been answered, or the gateway closes. */
function converse(messages: (string | Uint8Array)[]): Promise<{ code: number; said: string }> {
  const socket = new WebSocket(
    `${gateway.url.replace('http', 'ws')}/graphql`,
    'graphql-transport-ws',
  );
  let said = '';
  return new Promise((resolve, reject) => {
    socket.on('open', () => {
      for (const message of messages) socket.send(message);
      socket.send('{"type":"ping","payload":{"last":true}}');
    });
    socket.on('message', (data) => {
      said += String(data);
      if (String(data) === '{"type":"pong","payload":{"last":true}}') socket.close(1000);
    });
    socket.on('close', (code) => resolve({ code, said }));
    socket.on('error', reject);
  });
}
