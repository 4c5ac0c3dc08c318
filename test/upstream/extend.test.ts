import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import packageFile from '../../package.json' with { type: 'json' };
import { GatewayError, InvalidInputError, VideoNotFoundError } from '../../src/errors.ts';
import { AnswerInDoubtError } from '../../src/upstream/answer-in-doubt.ts';
import { AnswerLostError } from '../../src/upstream/answer-lost.ts';
import { fetchDetails } from '../../src/upstream/details.ts';
import { sendExtend } from '../../src/upstream/extend.ts';
import { answerJson, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { API_KEY, CALLBACK_URL, EXTEND, failureOf, startClient } from './support.ts';

type Answer = (response: ServerResponse, socket: Socket) => void;

const accepted = { code: 200, msg: 'success', data: { taskId: 'task-1' } };
const HTML = '<html><body>Bad news</body></html>';
const FORM_HEADERS = { 'content-type': 'text/html' };

/** The refusal that each code means, however it comes. */
const CODES = [
  { code: 401, name: 'UpstreamUnauthorizedError', retryable: false },
  { code: 404, name: 'VideoNotFoundError', retryable: false },
  { code: 422, name: 'InvalidInputError', retryable: false },
  { code: 429, name: 'RateLimitedError', retryable: true },
  { code: 451, name: 'SourceUnavailableError', retryable: false },
  { code: 455, name: 'UpstreamMaintenanceError', retryable: true },
  { code: 402, name: 'InsufficientCreditsError', retryable: false },
  { code: 433, name: 'InsufficientCreditsError', retryable: false },
  { code: 400, name: 'UpstreamError', retryable: false },
  { code: 505, name: 'UpstreamError', retryable: false },
] as const;

/** Codes that assert no refusal. */
const CODES_IN_DOUBT = [0, 408, 418, 500, 501, 503, 520] as const;

/** The same code in five forms: the code as it is written, and the HTTP status. */
const toForms = (code: number): [string, number | string, number][] => [
  ['under HTTP 200', code, 200],
  ['as a string', String(code), 200],
  ['under its own HTTP status', code, code >= 400 ? code : 200],
  ['under another HTTP status', code, code === 401 ? 429 : 401],
  ['under HTTP 500', code, 500],
];

/** Sends one extend to an upstream with this script; returns the outcome and the number of requests. */
async function extendAgainst(answer: Answer) {
  await using upstream = await startScriptedUpstream((_request, response, socket) =>
    answer(response, socket),
  );
  await using client = startClient(upstream.url);
  const error = await failureOf(sendExtend(client, EXTEND));
  return { error, posts: upstream.requests.length };
}

describe('an accepted extend', () => {
  it('sends the documented request once, and returns the new task id', async () => {
    await using upstream = await startScriptedUpstream((_, response) =>
      answerJson(response, accepted),
    );
    await using client = startClient(upstream.url);

    const taskId = await sendExtend(client, {
      ...EXTEND,
      quality: 'P1080',
      waterMark: 'mine',
      imageUrl: 'https://pictures.example/a.png',
      expandPrompt: false,
    });

    expect(taskId).toBe('task-1');
    expect(upstream.requests).toHaveLength(1);
    const [request] = upstream.requests;
    expect(request?.method).toBe('POST');
    expect(request?.path).toBe('/api/v1/runway/extend');
    expect(request?.headers.authorization).toBe(`Bearer ${API_KEY}`);
    expect(request?.headers['content-type']).toBe('application/json');
    expect(request?.headers['content-length']).toBe(String(Buffer.byteLength(request?.body ?? '')));
    expect(request?.json()).toEqual({
      taskId: 'source-1',
      prompt: 'The cat dances on.',
      quality: '1080p',
      waterMark: 'mine',
      imageUrl: 'https://pictures.example/a.png',
      expandPrompt: false,
      callBackUrl: CALLBACK_URL,
    });
  });

  it('omits null fields, and sends an empty watermark', async () => {
    await using upstream = await startScriptedUpstream((_, response) =>
      answerJson(response, accepted),
    );
    await using client = startClient(upstream.url);

    await sendExtend(client, { ...EXTEND, prompt: 'Кот танцует 🐈' });
    await sendExtend(client, { ...EXTEND, waterMark: '' });

    const shared = { taskId: 'source-1', quality: '720p', callBackUrl: CALLBACK_URL };
    expect(upstream.requests.map((request) => request.json())).toEqual([
      { ...shared, prompt: 'Кот танцует 🐈' },
      { ...shared, prompt: 'The cat dances on.', waterMark: '' },
    ]);
  });

  it('keeps the path of the base URL', async () => {
    await using upstream = await startScriptedUpstream((_, response) =>
      answerJson(response, accepted),
    );
    await using client = startClient(`${upstream.url}/proxy/apikley/`);

    await sendExtend(client, EXTEND);

    expect(upstream.requests[0]?.path).toBe('/proxy/apikley/api/v1/runway/extend');
  });

  it.each([
    ['a code written as a string', { ...accepted, code: '200' }, 200],
    ['a 200 envelope under HTTP 500', accepted, 500],
    ['a 200 envelope under HTTP 404', accepted, 404],
    ['odd types around it', { ...accepted, msg: 7, more: [] }, 200],
  ])('is parsed from %s', async (_name, body, status) => {
    await using upstream = await startScriptedUpstream((_, response) =>
      answerJson(response, body, { status }),
    );
    await using client = startClient(upstream.url);

    expect(await sendExtend(client, EXTEND)).toBe('task-1');
  });

  it.each([
    [2_151_574_698, '2151574698'],
    [0, '0'],
    ['x'.repeat(512), 'x'.repeat(512)],
    ['задача 1', 'задача 1'],
  ])('may have the task id %j', async (taskId, expected) => {
    await using upstream = await startScriptedUpstream((_, response) =>
      answerJson(response, { code: 200, data: { taskId } }),
    );
    await using client = startClient(upstream.url);

    expect(await sendExtend(client, EXTEND)).toBe(expected);
  });

  it('sends a user agent', async () => {
    await using upstream = await startScriptedUpstream((_, response) =>
      answerJson(response, accepted),
    );
    await using client = startClient(upstream.url);

    await sendExtend(client, EXTEND);
    await fetchDetails(client, 'task-1');

    const agents = upstream.requests.map(({ headers }) => headers['user-agent']);
    expect(agents).toEqual(Array(2).fill(`longtake/${packageFile.version}`));
  });

  it('is parsed after a byte order mark', async () => {
    await using upstream = await startScriptedUpstream((_, response) => {
      response.end(`\ufeff${JSON.stringify(accepted)}`);
    });
    await using client = startClient(upstream.url);

    expect(await sendExtend(client, EXTEND)).toBe('task-1');
  });
});

describe.each(CODES)('code $code', ({ code, name, retryable }) => {
  it.each(toForms(code))('in an envelope %s is this error', async (_name, wireCode, status) => {
    const { error, posts } = await extendAgainst((response) =>
      answerJson(response, { code: wireCode, msg: 'No such luck', data: null }, { status }),
    );

    expect(error).toBeInstanceOf(GatewayError);
    expect(error).toMatchObject({ name, retryable, retryAfter: null });
    expect(error).toMatchObject({ upstreamCode: code, upstreamMessage: 'No such luck' });
    expect(posts).toBe(1);
  });
});

describe.each(CODES_IN_DOUBT)('code %i', (code) => {
  it.each(toForms(code))(
    'in an envelope %s may have started the task',
    async (_name, wireCode, status) => {
      const { error, posts } = await extendAgainst((response) =>
        answerJson(response, { code: wireCode, msg: 'Oops', data: null }, { status }),
      );

      expect(error).toBeInstanceOf(AnswerInDoubtError);
      expect(error).not.toBeInstanceOf(GatewayError);
      const facts = { upstreamCode: code, upstreamMessage: 'Oops', retryAfter: null };
      expect(error).toMatchObject({ facts });
      expect(posts).toBe(1);
    },
  );
});

describe.each([
  { status: 401, name: 'UpstreamUnauthorizedError', retryable: false },
  { status: 422, name: 'InvalidInputError', retryable: false },
  { status: 429, name: 'RateLimitedError', retryable: true },
  { status: 451, name: 'SourceUnavailableError', retryable: false },
  { status: 455, name: 'UpstreamMaintenanceError', retryable: true },
  { status: 402, name: 'InsufficientCreditsError', retryable: false },
  { status: 404, name: 'UpstreamError', retryable: false },
  { status: 400, name: 'UpstreamError', retryable: false },
  { status: 403, name: 'UpstreamError', retryable: false },
  { status: 413, name: 'UpstreamError', retryable: false },
])('HTTP $status without an envelope', ({ status, name, retryable }) => {
  it.each<[string, Answer]>([
    ['HTML', (response) => response.writeHead(status, FORM_HEADERS).end(HTML)],
    ['an empty body', (response) => response.writeHead(status).end()],
    [
      'JSON of another form',
      (response) => answerJson(response, { status, error: 'x' }, { status }),
    ],
  ])('and with %s is this error', async (_form, answer) => {
    const { error, posts } = await extendAgainst(answer);

    expect(error).toBeInstanceOf(GatewayError);
    expect(error).toMatchObject({ name, retryable, upstreamCode: status, upstreamMessage: null });
    expect(posts).toBe(1);
  });
});

describe('an unreadable answer', () => {
  it.each<[string, Answer]>([
    ['HTTP 200 with HTML', (response) => response.writeHead(200, FORM_HEADERS).end(HTML)],
    ['HTTP 200 with nothing', (response) => response.end()],
    ['HTTP 204', (response) => response.writeHead(204).end()],
    ['HTTP 500 with HTML', (response) => response.writeHead(500, FORM_HEADERS).end(HTML)],
    ['HTTP 502 with nothing', (response) => response.writeHead(502).end()],
    [
      'HTTP 503 with other JSON',
      (response) => answerJson(response, { up: false }, { status: 503 }),
    ],
    ['an envelope without a code', (response) => answerJson(response, { msg: 'success' })],
    ['a code that is no integer', (response) => answerJson(response, { ...accepted, code: 20.5 })],
    ['a code that is no number', (response) => answerJson(response, { ...accepted, code: 'ok' })],
    ['a list', (response) => answerJson(response, [accepted])],
    ['200 without data', (response) => answerJson(response, { code: 200, msg: 'success' })],
    ['200 with data null', (response) => answerJson(response, { ...accepted, data: null })],
    ['200 without a taskId', (response) => answerJson(response, { ...accepted, data: {} })],
    ['an empty taskId', (response) => answerJson(response, { ...accepted, data: { taskId: '' } })],
    [
      'a taskId of spaces',
      (response) => answerJson(response, { code: 200, data: { taskId: ' ' } }),
    ],
    ...[7.5, -7, 2 ** 53, 'a\0b', '\ud800', 'x'.repeat(513)].map((taskId): [string, Answer] => [
      `the taskId ${JSON.stringify(taskId).slice(0, 20)}`,
      (response) => answerJson(response, { code: 200, data: { taskId } }),
    ]),
    [
      'JSON that was cut off',
      (response, socket) => {
        response.writeHead(200, { 'content-length': 500 });
        response.write('{"code":200,"msg":"success","data":{"taskId":"ta', () => socket.destroy());
      },
    ],
    [
      'an envelope cut off under HTTP 500',
      (response, socket) => {
        response.writeHead(500, { 'content-length': 500 });
        response.write('{"code":429,', () => socket.destroy());
      },
    ],
    ['a close without a word', (_, socket) => socket.end()],
    ['a reset', (_, socket) => socket.resetAndDestroy()],
    ['something that is not HTTP', (_, socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n')],
    ['a header that is cut off', (_, socket) => socket.end('HTTP/1.1 401 Unauth')],
    [
      'more than 1 MiB',
      (response) => answerJson(response, { ...accepted, msg: 'x'.repeat(1024 * 1024) }),
    ],
  ])('may have started the task: %s', async (_name, answer) => {
    const { error, posts } = await extendAgainst(answer);

    expect(error).toBeInstanceOf(AnswerLostError);
    expect(error).not.toBeInstanceOf(GatewayError);
    expect(error).toHaveProperty('cause', expect.any(Error));
    expect(posts).toBe(1);
  });

  it.each([401, 403, 422])(
    'with HTTP %i and a truncated body counts as this status',
    async (status) => {
      const { error } = await extendAgainst((response, socket) => {
        response.writeHead(status, { 'content-length': 500 });
        response.write(`{"code":${status},"ms`, () => socket.destroy());
      });

      expect(error).toBeInstanceOf(AnswerLostError);
    },
  );

  it('is a refusal if it contains a complete envelope that refuses, although truncated', async () => {
    const { error } = await extendAgainst((response, socket) => {
      response.writeHead(200, { 'content-length': 500 });
      response.write('{"code":422,"msg":"no"}', () => socket.destroy());
    });

    expect(error).toBeInstanceOf(AnswerLostError);
  });

  it('is accepted if it contains a complete envelope that accepts, although truncated', async () => {
    await using upstream = await startScriptedUpstream((_, response, socket) => {
      response.writeHead(200, { 'content-length': 500 });
      response.write(JSON.stringify(accepted), () => socket.destroy());
    });
    await using client = startClient(upstream.url);

    expect(await sendExtend(client, EXTEND)).toBe('task-1');
  });

  it('with HTTP 429 counts as such even above 1 MiB', async () => {
    const { error, posts } = await extendAgainst((response) =>
      response.writeHead(429).end('x'.repeat(2 * 1024 * 1024)),
    );

    expect(error).toMatchObject({ name: 'RateLimitedError', upstreamCode: 429 });
    expect(posts).toBe(1);
  });
});

describe('a redirect', () => {
  it.each([301, 302, 307, 308])('%i is an error and is not followed', async (status) => {
    await using elsewhere = await startScriptedUpstream((_, response) =>
      answerJson(response, accepted),
    );

    const { error, posts } = await extendAgainst((response) =>
      response.writeHead(status, { location: `${elsewhere.url}/api/v1/runway/extend` }).end(),
    );

    expect(error).toMatchObject({
      name: 'UpstreamError',
      upstreamCode: status,
      retryable: false,
    });
    expect(posts).toBe(1);
    expect(elsewhere.requests).toEqual([]);
  });

  it.each([300, 303, 304])(
    '%i is not followed, and the task may have been started',
    async (status) => {
      await using elsewhere = await startScriptedUpstream((_, response) =>
        answerJson(response, accepted),
      );

      const { error, posts } = await extendAgainst((response) =>
        response.writeHead(status, { location: `${elsewhere.url}/api/v1/runway/extend` }).end(),
      );

      expect(error).toBeInstanceOf(AnswerLostError);
      expect(posts).toBe(1);
      expect(elsewhere.requests).toEqual([]);
    },
  );

  it('is logged without its query', async () => {
    const lines: { message: string; fields: object }[] = [];
    await using upstream = await startScriptedUpstream((_, response) => {
      response.writeHead(308, { location: '/v2/extend?token=secret' }).end();
    });
    await using client = startClient(upstream.url, {
      logger: {
        debug: () => {},
        warn: (fields, message) => lines.push({ fields, message }),
      },
    });

    await failureOf(sendExtend(client, EXTEND));

    expect(lines).toEqual([
      {
        message: 'redirect of the upstream ignored',
        fields: expect.objectContaining({
          method: 'POST',
          path: '/api/v1/runway/extend',
          status: 308,
          location: `${upstream.url}/v2/extend`,
          fix: expect.stringContaining('UPSTREAM_URL'),
        }),
      },
    ]);
  });
});

describe('an error', () => {
  it('names the video that was not found', async () => {
    const { error } = await extendAgainst((response) => answerJson(response, { code: 404 }));

    expect(error).toBeInstanceOf(VideoNotFoundError);
    expect(error).toMatchObject({ taskId: 'source-1', upstreamMessage: null });
  });

  it("keeps the upstream's text about an input, without issues of our own", async () => {
    const { error } = await extendAgainst((response) =>
      answerJson(response, { code: 422, msg: 'quality must be 720p' }),
    );

    expect(error).toBeInstanceOf(InvalidInputError);
    expect(error).toMatchObject({ issues: [], upstreamMessage: 'quality must be 720p' });
  });

  it('shortens a message to 500 characters', async () => {
    const { error } = await extendAgainst((response) =>
      answerJson(response, { code: 400, msg: 'far too long '.repeat(100) }),
    );

    expect(error).toHaveProperty('upstreamMessage.length', 500);
  });

  it.each([
    { form: 'envelope 429', body: { code: 429 }, status: 200, retryAfter: 7 },
    { form: 'HTTP 429', body: 'slow down', status: 429, retryAfter: 7 },
    { form: 'envelope 455', body: { code: 455 }, status: 200, retryAfter: 7 },
    { form: 'HTTP 455', body: '', status: 455, retryAfter: 7 },
    { form: 'HTTP 502', body: '', status: 502, retryAfter: 7 },
    { form: 'envelope 401', body: { code: 401 }, status: 429, retryAfter: null },
    { form: 'HTTP 403', body: '', status: 403, retryAfter: null },
  ])('reads Retry-After with $form: $retryAfter', async ({ body, status, retryAfter }) => {
    const { error } = await extendAgainst((response) =>
      answerJson(response, body, { status, headers: { 'retry-after': '7' } }),
    );

    expect(error).toHaveProperty('retryAfter', retryAfter);
  });
});
