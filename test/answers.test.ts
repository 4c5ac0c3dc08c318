/**
 * Every answer that an upstream, or something in front of it, may give to a submit: code × HTTP
 * status × body × cut, on both engines. Only an answer that asserts a refusal frees the key.
 */

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExtendDocument } from './generated/graphql.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { INPUT } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import { chooseRounds } from './support/rounds.ts';
import { type ScriptedUpstream, startScriptedUpstream } from './support/scripted-upstream.ts';

type Answer = (response: ServerResponse, socket: Socket) => void;

/** The answer to the client, and whether its key is freed. */
interface Outcome {
  readonly type: string;
  readonly isFreed: boolean;
  readonly upstreamCode?: number;
}

interface Case {
  readonly name: string;
  readonly answer: Answer;
  readonly outcome: Outcome;
}

/** The codes with an error type of their own, and whether the same submit may be sent again. */
const TYPES: Readonly<Record<number, string>> = {
  401: 'UpstreamUnauthorizedError',
  402: 'InsufficientCreditsError',
  404: 'VideoNotFoundError',
  422: 'InvalidInputError',
  429: 'RateLimitedError',
  433: 'InsufficientCreditsError',
  451: 'SourceUnavailableError',
  455: 'UpstreamMaintenanceError',
};
const RETRYABLE = ['RateLimitedError', 'UpstreamMaintenanceError'];
const REFUSALS = [400, 403, 405, 406, 410, 411, 413, 414, 415, 417, 421, 426, 431];
const IN_DOUBT = [
  ...[0, -1, 201, 202, 204, 302, 303, 304, 407, 408, 409, 412, 418, 423, 425, 444, 499],
  ...[500, 501, 502, 503, 504, 507, 520, 522, 524, 530, 600, 1001],
];

const refused = (type: string, upstreamCode: number): Outcome => ({
  type,
  isFreed: true,
  upstreamCode,
});
const inDoubt = (upstreamCode: number): Outcome => ({
  type: 'UpstreamError',
  isFreed: false,
  upstreamCode,
});
const UNKNOWN: Outcome = { type: 'OutcomeUnknownError', isFreed: false };

/** Anything that may be an envelope's code. */
const BY_CODE = new Map<number, Outcome>([
  ...Object.entries(TYPES).map(
    ([code, type]) => [Number(code), refused(type, Number(code))] as const,
  ),
  ...[...REFUSALS, 505].map((code) => [code, refused('UpstreamError', code)] as const),
  ...IN_DOUBT.map((code) => [code, inDoubt(code)] as const),
]);

/** HTTP statuses without a readable envelope: those that are not listed lose the answer. */
const BY_STATUS = new Map<number, Outcome>([
  ...[401, 402, 422, 429, 451, 455].map(
    (status) => [status, refused(TYPES[status] ?? '', status)] as const,
  ),
  ...[...REFUSALS, 301, 302, 307, 308, 404].map(
    (status) => [status, refused('UpstreamError', status)] as const,
  ),
]);
const STATUSES = [
  ...BY_STATUS.keys(),
  ...[200, 201, 202, 204, 300, 303, 304, 407, 408, 409, 412, 418, 423, 425, 433, 444, 499],
  ...[500, 501, 502, 503, 504, 505, 507, 520, 522, 524, 530, 599],
];

const BODIES: readonly [string, string][] = [
  ['nothing', ''],
  ['a page', '<html><body>a proxy speaks</body></html>'],
  ['other JSON', '{"status":"error","error":"x"}'],
  ['JSON that is cut off', '{"code":200,"data":{"taskId":"ta'],
];

function send(status: number, body: string): Answer {
  return (response) => {
    response.writeHead(status, { location: 'http://127.0.0.1:1/elsewhere' });
    response.end(body);
  };
}

/** Announces more than it sends, and closes the connection. */
function cut(status: number, body: string): Answer {
  return (response, socket) => {
    response.writeHead(status, { 'content-length': Buffer.byteLength(body) + 100 });
    response.write(body || ' ', () => socket.destroy());
  };
}

const toEnvelope = (code: number, data: unknown = null) =>
  JSON.stringify({ code, msg: `said ${code}`, data });

/** Cases that belong together, and are tried at once. */
const GROUPS: readonly (readonly [string, readonly Case[]])[] = [
  ...[...BY_CODE].map(([code, outcome]): [string, Case[]] => {
    const name = `code ${code} in an envelope`;
    const statuses = new Set([200, 302, 403, 500, ...(code >= 400 && code <= 599 ? [code] : [])]);
    return [
      name,
      [
        ...[...statuses].map((status) => ({
          name: `${name} under ${status}`,
          answer: send(status, toEnvelope(code)),
          outcome,
        })),
        ...[200, 429].map((status) => ({
          name: `${name} under ${status}, cut off`,
          answer: cut(status, toEnvelope(code)),
          outcome: UNKNOWN,
        })),
      ],
    ];
  }),
  ...STATUSES.map((status): [string, Case[]] => {
    const name = `status ${status}`;
    const outcome = BY_STATUS.get(status) ?? UNKNOWN;
    const isSilent = status === 204 || status === 304;
    return [
      name,
      [
        ...BODIES.filter(([, body]) => !isSilent || body === '').map(([form, body]) => ({
          name: `${name} with ${form}`,
          answer: send(status, body),
          outcome,
        })),
        // What was cut off could have been an envelope that says anything; 429 holds with any body.
        ...(isSilent ? [] : BODIES.slice(2)).map(([form, body]) => ({
          name: `${name} with ${form}, cut off`,
          answer: cut(status, body),
          outcome: status === 429 ? outcome : UNKNOWN,
        })),
      ],
    ];
  }),
  [
    'code 200 without a task id',
    [
      ...[null, {}, [], 'task-1'],
      ...[null, ' ', 1.5, 2 ** 53, 'a\0b', 'x'.repeat(3_000)].map((taskId) => ({ taskId })),
    ].map((data) => ({
      name: `code 200 with the data ${JSON.stringify(data).slice(0, 100)}`,
      answer: send(200, toEnvelope(200, data)),
      outcome: UNKNOWN,
    })),
  ],
  [
    'what is no HTTP answer',
    (
      [
        ['a close without a word', (_, socket) => socket.end()],
        ['a reset', (_, socket) => socket.resetAndDestroy()],
        ['half a status line', (_, socket) => socket.end('HTTP/1.1 401 Unauth')],
        ['another protocol', (_, socket) => socket.end('SSH-2.0-oops\r\n')],
      ] satisfies [string, Answer][]
    ).map(([name, answer]) => ({ name, answer, outcome: UNKNOWN })),
  ],
  [
    'more than 1 MiB',
    [
      {
        name: 'an envelope of more than 1 MiB',
        answer: send(200, JSON.stringify({ code: 422, msg: 'x'.repeat(1024 * 1024) })),
        outcome: UNKNOWN,
      },
      {
        name: 'status 403 with more than 1 MiB',
        answer: send(403, 'x'.repeat(1024 * 1024 + 1)),
        outcome: UNKNOWN,
      },
    ],
  ],
];
const ANSWERS = new Map(GROUPS.flatMap(([, cases]) => cases.map((one) => [one.name, one.answer])));

describe.each(['SQLite', 'PostgreSQL'])('on %s', (engine) => {
  const posts = new Map<string, number>();
  let upstream: ScriptedUpstream;
  let gateway: TestGateway;
  beforeAll(async () => {
    upstream = await startScriptedUpstream((request, response, socket) => {
      const { prompt } = request.json() as { prompt: string };
      posts.set(prompt, (posts.get(prompt) ?? 0) + 1);
      ANSWERS.get(prompt)?.(response, socket);
    });
    const env =
      engine === 'SQLite' ? {} : { DATABASE_URL: await sharedPostgres().createDatabase() };
    gateway = await startGateway(upstream, env);
  });
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    await upstream.close();
  });

  async function submit(name: string) {
    const input = { ...INPUT, prompt: name, idempotencyKey: name };
    const { data, errors } = await gateway.graphql(ExtendDocument, { input });
    expect(errors).toBeUndefined();
    return data.extendVideo;
  }

  async function check({ name, outcome }: Case): Promise<void> {
    const { type, isFreed, upstreamCode } = outcome;

    const first = await submit(name);
    const again = await submit(name);

    expect(first, name).toMatchObject({
      __typename: type,
      retryable: isFreed && RETRYABLE.includes(type),
      retryAfter: null,
      ...(upstreamCode !== undefined && { upstreamCode }),
    });
    const video = 'inDoubt' in first ? first.inDoubt : 'video' in first ? first.video : null;
    if (isFreed) {
      expect(video, name).toBeNull();
      expect(again, name).toEqual(first);
      expect(posts.get(name), name).toBe(2);
    } else {
      expect(video, name).toMatchObject({ state: 'UNCONFIRMED', taskId: null, prompt: name });
      expect(again, name).toMatchObject({ __typename: 'OutcomeUnknownError', video });
      expect(posts.get(name), name).toBe(1);
    }
  }

  // What an answer means does not depend on the engine; each outcome occurs in many groups.
  const everyNth = engine === 'SQLite' ? 1 : chooseRounds({ few: 4, all: 1 });
  it.each(GROUPS.filter((_, n) => n % everyNth === 0))('%s', async (_title, cases) => {
    await Promise.all(cases.map(check));
  });
});
