import { describe, expect, it } from 'vitest';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import {
  ExtendDocument,
  type ExtendVideoInput,
  ReadCompletionsDocument,
  ReadLineageDocument,
  ReadVideosDocument,
} from './generated/graphql.ts';
import { startGateway } from './support/gateway.ts';
import { extend, INPUT } from './support/operations.ts';

const DANCER = '\u{1f483}';

describe('an input that the gateway refuses', () => {
  const BAD: [string, Partial<ExtendVideoInput>, string[]][] = [
    ['an empty prompt', { prompt: '' }, ['prompt']],
    ['a blank prompt', { prompt: ' \t\n\u{a0}' }, ['prompt']],
    ['a prompt of 2049 characters', { prompt: 'a'.repeat(2049) }, ['prompt']],
    ['a prompt of 2049 characters beyond the BMP', { prompt: DANCER.repeat(2049) }, ['prompt']],
    ['a prompt with NUL', { prompt: 'The cat\0' }, ['prompt']],
    ['a prompt with half a character', { prompt: 'The cat \ud83d' }, ['prompt']],
    ['an empty task id', { taskId: '' }, ['taskId']],
    ['a blank task id', { taskId: '   ' }, ['taskId']],
    ['a task id of 256 characters', { taskId: 'a'.repeat(256) }, ['taskId']],
    ['a task id with NUL', { taskId: 'a\0b' }, ['taskId']],
    ['a watermark of 2049 characters', { waterMark: 'a'.repeat(2049) }, ['waterMark']],
    ['a watermark with NUL', { waterMark: 'a\0b' }, ['waterMark']],
    ['an empty image URL', { imageUrl: '' }, ['imageUrl']],
    ['a relative image URL', { imageUrl: '/cat.png' }, ['imageUrl']],
    ['a file: image URL', { imageUrl: 'file:///etc/passwd' }, ['imageUrl']],
    ['a data: image URL', { imageUrl: 'data:image/png;base64,AAAA' }, ['imageUrl']],
    ['a javascript: image URL', { imageUrl: 'javascript:alert(1)' }, ['imageUrl']],
    ['an ftp: image URL', { imageUrl: 'ftp://example.com/cat.png' }, ['imageUrl']],
    ['an image URL without a host', { imageUrl: 'https://' }, ['imageUrl']],
    [
      'an image URL of 2049 characters',
      { imageUrl: `https://example.com/${'a'.repeat(2029)}` },
      ['imageUrl'],
    ],
    ['an empty key', { idempotencyKey: '' }, ['idempotencyKey']],
    ['a key of 256 characters', { idempotencyKey: 'k'.repeat(256) }, ['idempotencyKey']],
    ['a key with a line break', { idempotencyKey: 'a\nb' }, ['idempotencyKey']],
    ['a key with NUL', { idempotencyKey: 'a\0b' }, ['idempotencyKey']],
    [
      'several faults at once',
      { taskId: '', prompt: ' ', imageUrl: 'cat.png', idempotencyKey: '' },
      ['taskId', 'prompt', 'imageUrl', 'idempotencyKey'],
    ],
  ];

  it.each(BAD)(
    '%s is InvalidInputError with its path, and nothing is sent',
    async (_name, changes, fields) => {
      await using sandbox = await startSandbox({ autoplay: false });
      await using gateway = await startGateway(sandbox);

      const { data, errors } = await gateway.graphql(ExtendDocument, {
        input: { ...INPUT, ...changes },
      });

      expect(errors).toBeUndefined();
      const result = data.extendVideo;
      expect(result).toMatchObject({
        __typename: 'InvalidInputError',
        code: 'INVALID_INPUT',
        retryable: false,
        retryAfter: null,
        upstreamCode: null,
        upstreamMessage: null,
      });
      if (result.__typename !== 'InvalidInputError') throw new Error(result.__typename);
      expect([...new Set(result.issues.map(({ path }) => path.join('.')))]).toEqual(fields);
      for (const { message } of result.issues) expect(message).not.toBe('');
      const list = await gateway.graphql(ReadVideosDocument, {});
      expect(list.data.videos.edges).toEqual([]);
      expect(sandbox.requests).toEqual([]);
    },
  );

  it('is the id of an unconfirmed video as a source', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const lost = await gateway.graphql(ExtendDocument, {
      input: { ...INPUT, prompt: '#answer-lost' },
    });
    if (lost.data.extendVideo.__typename !== 'OutcomeUnknownError') throw new Error('not lost');
    const { id } = lost.data.extendVideo.video;

    const { data } = await gateway.graphql(ExtendDocument, { input: { ...INPUT, taskId: id } });

    expect(data.extendVideo).toMatchObject({
      __typename: 'InvalidInputError',
      issues: [{ path: ['taskId'] }],
    });
    expect(sandbox.requests).toHaveLength(1);
  });
});

describe('an input at the edge of what is allowed', () => {
  const GOOD: [string, Partial<ExtendVideoInput>][] = [
    ['a prompt of one character', { prompt: '.' }],
    ['a prompt of 2048 characters', { prompt: 'a'.repeat(2048) }],
    ['a prompt of 2048 characters beyond the BMP', { prompt: DANCER.repeat(2048) }],
    ['line breaks, quotes and a backslash', { prompt: 'One\r\ntwo "three" \\ \u{2028}four' }],
    ['an empty watermark', { waterMark: '' }],
    ['a watermark of 2048 characters', { waterMark: DANCER.repeat(2048) }],
    ['a watermark beyond ASCII', { waterMark: 'Лонгтейк' }],
    ['an http image URL', { imageUrl: 'http://example.com/cat.png?a=1#b' }],
    ['expandPrompt off', { expandPrompt: false }],
    ['nulls where they are allowed', { waterMark: null, imageUrl: null, expandPrompt: null }],
    ['no key but null', { idempotencyKey: null }],
    ['a key of 255 characters', { idempotencyKey: DANCER.repeat(255) }],
    ['the better quality', { quality: 'P1080' }],
  ];

  it.each(GOOD)('%s is sent and stored unchanged', async (_name, changes) => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);

    const { data } = await gateway.graphql(ExtendDocument, { input: { ...INPUT, ...changes } });

    const { idempotencyKey: _key, taskId: _taskId, ...fields } = { ...INPUT, ...changes };
    const told = { waterMark: '', imageUrl: null, expandPrompt: null, ...fields };
    expect(data.extendVideo).toMatchObject({
      __typename: 'ExtendVideoSuccess',
      video: { ...told, waterMark: told.waterMark ?? '' },
    });
    const { body } = await sandbox.nextRequest();
    expect(body).toEqual({
      taskId: INPUT.taskId,
      prompt: told.prompt,
      quality: told.quality === 'P1080' ? '1080p' : '720p',
      waterMark: told.waterMark ?? '',
      ...(told.imageUrl && { imageUrl: told.imageUrl }),
      ...(told.expandPrompt !== null && { expandPrompt: told.expandPrompt }),
      callBackUrl: expect.stringContaining(`${gateway.url}/callbacks/`),
    });
  });

  it('ignores white space around a task id', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);

    await extend(gateway, { taskId: ` ${INPUT.taskId}\n` });

    const { body } = await sandbox.nextRequest();
    expect(body).toMatchObject({ taskId: INPUT.taskId });
  });
});

describe('a document or variables that do not fit the schema', () => {
  const EXTEND = ExtendDocument.toString();

  const MISFITS: [string, unknown][] = [
    ['a missing variable', undefined],
    ['an input that is no object', { input: 'ee603959' }],
    ['a missing prompt', { input: { taskId: 'a', quality: 'P720' } }],
    ['a prompt that is null', { input: { ...INPUT, prompt: null } }],
    ['a prompt that is a number', { input: { ...INPUT, prompt: 7 } }],
    ['a task id that is an object', { input: { ...INPUT, taskId: {} } }],
    ['an unknown quality', { input: { ...INPUT, quality: '720p' } }],
    ['expandPrompt as a text', { input: { ...INPUT, expandPrompt: 'yes' } }],
    ['an unknown field', { input: { ...INPUT, seed: 1 } }],
  ];

  it.each(MISFITS)('%s is BAD_USER_INPUT, and nothing is sent', async (_name, variables) => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);

    const { data, errors } = await gateway.send(EXTEND, variables);

    expect(data).toBeUndefined();
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(
      errors?.map(() => 'BAD_USER_INPUT'),
    );
    expect(errors?.length).toBeGreaterThan(0);
    expect(sandbox.requests).toEqual([]);
  });

  const FAULTS: [string, string, string][] = [
    ['a document that cannot be parsed', '{ videos( }', 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', '{ movies { id } }', 'GRAPHQL_VALIDATION_FAILED'],
    [
      'an unknown enum value',
      '{ videos(states: [DONE]) { __typename } }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['a missing argument', '{ video { id } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['a missing selection', '{ videos }', 'GRAPHQL_VALIDATION_FAILED'],
  ];

  it.each(FAULTS)(
    '%s keeps its standard code, over HTTP and on a socket',
    async (_name, query, code) => {
      await using sandbox = await startSandbox({ autoplay: false });
      await using gateway = await startGateway(sandbox);
      const socket = await gateway.socket();

      const { data, errors } = await gateway.send(query);
      const bySocket = await new Promise((resolve, reject) =>
        socket.client.subscribe(
          { query },
          { next: reject, error: resolve, complete: () => reject(new Error('no error came')) },
        ),
      );

      expect(data).toBeUndefined();
      expect(errors?.map(({ extensions }) => extensions)).toEqual([{ code }]);
      expect(bySocket).toMatchObject([{ extensions: { code } }]);
      expect(Object.keys((bySocket as [{ extensions: object }])[0].extensions)).toEqual(['code']);
    },
  );
});

describe('an invalid page', () => {
  it.each([101, -1, 2 ** 31 - 1])('first: %s is INVALID_INPUT on every list', async (first) => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId } = await extend(gateway);

    const answers = [
      await gateway.graphql(ReadVideosDocument, { first }),
      await gateway.graphql(ReadCompletionsDocument, { first }),
    ];
    const lineage = await gateway.graphql(ReadLineageDocument, { taskId, first });

    for (const { errors } of answers) {
      expect(errors?.map(({ extensions }) => extensions)).toMatchObject([
        { code: 'INVALID_INPUT', retryable: false, issues: [{ path: ['first'] }] },
      ]);
    }
    expect(lineage.errors?.map(({ extensions }) => extensions.code)).toEqual(
      lineage.errors?.map(() => 'INVALID_INPUT'),
    );
    expect(lineage.errors?.length).toBeGreaterThan(0);
  });

  it('first: 0 is an empty page, first: 100 the longest, first: null the default', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    await extend(gateway);

    const lengths = [];
    for (const first of [0, 100, null]) {
      const { data, errors } = await gateway.graphql(ReadVideosDocument, { first });
      expect(errors).toBeUndefined();
      lengths.push(data.videos.edges.length);
    }

    expect(lengths).toEqual([0, 1, 1]);
  });

  const CURSORS: [string, string][] = [
    ['a text of one’s own', 'page 2'],
    ['an empty text', ''],
    ['the encoding of no id', Buffer.from('not-an-id').toString('base64url')],
    ['half a cursor', Buffer.from('0197a2b4-0000-7000').toString('base64url')],
    ['a text beyond ASCII', '\u{1f483}\0'],
  ];

  it.each(CURSORS)('after: %s is INVALID_INPUT on every list', async (_name, after) => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);

    const videos = await gateway.graphql(ReadVideosDocument, { after });
    const completions = await gateway.graphql(ReadCompletionsDocument, { after });

    for (const { errors } of [videos, completions]) {
      expect(errors?.map(({ extensions }) => extensions)).toMatchObject([
        {
          code: 'INVALID_INPUT',
          retryable: false,
          retryAfter: null,
          issues: [{ path: ['after'] }],
        },
      ]);
    }
  });
});
