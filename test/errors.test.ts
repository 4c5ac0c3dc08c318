import { describe, expect, it } from 'vitest';
import { ORIGINAL_TASK_ID, startSandbox } from '../src/sandbox/sandbox.ts';
import {
  type ErrorCode,
  ExtendDocument,
  type ExtendMutation,
  type FailureReason,
  OnExtendedDocument,
  OnUpdatedDocument,
  ReadVideoDocument,
  ReadVideosDocument,
} from './generated/graphql.ts';
import { backdate } from './support/backdate.ts';
import { postCallback, readCallbackUrl } from './support/callback.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { extend, INPUT } from './support/operations.ts';
import { answerJson, type Script, startScriptedUpstream } from './support/scripted-upstream.ts';

/** A refusal as clients see it. */
interface Refusal {
  __typename: ExtendMutation['extendVideo']['__typename'];
  code: ErrorCode;
  retryable: boolean;
  retryAfter: number | null;
  upstreamCode: number;
  upstreamMessage: string | null;
}

/** The rows of the design's table by the upstream's code, where it says one. */
const ROWS: Record<number, Pick<Refusal, '__typename' | 'code' | 'retryable'>> = {
  401: { __typename: 'UpstreamUnauthorizedError', code: 'UPSTREAM_UNAUTHORIZED', retryable: false },
  404: { __typename: 'VideoNotFoundError', code: 'VIDEO_NOT_FOUND', retryable: false },
  422: { __typename: 'InvalidInputError', code: 'INVALID_INPUT', retryable: false },
  429: { __typename: 'RateLimitedError', code: 'RATE_LIMITED', retryable: true },
  451: { __typename: 'SourceUnavailableError', code: 'SOURCE_UNAVAILABLE', retryable: false },
  455: { __typename: 'UpstreamMaintenanceError', code: 'UPSTREAM_MAINTENANCE', retryable: true },
  402: { __typename: 'InsufficientCreditsError', code: 'INSUFFICIENT_CREDITS', retryable: false },
  433: { __typename: 'InsufficientCreditsError', code: 'INSUFFICIENT_CREDITS', retryable: false },
};
const OTHER_ROW = {
  __typename: 'UpstreamError',
  code: 'UPSTREAM_ERROR',
  retryable: false,
} as const;

function refusal(upstreamCode: number, changes: Partial<Refusal> = {}): Refusal {
  const row = ROWS[upstreamCode] ?? OTHER_ROW;
  return { ...row, retryAfter: null, upstreamCode, upstreamMessage: null, ...changes };
}

/** The refusals of the reference, each in the body alone and as the HTTP status too. */
const REFERENCE = [
  [401, 'Unauthorized - Authentication credentials are missing or invalid'],
  [404, 'Not Found - The requested resource or endpoint does not exist'],
  [422, 'Validation Error - The request parameters failed validation checks.'],
  [429, 'Rate Limited - Request limit has been exceeded for this resource'],
  [451, 'Unauthorized - Failed to fetch the image.'],
  [455, 'Service Unavailable - System is currently undergoing maintenance'],
  // Observed, and not in the reference.
  [402, 'Insufficient Credits - The account does not have enough credits'],
  [433, 'Request Limit - The limit of this key has been reached'],
] as const;
const SPOKEN = REFERENCE.flatMap(([code, upstreamMessage]) => {
  const retryAfter = code === 429 ? 10 : null;
  const expected = refusal(code, { upstreamMessage, retryAfter });
  return [
    [`#${code}`, expected],
    [`#http-${code}`, expected],
  ] as const;
});

function page(status: number, headers: Record<string, string> = {}): Script {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'text/html', ...headers });
    response.end('<html><body>a proxy speaks</body></html>');
  };
}

function envelope(code: number, status = 200, headers: Record<string, string> = {}): Script {
  return (_request, response) =>
    answerJson(response, { code, msg: `said ${code}`, data: null }, { status, headers });
}

/** What an upstream, or something in front of it, may also say: nothing was started. */
const TURNED_AWAY: [string, Script, Refusal][] = [
  ['status 401 with a page', page(401), refusal(401)],
  ['status 422 with a page', page(422), refusal(422)],
  ['status 429 with a page', page(429, { 'retry-after': '7' }), refusal(429, { retryAfter: 7 })],
  ['status 429 and nothing else', (_q, response) => response.writeHead(429).end(), refusal(429)],
  ['status 451 with a page', page(451), refusal(451)],
  ['status 455 with a page', page(455), refusal(455)],
  // A missing endpoint rather than a missing video.
  ['status 404 with a page', page(404), refusal(404, OTHER_ROW)],
  ['status 403 with a page', page(403), refusal(403)],
  ['a redirect', page(302, { location: '/elsewhere' }), refusal(302)],
  ['a code of its own', envelope(415), refusal(415, { upstreamMessage: 'said 415' })],
  [
    'code 451 in an envelope under status 500, where the body wins',
    envelope(451, 500),
    refusal(451, { upstreamMessage: 'said 451' }),
  ],
];

/** Errors that do not say whether the task was started. */
const IN_DOUBT: [string, Script, number][] = [
  ['code 500', envelope(500), 500],
  ['code 503 under status 503', envelope(503, 503, { 'retry-after': '3' }), 503],
  ['code 418', envelope(418), 418],
  ['code 0', envelope(0), 0],
];

/** The request left and no readable answer came. */
const LOST: [string, Script][] = [
  ['status 502 with a page', page(502, { 'retry-after': '1' })],
  ['status 503 and nothing else', (_request, response) => response.writeHead(503).end()],
  ['status 200 with a page', page(200)],
  ['status 200 and nothing else', (_request, response) => response.writeHead(200).end()],
  ['JSON without a code', (_request, response) => answerJson(response, { data: {} })],
  [
    'an answer that is cut off',
    (_request, response, socket) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '999' });
      response.write('{"code":200,"data":{"task', () => socket.destroy());
    },
  ],
  ['a connection that is closed', (_request, _response, socket) => socket.end()],
  ['a connection that is reset', (_request, _response, socket) => socket.resetAndDestroy()],
  ['something that is not HTTP', (_request, _response, socket) => socket.end('SSH-2.0-oops\r\n')],
  [
    'code 200 without data',
    (_request, response) => answerJson(response, { code: 200, msg: 'success', data: null }),
  ],
  [
    'code 200 without a task id',
    (_request, response) => answerJson(response, { code: 200, data: { taskId: ' ' } }),
  ],
];

async function submit(gateway: TestGateway, prompt = INPUT.prompt) {
  const { data, errors } = await gateway.graphql(ExtendDocument, { input: { ...INPUT, prompt } });
  expect(errors).toBeUndefined();
  return data.extendVideo;
}

async function listStates(gateway: TestGateway) {
  const { data } = await gateway.graphql(ReadVideosDocument, {});
  return data.videos.edges.map(({ node }) => node.state);
}

/** An upstream whose port is closed. */
async function startNobody(): Promise<{ url: string }> {
  const upstream = await startScriptedUpstream(() => {});
  await upstream.close();
  return { url: upstream.url };
}

describe('a submit that the upstream refuses', () => {
  it.each(SPOKEN)('with %s is a typed error, sent once and not listed', async (word, expected) => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);

    const result = await submit(gateway, `The cat goes on ${word}`);

    expect(result).toMatchObject(expected);
    expect(sandbox.requests.map(({ method }) => method)).toEqual(['POST']);
    expect(await listStates(gateway)).toEqual([]);
  });

  it.each(TURNED_AWAY)(
    'with %s is a typed error, sent once and not listed',
    async (_name, script, expected) => {
      await using upstream = await startScriptedUpstream(script);
      await using gateway = await startGateway(upstream);

      const result = await submit(gateway);

      expect(result).toMatchObject(expected);
      expect(upstream.requests.map(({ method }) => method)).toEqual(['POST']);
      expect(await listStates(gateway)).toEqual([]);
    },
  );

  it.each(IN_DOUBT)(
    'with %s is UpstreamError with the video, sent once and listed',
    async (_name, script, code) => {
      await using upstream = await startScriptedUpstream(script);
      await using gateway = await startGateway(upstream);

      const result = await submit(gateway);

      expect(result).toMatchObject({
        ...refusal(code, { upstreamMessage: `said ${code}` }),
        inDoubt: { taskId: null, state: 'UNCONFIRMED', prompt: INPUT.prompt, checkedAt: null },
      });
      expect(upstream.requests).toHaveLength(1);
      expect(await listStates(gateway)).toEqual(['UNCONFIRMED']);
    },
  );

  it('names the missing video for 404, and no issues for 422', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);

    const missing = await submit(gateway, '#404');
    const invalid = await submit(gateway, '#422');

    expect(missing).toMatchObject({ taskId: INPUT.taskId });
    expect(invalid).toMatchObject({ issues: [] });
  });

  it('names a missing video by the id that the client gave', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { id, taskId } = await extend(gateway);
    await sandbox.complete(taskId);
    const derived = `task-${Buffer.from(ORIGINAL_TASK_ID).toString('base64url')}`;

    for (const given of [id, derived]) {
      // The second time the answer comes from the row.
      for (const _time of [1, 2]) {
        const { data } = await gateway.graphql(ExtendDocument, {
          input: { ...INPUT, taskId: given, prompt: '#404', idempotencyKey: given },
        });
        expect(data.extendVideo).toMatchObject({
          __typename: 'VideoNotFoundError',
          taskId: given,
          message: `No video has the id "${given}".`,
          upstreamCode: 404,
        });
      }
    }
  });

  it('hides the key and the callback URL if the upstream echoes them', async () => {
    await using upstream = await startScriptedUpstream((request, response) => {
      const { callBackUrl } = request.json() as { callBackUrl: string };
      const msg = `You sent ${callBackUrl} and ${request.headers.authorization}`;
      answerJson(response, { code: 500, msg, data: null });
    });
    await using gateway = await startGateway(upstream);

    const result = JSON.stringify(await submit(gateway));

    const request = await upstream.nextRequest();
    expect(result).toContain('You sent');
    expect(result).not.toContain(readCallbackUrl(request.json()).token);
    expect(result).not.toContain('sandbox-key');
  });
});

describe('a submit that never reaches the upstream', () => {
  it('is UpstreamUnreachableError and not listed', async () => {
    await using gateway = await startGateway(await startNobody());

    const result = await submit(gateway);

    expect(result).toMatchObject({
      __typename: 'UpstreamUnreachableError',
      code: 'UPSTREAM_UNREACHABLE',
      retryable: true,
      retryAfter: null,
    });
    expect(await listStates(gateway)).toEqual([]);
  });
});

describe('a submit whose answer is lost', () => {
  const UNKNOWN = {
    __typename: 'OutcomeUnknownError',
    code: 'OUTCOME_UNKNOWN',
    retryable: false,
    retryAfter: null,
    video: { taskId: null, state: 'UNCONFIRMED', prompt: INPUT.prompt, checkedAt: null },
  };

  it.each(LOST)('with %s is OutcomeUnknownError, sent once and listed', async (_name, script) => {
    await using upstream = await startScriptedUpstream(script);
    await using gateway = await startGateway(upstream);

    const result = await submit(gateway);

    expect(result).toMatchObject(UNKNOWN);
    expect(upstream.requests).toHaveLength(1);
    expect(await listStates(gateway)).toEqual(['UNCONFIRMED']);
  });

  it('by a time-out is OutcomeUnknownError, sent once and listed', async () => {
    await using upstream = await startScriptedUpstream(() => 'silence');
    await using gateway = await startGateway(upstream, { UPSTREAM_TIMEOUT_MS: '1000' });

    const result = await submit(gateway);

    expect(result).toMatchObject(UNKNOWN);
    expect(upstream.requests).toHaveLength(1);
    expect(await listStates(gateway)).toEqual(['UNCONFIRMED']);
  });

  it('returns a video whose state changes when the callback arrives', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const result = await submit(gateway, '#answer-lost');
    if (result.__typename !== 'OutcomeUnknownError') throw new Error(result.__typename);
    const { taskId } = await sandbox.nextRequest();

    await sandbox.complete(taskId ?? '');

    const { data } = await gateway.graphql(ReadVideoDocument, { taskId: result.video.id });
    expect(data.video).toMatchObject({ id: result.video.id, taskId, state: 'SUCCEEDED' });
  });
});

describe('a task that fails', () => {
  const FAILURES: [string, FailureReason, boolean, number][] = [
    ['Get image info failed.', 'IMAGE_UNREADABLE', false, 400],
    [
      'Inappropriate content detected. Please replace the image or video.',
      'INAPPROPRIATE_CONTENT',
      false,
      400,
    ],
    ['Incorrect image format.', 'INCORRECT_IMAGE_FORMAT', false, 400],
    [
      'Please try again later. You can upgrade to Standard membership to start generating now.',
      'MEMBERSHIP_REQUIRED',
      true,
      400,
    ],
    ['Reached the limit for concurrent generations.', 'CONCURRENCY_LIMIT', true, 400],
    [
      'Unsupported width or height. Please adjust the size and try again.',
      'UNSUPPORTED_DIMENSIONS',
      false,
      400,
    ],
    ['Upload failed due to network reasons, please re-enter.', 'UPLOAD_FAILED', true, 400],
    [
      'Your prompt was caught by our AI moderator. Please adjust it and try again!',
      'PROMPT_MODERATED',
      false,
      400,
    ],
    [
      'Your prompt/negative prompt cannot exceed 2048 characters. Please check if your input is too long.',
      'PROMPT_TOO_LONG',
      false,
      400,
    ],
    [
      "Your video creation prompt contains NSFW content, which isn't allowed under our policy. Kindly revise your prompt and generate again.",
      'PROMPT_NSFW',
      false,
      400,
    ],
    ['An unexpected error occurred while processing the request', 'PROVIDER_ERROR', true, 500],
    ['REACHED THE LIMIT for concurrent  generations...', 'CONCURRENCY_LIMIT', true, 400],
    ['The moon is in the wrong house', 'UNCLASSIFIED', false, 400],
  ];

  it.each(FAILURES)(
    'with “%s” has the reason %s',
    async (message, reason, retryable, upstreamCode) => {
      await using sandbox = await startSandbox({ autoplay: false });
      await using gateway = await startGateway(sandbox);
      const { taskId } = await extend(gateway);

      const code = upstreamCode === 500 ? 500 : 400;
      await sandbox.complete(taskId, { code, msg: message });

      const { data } = await gateway.graphql(ReadVideoDocument, { taskId });
      expect(data.video).toMatchObject({
        state: 'FAILED',
        failure: { reason, message, retryable, upstreamCode },
        videoUrl: null,
        coverUrl: null,
        expiresAt: null,
      });
      expect(data.video?.finishedAt).not.toBeNull();
    },
  );

  it('has a reason even if the callback has no text and no data', async () => {
    await using upstream = await startScriptedUpstream((_request, response) =>
      answerJson(response, { code: 200, msg: 'success', data: { taskId: 'a-task' } }),
    );
    await using gateway = await startGateway(upstream);
    const { taskId } = await extend(gateway);
    const request = await upstream.nextRequest();
    const { url } = readCallbackUrl(request.json());

    await postCallback(url, { code: 400 });

    const { data } = await gateway.graphql(ReadVideoDocument, { taskId });
    expect(data.video).toMatchObject({
      state: 'FAILED',
      failure: { reason: 'UNCLASSIFIED', message: expect.stringMatching(/./), upstreamCode: 400 },
    });
  });
});

describe('a read of a foreign video', () => {
  const TROUBLE: [string, Script, Record<string, unknown>][] = [
    [
      'code 401',
      envelope(401),
      { code: 'UPSTREAM_UNAUTHORIZED', retryable: false, upstreamCode: 401 },
    ],
    [
      'code 429',
      envelope(429, 200, { 'retry-after': '9' }),
      { code: 'RATE_LIMITED', retryable: true, retryAfter: 9, upstreamCode: 429 },
    ],
    [
      'status 429 with a page',
      page(429),
      { code: 'RATE_LIMITED', retryable: true, upstreamCode: 429 },
    ],
    [
      'code 455',
      envelope(455),
      { code: 'UPSTREAM_MAINTENANCE', retryable: true, upstreamCode: 455 },
    ],
    [
      'code 451',
      envelope(451),
      { code: 'SOURCE_UNAVAILABLE', retryable: false, upstreamCode: 451 },
    ],
    ['code 500', envelope(500), { code: 'UPSTREAM_ERROR', retryable: true, upstreamCode: 500 }],
    ['code 418', envelope(418), { code: 'UPSTREAM_ERROR', retryable: false, upstreamCode: 418 }],
    [
      'status 404 with a page',
      page(404),
      { code: 'UPSTREAM_ERROR', retryable: false, upstreamCode: 404 },
    ],
    ...LOST.filter(([name]) => !name.startsWith('code 200')).map(
      ([name, script]): [string, Script, Record<string, unknown>] => [
        name,
        script,
        { code: 'UPSTREAM_ERROR', retryable: true, upstreamCode: null },
      ],
    ),
  ];

  it.each(TROUBLE)('with %s is a top-level error with its code', async (name, script, expected) => {
    await using upstream = await startScriptedUpstream(script);
    await using gateway = await startGateway(upstream);

    const { data, errors } = await gateway.graphql(ReadVideoDocument, { taskId: 'elsewhere' });

    expect(data.video).toBeNull();
    expect(errors).toHaveLength(1);
    expect(errors?.[0]?.path).toEqual(['video']);
    const retryAfter = name.startsWith('status 502') ? 1 : null;
    expect(errors?.[0]?.extensions).toEqual({ retryAfter, ...expected });
  });

  it('that times out is UPSTREAM_ERROR', async () => {
    await using upstream = await startScriptedUpstream(() => 'silence');
    await using gateway = await startGateway(upstream, { UPSTREAM_TIMEOUT_MS: '1000' });

    const { errors } = await gateway.graphql(ReadVideoDocument, { taskId: 'elsewhere' });

    expect(errors?.map(({ extensions }) => extensions)).toEqual([
      { code: 'UPSTREAM_ERROR', retryable: true, retryAfter: null, upstreamCode: null },
    ]);
  });

  it('from an unreachable upstream is UPSTREAM_UNREACHABLE', async () => {
    await using gateway = await startGateway(await startNobody());

    const { errors } = await gateway.graphql(ReadVideoDocument, { taskId: 'elsewhere' });

    expect(errors?.map(({ extensions }) => extensions)).toEqual([
      { code: 'UPSTREAM_UNREACHABLE', retryable: true, retryAfter: null, upstreamCode: null },
    ]);
  });

  it('fails a subscription with the same error', async () => {
    await using upstream = await startScriptedUpstream(envelope(455));
    await using gateway = await startGateway(upstream);
    const socket = await gateway.socket();

    const answers = [
      await socket.subscribe(OnUpdatedDocument, { taskId: 'elsewhere' }).rest(),
      await socket.subscribe(OnExtendedDocument, { taskId: 'elsewhere' }).rest(),
    ];

    const error = {
      extensions: {
        code: 'UPSTREAM_MAINTENANCE',
        retryable: true,
        retryAfter: null,
        upstreamCode: 455,
      },
    };
    expect(answers).toMatchObject([[{ errors: [error] }], [{ errors: [error] }]]);
  });

  const NOTHING: [string, Script][] = [
    ['code 404', envelope(404)],
    ['code 404 under status 404', envelope(404, 404)],
    ['code 422', envelope(422)],
    ['status 422 with a page', page(422)],
    ['data that is null', envelope(200)],
    ['data that is {}', (_request, response) => answerJson(response, { code: 200, data: {} })],
    ['data that is missing', (_request, response) => answerJson(response, { code: 200 })],
  ];

  it.each(NOTHING)('with %s is null and no error', async (_name, script) => {
    await using upstream = await startScriptedUpstream(script);
    await using gateway = await startGateway(upstream);

    const answer = await gateway.graphql(ReadVideoDocument, { taskId: 'elsewhere' });

    expect(answer).toEqual({ data: { video: null } });
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('a bug', () => {
  it('is masked as INTERNAL and does not affect the rest of the data', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId } = await extend(gateway);
    const { taskId: sound } = await extend(gateway);
    for (const id of [taskId, sound]) await sandbox.complete(id);
    await gateway.stop();
    // A time beyond those that exist: no code of the gateway writes one, and none expects one.
    backdate(gateway, 'update video set finished_at = 9e15 where task_id = ?', taskId);
    await gateway.restart();

    const { data, errors } = await gateway.send(
      'query ($bad: ID!, $good: ID!) { bad: video(taskId: $bad) { finishedAt } good: video(taskId: $good) { taskId } }',
      { bad: taskId, good: sound },
    );

    expect(data).toEqual({ bad: { finishedAt: null }, good: { taskId: sound } });
    expect(errors?.map(({ path, extensions }) => ({ path, extensions }))).toEqual([
      {
        path: ['bad', 'finishedAt'],
        extensions: { code: 'INTERNAL', retryable: false, retryAfter: null, upstreamCode: null },
      },
    ]);
    expect(JSON.stringify(errors)).not.toMatch(/time|Range|invalid/i);
  });
});
