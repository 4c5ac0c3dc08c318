import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExtendDocument } from './generated/graphql.ts';
import { postCallback, readCallbackUrl, toFailure, toSuccess } from './support/callback.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { INPUT } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import { chooseRounds } from './support/rounds.ts';
import {
  answerJson,
  type ScriptedUpstream,
  startScriptedUpstream,
} from './support/scripted-upstream.ts';
import { bearerOf, JWT_ENV } from './support/tokens.ts';

/** The executor answers the first time, and the plan from then on. */
const OFTEN = 3;
const ALICE = bearerOf('alice');
const NOT_COMPARED = /^(date|x-request-id|content-length|transfer-encoding|connection|keep-alive)$/;

/** Two replicas on one database: one with the thin path, and one that sends everything to Yoga. */
let thin: TestGateway;
let plain: TestGateway;
const postgres = sharedPostgres();
let upstream: ScriptedUpstream;
const ids: string[] = ['unknown', ''];

beforeAll(async () => {
  let tasks = 0;
  upstream = await startScriptedUpstream((request, response) => {
    // Reads fail: what is open stays as it is, and a source from elsewhere is an error.
    if (request.method === 'GET') return answerJson(response, { code: 500, msg: 'no' });
    tasks += 1;
    return answerJson(response, { code: 200, msg: 'success', data: { taskId: `task-${tasks}` } });
  });
  const DATABASE_URL = await postgres.createDatabase();
  const env = { ...JWT_ENV, DATABASE_URL, GRAPHIQL: 'on', INTROSPECTION: 'on' };
  thin = await startGateway(upstream, env);
  plain = await startGateway(upstream, { ...env, THIN_PATH: 'off' });
  for (const owner of [ALICE, ALICE, ALICE, bearerOf('bob')]) {
    const { data } = await thin.as(owner).graphql(ExtendDocument, { input: INPUT });
    const { extendVideo } = data;
    if (extendVideo.__typename !== 'ExtendVideoSuccess') throw new Error(JSON.stringify(data));
    ids.push(extendVideo.video.id, extendVideo.video.taskId ?? '');
  }
  const urls = upstream.requests
    .filter(({ method }) => method === 'POST')
    .map((request) => readCallbackUrl(request.json()).url);
  await postCallback(urls[0] ?? '', toSuccess('task-1'));
  await postCallback(urls[1] ?? '', toFailure('task-2'));
  await postCallback(urls[3] ?? '', toSuccess('task-4'));
  // Once a null has propagated, the executor waits for no sibling: what either tells then is the
  // same only where both have the finished video at hand.
  for (const gateway of [thin, plain]) {
    await ask(gateway, { body: toBody('{ video(taskId: "task-1") { state } }') });
  }
});

afterAll(async () => {
  await thin[Symbol.asyncDispose]();
  await plain[Symbol.asyncDispose]();
  await upstream.close();
});

interface Question {
  readonly body: string;
  readonly headers?: Record<string, string>;
}

async function ask(gateway: TestGateway, { body, headers }: Question) {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: ALICE, ...headers },
    body,
  });
  const text = await response.text();
  const kept = [...response.headers].filter(([name]) => !NOT_COMPARED.test(name));
  return { status: response.status, headers: kept, ...toComparable(text) };
}

/** Errors come in the order in which their fields failed, which no two runs share. */
function toComparable(text: string) {
  if (!text.startsWith('{')) return { text };
  const answer = JSON.parse(text);
  if (!Array.isArray(answer.errors) || answer.errors.length < 2) return { text };
  const errors = answer.errors.map((error: unknown) => JSON.stringify(error)).sort();
  return { ...answer, errors };
}

/** Equal the first time, and once the query has a plan. */
async function expectEqual(question: Question, times = 1): Promise<void> {
  const expected = await ask(plain, question);
  for (let count = 0; count < times; count += 1) {
    const found = await ask(thin, question);
    if (count === 0 || count === times - 1) expect(found).toEqual(expected);
  }
}

const VIDEO = '{ id taskId state videoUrl expired failure { reason message retryable } }';
const toBody = (query: unknown, variables?: unknown, more: object = {}) =>
  JSON.stringify({ query, variables, ...more });

describe('the thin path gives the same answer as Yoga', () => {
  const QUERIES: Record<string, [query: string, variables?: object]> = {
    'to two errors': [
      '{ a: video(taskId: "u1") { id } b: videos(first: 101) { edges { cursor } } }',
    ],
    'to an error below a list': ['{ videos { edges { node { id source { id } } } } }'],
    'to a null that propagates among siblings': [
      '{ videos(first: 101) { edges { cursor } } completions(first: 1) { edges { cursor } } }',
    ],
    'to a null that propagates past an error of a sibling': [
      '{ videos(first: 101) { edges { cursor } } v: video(taskId: "task-1") { id } video(taskId: "task-1") { ancestors(first: 101) { id } } }',
    ],
    'to a missing variable': ['query ($id: ID!) { video(taskId: $id) { id } }'],
    'to a variable of another type': ['query ($id: ID!) { video(taskId: $id) { id } }', { id: {} }],
    'to a number where a text should be': [
      'query ($n: Int) { videos(first: $n) { edges { cursor } } }',
      { n: 'x' },
    ],
    'to a number that is too large': [
      'query ($n: Int) { videos(first: $n) { edges { cursor } } }',
      { n: 2 ** 40 },
    ],
    'to an unknown value of an enum': [
      'query ($s: [VideoState!]) { videos(states: $s) { edges { cursor } } }',
      { s: ['NO'] },
    ],
    'to defaults of variables': [
      'query ($n: Int = 1, $s: [VideoState!] = [FAILED]) { videos(first: $n, states: $s) { edges { node { state } } } }',
    ],
    'to null for a default': [
      'query ($n: Int = 1) { videos(first: $n) { edges { node { state } } } }',
      { n: null },
    ],
    'to directives with variables': [
      'query ($yes: Boolean!, $no: Boolean = false) { video(taskId: "task-1") { id @skip(if: $yes) state @include(if: $no) ... @include(if: $yes) { taskId } } }',
      { yes: true },
    ],
    'to null for a default, in a directive': [
      'query ($yes: Boolean = true) { video(taskId: "task-1") { id state @include(if: $yes) } }',
      { yes: null },
    ],
    'to null for a default, in a list': [
      'query ($s: VideoState = FAILED) { videos(states: [$s]) { edges { node { state } } } }',
      { s: null },
    ],
    'to a fragment that is left out in one place': [
      'query ($no: Boolean = false) { a: video(taskId: "task-1") { id ...F @include(if: $no) } b: video(taskId: "task-1") { id ...F } } fragment F on Video { state }',
    ],
    'to a fragment that is left out above another place': [
      'query ($no: Boolean = false) { a: video(taskId: "task-1") { ...G @include(if: $no) } b: video(taskId: "task-1") { id ... on Node { id ... on Video { ...F } } } } fragment G on Video { id ...F } fragment F on Video { failure { reason } state }',
    ],
    'to a fragment in one place or the other': [
      'query ($no: Boolean = false) { a: video(taskId: "task-1") { id ...F @include(if: $no) } b: video(taskId: "task-1") { id ...F @skip(if: $no) } } fragment F on Video { state failure { reason } }',
    ],
    'to a fragment in a field that is left out': [
      'query ($no: Boolean = false) { a: video(taskId: "task-1") @include(if: $no) { ...F } b: video(taskId: "task-1") { ...F } } fragment F on Video { state failure { reason } }',
    ],
    'to a fragment that is left out within a list': [
      'query ($no: Boolean = false) { videos { edges { node { id ...F @include(if: $no) } } } completions { edges { node { video { id ...F } } } } } fragment F on Video { state failure { reason } }',
    ],
    'to a key whose first field is left out': [
      'query ($yes: Boolean = false) { video(taskId: "task-1") { id @include(if: $yes) ...F @include(if: $yes) state id prompt } } fragment F on Video { prompt }',
    ],
    'to fields that are merged': [
      '{ video(taskId: "task-1") { id failure { reason } } video(taskId: "task-1") { state failure { message } } }',
    ],
    'to interfaces and their members': [
      'query ($id: ID!) { node(id: $id) { __typename id ... on Video { state } ...F } } fragment F on Node { id }',
    ],
    'to introspection': [
      '{ __schema { types { name fields { name args { name defaultValue } } } } __type(name: "Video") { name } }',
    ],
    'to the name of the type alone': ['{ __typename }'],
    'to texts that look like code': [
      String.raw`query A($id: ID = "\"];process.exit(1)//") { video(taskId: $id) { id } b: video(taskId: "' + globalThis + '\n\\ $${'{1}'} ") { id } }`,
    ],
    'to names out of the prototype': [
      'query constructor { constructor: video(taskId: "task-1") { toString: id hasOwnProperty: state } }',
    ],
    'to null for a variable that is named after a member of all objects': [
      'query ($constructor: Boolean!) { videos { edges { cursor } pageInfo @include(if: $constructor) { hasNextPage } } }',
      { constructor: null },
    ],
    'to the name of the prototype itself': [
      '{ __proto__: video(taskId: "task-1") { __proto__: id state } }',
    ],
    'to a refused mutation': [
      'mutation { extendVideo(input: { taskId: "task-1", prompt: "", quality: P720 }) { __typename ... on GatewayError { code message } ... on InvalidInputError { issues { path message } } } }',
    ],
    'to lists of one': [
      'query ($s: [VideoState!]) { videos(states: $s) { edges { node { state } } } }',
      { s: 'FAILED' },
    ],
    'to an error on a line after all kinds of ends': [
      '{ a: __typename\n b: __typename\r c: __typename\r\n  videos(first: 101) { edges { cursor } } }',
    ],
    'to an unknown field': ['{ video(taskId: "task-1") { idd } }'],
    'to what cannot be parsed': ['{ video('],
    'to nothing': [''],
    'to a subscription': ['subscription { videoExtended { cursor } }'],
  };

  it.each(Object.entries(QUERIES))('%s', async (_name, [query, variables]) => {
    await expectEqual({ body: toBody(query, variables) }, OFTEN);
    const headers = { accept: 'application/graphql-response+json' };
    await expectEqual({ body: toBody(query, variables), headers });
    await expectEqual({ body: toBody(query, { ...variables, id: ids[2] }) }, OFTEN);
  });

  it('to text that looks like generated code, which is not executed', async () => {
    const mark = '__MAGIC_DATE__33a9e76d_02e0_4128_8e92_3530ad3da74d';
    const code = `${mark}0),x:(globalThis.isExecuted=true`;
    const queries = [
      `{ videos(after: "${code}") { edges { cursor } } }`,
      `{ videos(after: "${code.replace('__MAGIC', '\\u005F\\u005FMAGIC')}") { edges { cursor } } }`,
      `{ videos(after: """${code}""") { edges { cursor } } }`,
      `{ ...F } fragment F on Query { videos(after: "${code}") { edges { cursor } } }`,
      `query ($a: String = "${code}") { videos(after: $a) { edges { cursor } } }`,
      '{ videos(after: "__MAGIC_NAN__57f286b9_4c20_487f_b409_79804ddcb4f8") { edges { cursor } } }',
    ];
    for (const query of queries) await expectEqual({ body: toBody(query) }, OFTEN);
    expect(globalThis).not.toHaveProperty('isExecuted');
  });

  it('to recursive fragments', async () => {
    const count = 16;
    const fragments = Array.from(
      { length: count },
      (_, n) => `fragment F${n} on Video { ...F${n + 1} ...F${n + 1} }`,
    );
    const query = `{ video(taskId: "task-1") { ...F0 } } ${fragments.join(' ')} fragment F${count} on Video { id }`;
    // 65,536 times the same field: another pass would take half a minute.
    await expectEqual({ body: toBody(query) }, OFTEN);
  }, 20_000);

  const GOOD = `query A { video(taskId: "task-1") ${VIDEO} } query B { __typename }`;
  const BODIES: Record<string, string> = {
    'that is empty': '',
    'that is no JSON': '{"query":',
    'that is a list': `[${toBody('{ __typename }')}]`,
    'that is null': 'null',
    'that is a text': '"{ __typename }"',
    'with a mark of its order': `\uFEFF${toBody('{ __typename }')}`,
    'with a member twice': '{"query":"{ no }","query":"{ __typename }"}',
    'with a member that nobody knows': toBody('{ __typename }', {}, { other: 1 }),
    'with such a member, null': toBody('{ __typename }', {}, { other: null }),
    'with a documentId': toBody('{ __typename }', {}, { documentId: 'x' }),
    'with __proto__': '{"query":"{ __typename }","__proto__":{"variables":{}}}',
    'with variables that are a list': toBody('{ __typename }', []),
    'with variables that are a text': toBody('{ __typename }', '{}'),
    'with extensions': toBody('{ __typename }', null, { extensions: { a: 1 } }),
    'with extensions that are a list': toBody('{ __typename }', null, { extensions: [] }),
    'with a query that is a number': toBody(1),
    'with no query': toBody(undefined, { a: 1 }),
    'with a query that is null': toBody(null),
    'with the name of one operation': toBody(GOOD, {}, { operationName: 'A' }),
    'with the name of the other': toBody(GOOD, {}, { operationName: 'B' }),
    'with no name among two': toBody(GOOD),
    'with an empty name among two': toBody(GOOD, {}, { operationName: '' }),
    'with a name of none': toBody(GOOD, {}, { operationName: 'C' }),
    'with a name that is a number': toBody(GOOD, {}, { operationName: 1 }),
    'with a name that is null': toBody('{ __typename }', {}, { operationName: null }),
    'with an empty name': toBody('{ __typename }', {}, { operationName: '' }),
  };

  it.each(Object.entries(BODIES))('to a body %s', async (_name, body) => {
    await expectEqual({ body }, OFTEN);
    await expectEqual({ body, headers: { accept: 'application/graphql-response+json' } });
  });

  const HEADERS: Record<string, Record<string, string>> = {
    'urql’s Accept': {
      accept:
        'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed',
    },
    'Apollo’s Accept': {
      accept: 'application/graphql-response+json,application/json;q=0.9',
    },
    'both types, the other way around': {
      accept: 'application/json, application/graphql-response+json',
    },
    'an Accept of anything': { accept: '*/*' },
    'a wildcard': { accept: 'application/*' },
    'an Accept with a charset': { accept: 'application/json; charset=utf-8' },
    'an Accept with another charset': { accept: 'application/json; charset=latin1' },
    'an Accept in capitals': { accept: 'Application/JSON' },
    'an Accept of events': { accept: 'text/event-stream' },
    'an Accept of a page': { accept: 'text/html' },
    'an Accept of parts': { accept: 'multipart/mixed' },
    'an empty Accept': { accept: '' },
    'a Content-Type with a charset': { 'content-type': 'application/json; charset=utf-8' },
    'a Content-Type in capitals': { 'content-type': 'APPLICATION/JSON' },
    'another Content-Type': { 'content-type': 'text/plain' },
    'no token': { authorization: '' },
    'a token of another': { authorization: bearerOf('bob') },
    'a token that has ended': { authorization: bearerOf('alice', { exp: 1 }) },
    'a token that is none': { authorization: 'Bearer x' },
    'an Origin': { origin: 'https://app.example.com' },
  };

  it.each(Object.entries(HEADERS))('under %s', async (_name, headers) => {
    for (const query of [`{ video(taskId: "task-1") ${VIDEO} }`, '{ no }', '{']) {
      await expectEqual({ body: toBody(query), headers }, OFTEN);
    }
  });

  it('to operations that share a fragment', async () => {
    const document = `query A($yes: Boolean!) { video(taskId: "task-1") { id ...F @include(if: $yes) } }
      query B { video(taskId: "task-1") { id ...F } } fragment F on Video { state }`;
    const variables = { yes: true };
    for (const operationName of ['A', 'B', 'A']) {
      await expectEqual({ body: toBody(document, variables, { operationName }) }, OFTEN);
    }
  });

  it('to random documents', async () => {
    await fc.assert(
      fc.asyncProperty(question(), (asked) => expectEqual(asked, OFTEN)),
      { numRuns: chooseRounds({ few: 150, all: 1_000 }) },
    );
  });
});

const directive = fc.constantFrom('', '', '', ' @include(if: $flag)', ' @skip(if: $flag)');

/** What may be asked of a video, with fragments that are spread anywhere in it. */
function selection(fragments: readonly string[]): fc.Arbitrary<string> {
  const leaf = fc.constantFrom(
    ...['id', 'taskId', 'state', 'prompt', 'quality', 'imageUrl', 'expandPrompt', 'videoUrl'],
    ...['coverUrl', 'sourceTaskId', 'createdAt', 'finishedAt', 'expiresAt', 'expired'],
    ...['__typename', 'failure { reason message upstreamCode }', 'no', 'failure'],
  );
  const { video } = fc.letrec<{ video: string; field: string }>((tie) => ({
    field: fc.oneof(
      {
        weight: 6,
        arbitrary: fc
          .tuple(leaf, directive)
          .map(([name, when]) => (name.includes('{') ? name : name + when)),
      },
      fc.tuple(directive, tie('video')).map(([when, inner]) => `...${when} ${inner}`),
      tie('video').map((inner) => `... on Video ${inner}`),
      ...fragments.map((name) => directive.map((when) => `...${name}${when}`)),
      tie('video').map((inner) => `source ${inner}`),
      tie('video').map((inner) => `ancestors(first: $n) ${inner}`),
      tie('video').map(
        (inner) =>
          `extensions(first: 2) { edges { cursor node ${inner} } pageInfo { hasNextPage } }`,
      ),
    ),
    video: fc
      .array(tie('field'), { minLength: 1, maxLength: 4, depthIdentifier: 'video' })
      .map((fields) => `{ ${fields.join(' ')} }`),
  }));
  return video;
}

/** Documents over the real schema, most of them valid, with variables that mostly fit. */
function question(): fc.Arbitrary<Question> {
  const id = fc.constantFrom('"task-1"', '"task-2"', '"task-3"', '"task-4"', '$id', '"unknown"');
  const alias = fc.constantFrom('', '', 'a: ', 'b: ');
  const video = selection(['F', 'G']);
  const root = fc.oneof(
    fc
      .tuple(alias, id, directive, video)
      .map(([as, key, when, inner]) => `${as}video(taskId: ${key})${when} ${inner}`),
    fc
      .tuple(alias, video)
      .map(([as, inner]) => `${as}node(id: $id) { __typename ... on Video ${inner} }`),
    video.map(
      (inner) =>
        `videos(first: $n, states: $states) { edges { node ${inner} } pageInfo { endCursor } }`,
    ),
    video.map((inner) => `completions(first: $n) { edges { node { cursor video ${inner} } } }`),
  );
  const variables = fc.record({
    id: fc.constantFrom<unknown>(...ids, 'task-1', 7, null, {}),
    n: fc.constantFrom<unknown>(0, 1, 5, 101, -1, 1.5, '3', null, undefined),
    flag: fc.constantFrom<unknown>(true, false, true, false, 'yes', null),
    states: fc.constantFrom<unknown>(
      undefined,
      null,
      [],
      ['SUCCEEDED'],
      ['FAILED', 'WAITING'],
      ['NO'],
      'FAILED',
    ),
  });
  const head =
    'query Q($id: ID = "task-1", $n: Int = 2, $flag: Boolean! = true, $states: [VideoState!])';
  const accept = fc.constantFrom('application/json', 'application/graphql-response+json', '*/*');
  return fc
    .record({
      roots: fc.array(root, { minLength: 1, maxLength: 3 }).map((texts) => texts.join(' ')),
      f: selection(['G']).map((text) => `fragment F on Video ${text}`),
      g: selection([]).map((text) => `fragment G on Video ${text}`),
      variables,
      accept,
    })
    .map(({ roots, f, g, variables, accept }) => {
      // Variables and fragments that nothing uses are faults, and would be most of what is found.
      const used = `u: videos(first: $n, states: $states) { __typename } v: video(taskId: $id) { id @include(if: $flag) __typename } ${roots}`;
      const withF = `${head} { ${used} } ${used.includes('...F') ? f : ''}`;
      const body = toBody(withF.includes('...G') ? `${withF} ${g}` : withF, variables);
      return { body, headers: { accept } };
    });
}
