import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { type GraphQLObjectType, getIntrospectionQuery, isObjectType } from 'graphql';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBody } from '../src/read-body.ts';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { schema } from '../src/schema/index.ts';
import { toIntrospectionLengths } from '../src/server/graphql/introspection-lengths.ts';
import { createHttpServer, type Routes } from '../src/server/http/server.ts';
import { ExtendDocument, ReadVideosDocument } from './generated/graphql.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { INPUT } from './support/operations.ts';
import { type ScriptedUpstream, startScriptedUpstream } from './support/scripted-upstream.ts';
import { openRawSocket } from './support/socket.ts';
import { bearerOf, JWT_ENV } from './support/tokens.ts';
import { openWays, WAY_NAMES, type Ways } from './support/ways.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const INPUT_TEXT = '{ taskId: "x", prompt: "p", quality: P720 }';
const SUBMIT = `extendVideo(input: ${INPUT_TEXT}) { __typename }`;

/** Errors in an answer, or in place of one: in the quotes of JSON, or of JSON within JSON. */
const REFUSED = /\\*"errors\\*":\[|"type":"error"/;

const times = (count: number, write: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => write(index)).join(' ');
const nest = (depth: number, open: string, leaf: string) =>
  open.repeat(depth) + leaf + '}'.repeat(depth);

/** @see https://github.com/dolevf/graphql-cop */
const EXCESSES: Record<string, [document: string, refusal: RegExp]> = {
  'aliases: 101 of one field': [
    `{ ${times(101, (index) => `a${index}: __typename`)} }`,
    /101 aliases, at most 100/,
  ],
  'aliases of a field that asks the upstream': [
    `{ ${times(200, (index) => `a${index}: video(taskId: "t${index}") { state }`)} }`,
    /200 aliases, at most 100/,
  ],
  'aliases hidden in a fragment that is spread twice': [
    `{ ...F ... { ...F } } fragment F on Query { ${times(60, (index) => `a${index}: __typename`)} }`,
    /120 aliases, at most 100/,
  ],
  'aliases hidden in inline fragments': [
    `{ ${times(101, (index) => `... { a${index}: __typename }`)} }`,
    /101 aliases/,
  ],
  'directives: 60 on 60 fields': [
    `{ ${times(60, () => '__typename @include(if: true)')} }`,
    /60 directives, at most 50/,
  ],
  'directives: one field with very many': [`{ __typename ${'@aa'.repeat(60)} }`, /60 directives/],
  'directives on fragments': [
    `{ ${times(51, () => '... @include(if: true) { __typename }')} }`,
    /51 directives/,
  ],
  'directives on the operation': [`query ${'@aa '.repeat(51)} { __typename }`, /51 directives/],
  'a fragment within itself': [
    '{ ...A } fragment A on Query { ...A }',
    /Cannot spread fragment .*A.* within itself/,
  ],
  'a circle of fragments': [
    '{ ...A } fragment A on Query { ...B } fragment B on Query { __typename ...A }',
    /Cannot spread fragment .*A.* within itself/,
  ],
  'a bomb of fragments: 2 to the power of 30 fields': [
    `{ ...F0 } ${times(30, (index) => `fragment F${index} on Query { ...F${index + 1} ... { ...F${index + 1} } }`)} fragment F30 on Query { a: __typename }`,
    /1073741824 aliases/,
  ],
  'a bomb of fragments in a list': [
    `{ videos { edges { node { ...F0 } } } } ${times(12, (index) => `fragment F${index} on Video { extensions { edges { node { ...F${index + 1} } } } }`)} fragment F12 on Video { id }`,
    /in cost, at most/,
  ],
  'one field written 5,000 times': [`{ ${'__typename '.repeat(5_000)} }`, /more than 4000 tokens/],
  'a document of very many tokens': [
    `{ ${times(1_000, () => 'video(taskId: "a") { id }')} }`,
    /more than 4000 tokens/,
  ],
  'very many operations': [
    times(700, (index) => `query Q${index} { __typename }`),
    /more than 4000 tokens|Must provide operation name|Unable to identify|Unknown operation|Could not determine/,
  ],
  'depth: 21 levels': [
    `{ video(taskId: "a") ${nest(19, '{ source ', '{ id }')} }`,
    /21 levels deep, at most 20/,
  ],
  'depth through fragments': [
    `{ video(taskId: "a") { ...F0 } } ${times(25, (index) => `fragment F${index} on Video { source { ...F${index + 1} } }`)} fragment F25 on Video { id }`,
    /27 levels deep/,
  ],
  'depth: 900 levels': [
    `{ video(taskId: "a") ${nest(900, '{ source ', '{ id }')} }`,
    /levels deep|more than 4000 tokens/,
  ],
  'pages of pages of pages': [
    '{ videos(first: 100) { edges { node { extensions(first: 100) { edges { node { extensions(first: 100) { edges { cursor } } } } } } } } }',
    /in cost, at most 100000/,
  ],
  'pages whose length a variable says': [
    'query ($n: Int = 1) { videos(first: $n) { edges { node { extensions(first: $n) { edges { node { extensions(first: $n) { edges { cursor } } } } } } } } }',
    /in cost, at most 100000/,
  ],
  'pages without an item, each of them a statement': [
    `{ videos(first: 100) { edges { node { ${times(20, (index) => `e${index}: extensions(first: 0) { pageInfo { endCursor } }`)} } } } }`,
    /in cost, at most 100000/,
  ],
  'sources, each of them a read': [
    `{ videos(first: 100) { edges { node { ${times(20, (index) => `s${index}: source { id }`)} } } } }`,
    /in cost, at most 100000/,
  ],
  'rows of long lists': [
    `{ ${times(98, (index) => `l${index}: videos(first: 100) { edges { node { id state taskId createdAt prompt } } }`)} }`,
    /in cost, at most 100000/,
  ],
  'pages longer than pages are': [
    '{ videos(first: 101) { edges { cursor } } }',
    /between 0 and 100/,
  ],
  'pages beside a negative length that is left out': [
    '{ n: videos(first: -2147483648) @skip(if: true) { edges { node { id } } } videos(first: 100) { edges { node { extensions(first: 100) { edges { node { extensions(first: 100) { edges { cursor } } } } } } } } }',
    /in cost, at most 100000/,
  ],
  'pages of a negative length': ['{ videos(first: -1) { edges { cursor } } }', /between 0 and 100/],
  'introspection under ever new aliases': [
    `{ ${times(95, (index) => `s${index}: __schema { types { name fields { name description args { name } type { name kind } } } }`)} }`,
    /in cost, at most 100000/,
  ],
  'introspection in circles': [
    `{ __schema { types { ${nest(6, 'fields { type { ', 'name').replaceAll('}', '} }')} } } }`,
    /Maximum introspection depth exceeded/,
  ],
};

/** What an application may well ask for at once. */
const GENEROUS: Record<string, string> = {
  'a page with its lineages and extensions': `{ videos(first: 100) { edges { cursor node {
    id taskId state prompt quality waterMark videoUrl coverUrl createdAt finishedAt expiresAt expired
    failure { reason message retryable } source { id state coverUrl }
    ancestors { id state prompt } extensions { edges { node { id state prompt } } } } } } }`,
  'the whole schema': getIntrospectionQuery(),
  'a page of pages': `{ videos(first: 100) { edges { node { extensions(first: 100) { edges { node { id state taskId } } } } } } }`,
  'a list for each state, and more': `{ ${times(90, (index) => `l${index}: videos(states: [FAILED]) { edges { node { id } } }`)} }`,
  'a hundred videos by their ids': `{ ${times(100, (index) => `v${index}: video(taskId: "01234567-0000-7000-8000-00000000000${index % 10}") { id state videoUrl }`)} }`,
};

/** What costs money is refused in twos, whatever it is wrapped in. */
const TWO_SUBMITS: Record<string, string> = {
  'two aliases': `mutation { a: ${SUBMIT} b: ${SUBMIT} }`,
  'ten aliases': `mutation { ${times(10, (index) => `a${index}: ${SUBMIT}`)} }`,
  'a fragment beside a field': `mutation { ...F b: ${SUBMIT} } fragment F on Mutation { a: ${SUBMIT} }`,
  'a fragment of fragments': `mutation { ...F ...G } fragment F on Mutation { ...G } fragment G on Mutation { ...H b: ${SUBMIT} } fragment H on Mutation { a: ${SUBMIT} }`,
  'inline fragments': `mutation { ... { a: ${SUBMIT} } ... on Mutation { b: ${SUBMIT} } }`,
  'a directive that leaves one out': `mutation { a: ${SUBMIT} b: extendVideo(input: ${INPUT_TEXT}) @skip(if: true) { __typename } }`,
};

describe('an oversized document', () => {
  let upstream: ScriptedUpstream;
  let gateway: TestGateway;
  let ways: Ways;
  beforeAll(async () => {
    upstream = await startScriptedUpstream(() => {});
    gateway = await startGateway(upstream, { INTROSPECTION: 'on' });
    ways = await openWays(gateway);
  });
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    await upstream.close();
  });

  it.each(Object.entries(EXCESSES))(
    'is refused on every transport: %s',
    async (_name, [document, refusal]) => {
      for (const way of WAY_NAMES) {
        // A line of a GET holds 16 KiB; what is longer does not even come to be read.
        if (way.endsWith('GET') && document.length > 8_000) continue;
        const answer = await ways[way]({ document });
        expect([way, answer]).toEqual([way, expect.stringMatching(refusal)]);
        expect(answer).not.toMatch(/\\*"data\\*":\{/);
      }
      expect(upstream.requests).toEqual([]);
    },
  );

  it.each(Object.entries(TWO_SUBMITS))('may not submit twice: %s', async (_name, document) => {
    for (const way of ['POST', 'SSE by POST', 'WebSocket'] as const) {
      const answer = await ways[way]({ document });
      expect([way, answer]).toEqual([
        way,
        expect.stringMatching(/submits in one operation, at most 1/),
      ]);
    }
    expect(upstream.requests).toEqual([]);
  });

  it('is refused by its own size only: ordinary queries pass', async () => {
    const documents = [
      `{ ${times(50, (index) => `a${index}: __typename`)} }`,
      `{ ${times(100, (index) => `a${index}: __typename`)} }`,
      `{ videos { edges { node { ${nest(8, 'source { ', 'id')} } } } }`,
      `{ videos { edges { node { ${nest(16, 'source { ', 'id')} } } } }`,
      `{ ${times(50, () => '__typename @include(if: true)')} }`,
      '{ videos(first: 100) { edges { node { id state prompt } } pageInfo { hasNextPage } } }',
      getIntrospectionQuery(),
    ];
    for (const document of documents) {
      for (const way of WAY_NAMES) {
        const answer = await ways[way]({ document });
        expect([way, answer]).toEqual([way, expect.not.stringMatching(REFUSED)]);
        expect(answer).toMatch(/\\*"data\\*":\{/);
      }
    }
  });

  it('is measured quickly, whatever its form', async () => {
    // Each of these would take minutes by a measure that follows every spread.
    const bomb = EXCESSES['a bomb of fragments: 2 to the power of 30 fields']?.[0] ?? '';
    const overlap = `{ ${times(300, () => '...F')} } fragment F on Query { ${times(300, () => 'video(taskId: "a") { id }')} }`;
    const lists = `query ($v: [VideoState!]) { videos(states: $v) { edges { cursor } } }`;
    const variables = { v: Array.from({ length: 25_000 }, () => 'FAILED') };

    for (const way of ['POST', 'SSE by POST', 'WebSocket'] as const) {
      await ways[way]({ document: bomb });
      await ways[way]({ document: overlap });
      expect(await ways[way]({ document: lists, variables })).toMatch(/edges\\*":\[\]/);
    }
  });
});

describe('several operations in one request', () => {
  it('are no batch, by POST and on a socket', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream);
    const one = { query: `mutation { ${SUBMIT} }` };

    for (const accept of ['application/json', 'text/event-stream', 'multipart/mixed']) {
      const response = await fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { ...JSON_TYPE, accept },
        body: JSON.stringify([one, one]),
      });
      expect(response.status).toBe(400);
    }
    const socket = await openRawSocket(gateway.url);
    socket.send({ type: 'connection_init' });
    await socket.next();
    socket.send({ id: '1', type: 'subscribe', payload: [one, one] });

    expect(await socket.closed).toBe(4400);
    expect(upstream.requests).toEqual([]);
  });

  it('require a valid operationName', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream);
    const ways = await openWays(gateway);
    const document = `query A { __typename } mutation B { ${SUBMIT} }`;

    for (const more of [{}, { operationName: 'C' }, { operationName: '__proto__' }]) {
      for (const way of WAY_NAMES) {
        const answer = await ways[way]({ document, more });
        expect([way, answer]).toEqual([way, expect.stringMatching(REFUSED)]);
        expect(answer).not.toMatch(/\\*"data\\*":\{/);
      }
    }
    expect(upstream.requests).toEqual([]);
  });
});

describe('a GET', () => {
  it('never executes a mutation, with any Accept', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream);
    const mutation = `mutation M { ${SUBMIT} }`;

    for (const accept of [
      'application/json',
      'text/event-stream',
      '*/*',
      'text/html',
      'multipart/mixed',
    ]) {
      for (const parameters of [
        { query: mutation },
        { query: `query Q { __typename } ${mutation}`, operationName: 'M' },
        { query: `# query\n${mutation}` },
      ]) {
        for (const method of ['GET', 'HEAD']) {
          const response = await fetch(
            `${gateway.url}/graphql?${new URLSearchParams(parameters)}`,
            {
              method,
              headers: { accept },
            },
          );
          // A browser gets GraphiQL with the document, which is not executed.
          const statuses = accept === 'text/html' ? [200, 406] : [405];
          expect([accept, method, statuses]).toEqual([
            accept,
            method,
            expect.arrayContaining([response.status]),
          ]);
          await response.body?.cancel();
        }
      }
    }
    expect(upstream.requests).toEqual([]);
  });

  it('never executes a mutation by an operationName either', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream);
    const query = new URLSearchParams({ query: `mutation { ${SUBMIT} }` });

    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const response = await fetch(`${gateway.url}/graphql?${query}`, {
        method,
        headers: { ...JSON_TYPE, 'x-http-method-override': 'POST' },
      });
      expect([method, response.status]).toEqual([method, 405]);
    }
    const overridden = await fetch(`${gateway.url}/graphql?${query}`, {
      headers: { 'x-http-method-override': 'POST', 'x-http-method': 'POST' },
    });
    expect(overridden.status).toBe(405);
    expect(upstream.requests).toEqual([]);
  });
});

/** What a page may send without asking first (Fetch standard, CORS-safelisted request-header). */
const SIMPLE_BODIES: [string, string][] = [
  ['text/plain', JSON.stringify({ query: `mutation { ${SUBMIT} }` })],
  ['text/plain; charset=utf-8', JSON.stringify({ query: `mutation { ${SUBMIT} }` })],
  ['text/plain, application/json', JSON.stringify({ query: `mutation { ${SUBMIT} }` })],
  ['application/x-www-form-urlencoded', `query=${encodeURIComponent(`mutation { ${SUBMIT} }`)}`],
  [
    'multipart/form-data; boundary=b',
    `--b\r\ncontent-disposition: form-data; name="operations"\r\n\r\n${JSON.stringify({ query: `mutation { ${SUBMIT} }` })}\r\n--b--\r\n`,
  ],
];

describe('a page of a foreign origin', () => {
  it.each(SIMPLE_BODIES)('cannot submit by a body of %s', async (type, body) => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream);

    for (const accept of ['application/json', 'text/event-stream']) {
      const response = await fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': type, accept, origin: 'https://evil.example.net' },
        body,
      });
      expect(response.status).toBe(415);
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
    }
    expect(upstream.requests).toEqual([]);
  });

  it('can read no answer of any status', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream, {
      ...JWT_ENV,
      CORS_ORIGINS: 'https://app.example.com',
    });
    const query = new URLSearchParams({ query: '{ __typename }' });

    for (const origin of [
      'https://evil.example.net',
      'https://app.example.com.evil.example.net',
      'https://evilapp.example.com',
      'http://app.example.com',
      'https://app.example.com:8443',
      'https://APP.example.com',
      'null',
      '*',
    ]) {
      for (const init of [
        { method: 'OPTIONS', headers: { 'access-control-request-method': 'POST' } },
        { method: 'GET' },
        { method: 'POST', headers: JSON_TYPE, body: '{}' },
        { method: 'POST', headers: JSON_TYPE, body: ' '.repeat(300_000) },
        { method: 'POST', headers: { accept: 'text/event-stream', ...JSON_TYPE }, body: '{}' },
      ]) {
        const response = await fetch(`${gateway.url}/graphql?${query}`, {
          ...init,
          headers: { ...init.headers, origin } as Record<string, string>,
        });
        const said = [...response.headers.keys()].filter((name) =>
          name.startsWith('access-control'),
        );
        expect([origin, init.method, said]).toEqual([origin, init.method, []]);
      }
    }
  });
});

describe('a document just below the limits', () => {
  it.each(Object.entries(GENEROUS))('is answered: %s', async (_, document) => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);

    const { data, errors } = await gateway.send(document);

    expect(errors).toBeUndefined();
    expect(data).toBeDefined();
  });
});

it('no field of the schema has the name of an introspection field, which would change its price', () => {
  const names = [...toIntrospectionLengths(schema).keys()];
  const own = Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) && !type.name.startsWith('__'))
    .flatMap((type) => Object.keys((type as GraphQLObjectType).getFields()));
  expect(own.filter((name) => names.includes(name))).toEqual([]);
});

describe('an oversized body or header', () => {
  it('is refused before it is read, with 413 or 431, on each transport', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream);
    const body = JSON.stringify({ query: `{ __typename } # ${'x'.repeat(256 * 1024)}` });

    for (const accept of ['application/json', 'text/event-stream']) {
      const response = await fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { ...JSON_TYPE, accept },
        body,
      });
      expect(response.status).toBe(413);
    }
    const long = 'x'.repeat(20_000);
    const statuses = await Promise.all(
      [
        `GET /graphql?query=${long} HTTP/1.1\r\nhost: localhost\r\n\r\n`,
        `GET /graphql HTTP/1.1\r\nhost: localhost\r\nx-long: ${long}\r\n\r\n`,
        `POST /graphql HTTP/1.1\r\nhost: localhost\r\n${'x-many: 1234\r\n'.repeat(2_000)}\r\n`,
        `GET /graphql HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-protocol: ${long}\r\n\r\n`,
      ].map((text) => sendRaw(gateway.url, text)),
    );
    expect(statuses.map((answer) => answer.slice(0, 12))).toEqual([
      'HTTP/1.1 431',
      'HTTP/1.1 431',
      'HTTP/1.1 431',
      'HTTP/1.1 431',
    ]);
    expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
  });

  it('is detected whatever its Content-Length claims, and also in chunks', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream);
    const head = 'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';

    for (const text of [
      `${head}content-length: 5\r\ncontent-length: 6\r\n\r\n{"a":`,
      `${head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      `${head}content-length: -1\r\n\r\n`,
      `${head}transfer-encoding: chunked\r\n\r\nzz\r\n`,
    ]) {
      expect(await sendRaw(gateway.url, text)).toMatch(/^HTTP\/1.1 400 /);
    }
    const endless = await sendRaw(
      gateway.url,
      `${head}transfer-encoding: chunked\r\n\r\n${`1000\r\n${' '.repeat(4096)}\r\n`.repeat(80)}`,
    );
    expect(endless).toMatch(/^HTTP\/1.1 413 /);
  });

  it('has at most 30 s to arrive: the timeouts of the server are set', () => {
    const routes = { longestAnswerMs: 40_000, basePath: '' } as Routes;
    const server = createHttpServer(routes, pino({ level: 'silent' }));

    for (const limit of [server.headersTimeout, server.requestTimeout]) {
      expect(limit).toBeGreaterThan(0);
      expect(limit).toBeLessThanOrEqual(30_000);
    }
    // An unread answer is not kept forever, and a slow answer is not cut off.
    expect(server.timeout).toBeGreaterThan(40_000);
    expect(server.timeout).toBeLessThanOrEqual(120_000);
  });

  it('is not read from a foreign origin', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream, JWT_ENV);
    const head = 'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';

    const answer = await sendRaw(
      gateway.url,
      `${head}transfer-encoding: chunked\r\n\r\n1\r\n{\r\n`,
    );

    expect(answer).toMatch(/^HTTP\/1.1 401 /);
  });

  it('is not retained by a subscription, on any transport', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream);
    const ways = await openWays(gateway);
    const document = 'subscription { videoExtended(taskId: "\\u0000") { cursor } }';
    const long = 'x'.repeat(33_000);
    for (const way of ['SSE by POST', 'WebSocket'] as const) {
      for (const asked of [
        { document: `${document} # ${long}` },
        { document, variables: { unused: long } },
        { document, more: { extensions: { long } } },
      ]) {
        expect(await ways[way](asked)).toMatch(/32 KiB/);
      }
      expect(await ways[way]({ document })).toContain('VIDEO_NOT_FOUND');
    }
    const socket = await openRawSocket(gateway.url);
    socket.send({ type: 'connection_init' });
    await socket.next();
    socket.send({ type: 'subscribe', id: long, payload: { query: document } });
    expect(JSON.stringify(await socket.next())).toMatch(/32 KiB/);
  });
});

describe('a body', () => {
  const head = 'POST /graphql HTTP/1.1\r\nhost: localhost\r\n';
  const QUERY = JSON.stringify({ query: '{ __typename }' });

  it('in many small chunks is assembled without keeping each chunk', async () => {
    const request = new PassThrough({ highWaterMark: 0 });
    const read = readBody(request as unknown as IncomingMessage, 1_000);
    const pieces: WeakRef<Buffer>[] = [];
    for (const letter of '{"query":"{ é }"}'.repeat(20)) {
      const piece = Buffer.from(letter);
      pieces.push(new WeakRef(piece));
      request.write(piece);
      await new Promise(setImmediate);
    }

    setFlagsFromString('--expose-gc');
    runInNewContext('gc')();
    // The stream itself may hold the last of them.
    expect(pieces.slice(0, -4).filter((piece) => piece.deref())).toEqual([]);
    request.end();

    expect(String(await read)).toBe('{"query":"{ é }"}'.repeat(20));
  });

  it('that is not UTF-8 is refused, because replacement characters would make different inputs equal', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream);
    const body = Buffer.from('{"query":"{ __typename } # caf\xe9"}', 'latin1');
    const send = (type: string, given: Uint8Array<ArrayBuffer> | string, more = {}) =>
      fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': type, ...more },
        body: given,
      });

    const answers = [
      await send('application/json', new Uint8Array(body)),
      await send('application/json; charset=iso-8859-1', body),
      await send('application/json', new Uint8Array(gzipSync(QUERY)), {
        'content-encoding': 'gzip',
      }),
    ];
    const read = [
      await send('application/json; charset="UTF-8"', QUERY),
      await send('application/json;charset=utf8', QUERY, { 'content-encoding': 'identity' }),
    ];

    expect(answers.map(({ status }) => status)).toEqual([400, 415, 415]);
    for (const answer of answers) {
      expect(await answer.json()).toMatchObject({
        errors: [{ extensions: { code: 'BAD_REQUEST' } }],
      });
    }
    expect(read.map(({ status }) => status)).toEqual([200, 200]);
  });

  it('that is not UTF-8 closes a socket, also in a binary frame', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream);
    const socket = new WebSocket(gateway.url.replace('http', 'ws').concat('/graphql'), [
      'graphql-transport-ws',
    ]);
    const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener('close', resolve));
    await new Promise((resolve) => socket.addEventListener('open', resolve));

    socket.send(Buffer.from('{"type":"ping","payload":{"a":"caf\xe9"}}', 'latin1'));

    expect((await closed).code).toBe(4400);
  });

  it('is accepted from a client that offers an HTTP/2 upgrade', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream);
    const upgrade =
      'connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n';
    const json = `content-type: application/json\r\ncontent-length: ${QUERY.length}\r\n\r\n${QUERY}`;

    const answers = await Promise.all([
      sendRaw(gateway.url, `${head}${upgrade}${json}`),
      sendRaw(gateway.url, `GET /health HTTP/1.1\r\nhost: localhost\r\n${upgrade}\r\n`),
    ]);

    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1.1 200 /);
  });
});

/** Sends bytes as they are, and resolves with what comes back until the connection goes. */
function sendRaw(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer = '';
  const socket = connect(Number(port), hostname, () => socket.write(text));
  socket.on('data', (chunk) => {
    answer += String(chunk);
    if (answer.includes('\r\n\r\n')) socket.end();
  });
  socket.on('error', () => {});
  socket.on('close', () => resolve(answer));
  return promise;
}

describe('with INTROSPECTION=off', () => {
  const QUESTIONS = [
    '{ __schema { queryType { name } } }',
    '{ __type(name: "Video") { name } }',
    '{ a: __schema { b: types { c: name } } }',
    '{ ...F } fragment F on Query { __schema { types { name } } }',
    'query { ... on Query { __type(name: "Query") { fields { name } } } }',
    getIntrospectionQuery(),
  ];
  const SLIPS = [
    '{ vidos { edges { cursor } } }',
    '{ video(taskIdd: "a") { id } }',
    '{ videos(first: 1) { edgs { cursor } } }',
    '{ ... on Vidoe { id } }',
  ];

  it('reveals nothing of the schema, on any transport', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream, { INTROSPECTION: 'off' });
    const ways = await openWays(gateway);

    for (const way of WAY_NAMES) {
      for (const document of QUESTIONS) {
        const answer = await ways[way]({ document });
        expect([way, answer]).toEqual([way, expect.stringMatching(/introspection/i)]);
        expect(answer).not.toContain('VideoConnection');
      }
      for (const document of SLIPS) {
        const answer = await ways[way]({ document });
        expect(answer).toMatch(REFUSED);
        expect([way, answer]).toEqual([way, expect.not.stringMatching(/did you mean/i)]);
      }
      expect(await ways[way]({ document: '{ __typename }' })).toMatch(/Query/);
    }
  });
});

describe('an answer', () => {
  it('contains no stack, file, package or trace, whatever the error', async () => {
    await using upstream = await startScriptedUpstream((_, response) => response.destroy());
    await using gateway = await startGateway(upstream, { UPSTREAM_TIMEOUT_MS: '500' });
    const ways = await openWays(gateway);
    const answers: string[] = [];

    for (const way of WAY_NAMES) {
      for (const operation of [
        { document: '{' },
        { document: '' },
        { document: '{ nothing }' },
        { document: '{ video(taskId: "elsewhere") { id } }' },
        {
          document: 'query ($a: Int!) { videos(first: $a) { edges { cursor } } }',
          variables: { a: 'x' },
        },
        { document: '{ videos(after: "\\u0000") { edges { cursor } } }' },
        { document: '{ completions(after: "x") { edges { cursor } } }' },
        { document: 'subscription { videoUpdated(taskId: "\\uD83D") { id } }' },
        { document: `mutation { ${SUBMIT} }` },
      ]) {
        answers.push(await ways[way]({ ...operation, more: { extensions: { tracing: true } } }));
      }
    }
    for (const [path, init] of [
      ['/graphql', { method: 'POST', headers: JSON_TYPE, body: '{"query"' }],
      [
        '/graphql?query={__typename}&debug=1&trace=1',
        { headers: { 'apollo-federation-include-trace': 'ftv1', 'x-debug': '1' } },
      ],
      ['/graphql?variables={', {}],
      ['/graphql?query={__typename}&extensions=7', {}],
      ['/graphql/../../etc/passwd', {}],
      ['/%00', {}],
      ['/callbacks/%2e%2e/x', { method: 'POST', body: 'x' }],
    ] as [string, RequestInit][]) {
      const response = await fetch(gateway.url + path, init);
      answers.push(JSON.stringify([[...response.headers], await response.text()]));
    }

    for (const answer of answers) {
      expect(answer).not.toMatch(/\.ts\b|\.js\b|node_modules|\/src\/|\bat [\w.<]+ \(|stack/);
      expect(answer).not.toMatch(
        /x-powered-by|"server"|tracing|sqlite|kysely|select |ECONN|UND_ERR/i,
      );
    }
  });

  it('has a code with any Host and Accept', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream, JWT_ENV);
    const get = 'GET /graphql?query=%7B__typename%7D HTTP/1.1';
    const who = `authorization: ${bearerOf('alice')}`;
    for (const host of ['[', 'a b', 'x:abc', '%', '<x>', 'x/y?z#w', 'a@b']) {
      const answer = await sendRaw(gateway.url, `${get}\r\nhost: ${host}\r\n${who}\r\n\r\n`);
      expect([host, answer]).toEqual([
        host,
        expect.stringMatching(/^HTTP\/1.1 400 [\s\S]*BAD_REQUEST/),
      ]);
    }
    const unknown = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { ...JSON_TYPE, accept: 'image/png', authorization: bearerOf('alice') },
      body: '{"query":"{ __typename }"}',
    });
    expect(unknown.status).toBe(406);
    expect(await unknown.json()).toMatchObject({
      errors: [{ extensions: { code: 'BAD_REQUEST' } }],
    });
  });

  it('does not echo a TRACE request', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream);

    for (const path of ['/graphql', '/', '/health']) {
      const answer = await sendRaw(
        gateway.url,
        `TRACE ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer echo-canary\r\nconnection: close\r\n\r\n`,
      );
      expect(answer).not.toContain('echo-canary');
    }
  });

  it('with GraphiQL allows only its own script, and no frames', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream);

    const response = await fetch(`${gateway.url}/graphql`, { headers: { accept: 'text/html' } });
    const page = await response.text();

    const policy = response.headers.get('content-security-policy') ?? '';
    const directives = new Map(
      policy.split('; ').map((part) => [part.split(' ')[0], part.split(' ').slice(1)]),
    );
    expect(directives.get('default-src')).toEqual(["'none'"]);
    expect(directives.get('connect-src')).toEqual(["'self'"]);
    expect(directives.get('frame-ancestors')).toEqual(["'none'"]);
    expect(directives.get('base-uri')).toEqual(["'none'"]);
    expect(directives.get('form-action')).toEqual(["'none'"]);
    const script = /<script>([\s\S]*)<\/script>/.exec(page)?.[1] ?? '';
    const hash = createHash('sha256').update(script).digest('base64');
    expect(directives.get('script-src')).toEqual([`'sha256-${hash}'`]);
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval/);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('x-frame-options')).toBe('DENY');
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');
  });

  it('is not GraphiQL in production or with authentication, unless it is enabled', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    for (const [env, status] of [
      [{ NODE_ENV: 'production' }, 406],
      [JWT_ENV, 401],
      [{ ...JWT_ENV, GRAPHIQL: 'on' }, 200],
    ] as const) {
      await using gateway = await startGateway(upstream, env);
      const response = await fetch(`${gateway.url}/graphql`, { headers: { accept: 'text/html' } });
      expect([env, response.status]).toEqual([env, status]);
      await response.body?.cancel();
    }
  });
});

describe('with TRUSTED_DOCUMENTS', () => {
  const LIST = fileURLToPath(new URL('generated/persisted-documents.json', import.meta.url));
  const documents = JSON.parse(readFileSync(LIST, 'utf8')) as Record<string, string>;
  const hashOf = (part: string) =>
    Object.entries(documents).find(([, text]) => text.includes(part))?.[0] ?? expect.fail(part);
  const LISTED = hashOf('query ReadVideos');
  const MUTATION = hashOf('mutation Extend(');

  it('executes listed documents in every form of reference, on every transport', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream, { TRUSTED_DOCUMENTS: LIST });
    const ways = await openWays(gateway);

    for (const way of WAY_NAMES) {
      for (const more of [
        { documentId: LISTED },
        { documentId: LISTED.replace('sha256:', '') },
        {
          extensions: { persistedQuery: { version: 1, sha256Hash: LISTED.replace('sha256:', '') } },
        },
      ]) {
        const answer = await ways[way]({ document: '', more, variables: { first: 1 } });
        expect([way, more, answer]).toEqual([way, more, expect.stringMatching(/edges\\*":\[\]/)]);
      }
    }
  });

  it('executes no other document, on any transport', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream, { TRUSTED_DOCUMENTS: LIST });
    const ways = await openWays(gateway);
    const mutation = `mutation { ${SUBMIT} }`;
    const sha256Hash = createHash('sha256').update(mutation).digest('hex');

    for (const way of WAY_NAMES) {
      for (const [document, more] of [
        ['{ __typename }', {}],
        [ReadVideosDocument.toString(), {}],
        [documents[LISTED] ?? '', {}],
        [mutation, {}],
        [mutation, { extensions: { persistedQuery: { version: 1, sha256Hash } } }],
        [mutation, { documentId: sha256Hash }],
        [mutation, { documentId: `sha256:${sha256Hash}` }],
        ['', { documentId: '' }],
        ['', { documentId: '__proto__' }],
        ['', { documentId: 'constructor' }],
        ['', { documentId: LISTED.toUpperCase() }],
        ['', { documentId: [LISTED] }],
        ['', { documentId: { [LISTED]: 1 } }],
        ['', { extensions: { persistedQuery: { sha256Hash: [LISTED] } } }],
        ['', { extensions: { persistedQuery: LISTED } }],
      ] as [string, Record<string, unknown>][]) {
        const answer = await ways[way]({ document, more });
        expect([way, more, answer]).toEqual([
          way,
          more,
          expect.stringMatching(/PERSISTED_QUERY_NOT_FOUND|BAD_REQUEST/),
        ]);
      }
    }
    expect(upstream.requests).toEqual([]);
  });

  it('an id together with another text executes the listed text', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { TRUSTED_DOCUMENTS: LIST });
    const ways = await openWays(gateway);

    for (const way of ['POST', 'SSE by POST', 'WebSocket'] as const) {
      const answer = await ways[way]({
        document: `mutation { ${SUBMIT} }`,
        more: { documentId: LISTED },
      });
      expect(answer).toMatch(/edges\\*":\[\]/);
    }
    expect(sandbox.requests).toEqual([]);
  });

  it('a GET never executes a mutation', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream, { TRUSTED_DOCUMENTS: LIST });
    const ways = await openWays(gateway);
    expect(documents[MUTATION]).toContain('extendVideo');
    expect(ExtendDocument.toString()).toContain('extendVideo');

    for (const way of ['GET', 'SSE by GET'] as const) {
      const sha256Hash = MUTATION.replace('sha256:', '');
      for (const more of [
        { documentId: MUTATION },
        { extensions: { persistedQuery: { sha256Hash } } },
      ]) {
        const answer = await ways[way]({ document: '', more, variables: { input: INPUT } });
        expect([way, answer]).toEqual([way, expect.stringMatching(/^\[405,/)]);
      }
    }
    expect(upstream.requests).toEqual([]);
  });

  it('the start is refused if the list cannot be read', async () => {
    for (const path of ['/nowhere/list.json', fileURLToPath(import.meta.url)]) {
      await expect(
        startGateway({ url: 'http://127.0.0.1:9' }, { TRUSTED_DOCUMENTS: path }),
      ).rejects.toThrow(/TRUSTED_DOCUMENTS: .* is not a readable list/);
    }
  });
});
