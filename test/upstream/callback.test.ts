import { describe, expect, it } from 'vitest';
import { parseCallback } from '../../src/upstream/callback.ts';

const done = {
  code: 200,
  msg: 'All generated successfully.',
  data: {
    task_id: 'task-1',
    video_id: 'video-1',
    video_url: 'https://file.com/k/x.mp4',
    image_url: 'https://file.com/m/x.png',
  },
};

const parse = (body: unknown) => parseCallback(JSON.stringify(body));

describe('a success', () => {
  it('names the task and its files', () => {
    expect(parse(done)).toEqual({
      taskId: 'task-1',
      success: true,
      files: {
        videoId: 'video-1',
        videoUrl: 'https://file.com/k/x.mp4',
        coverUrl: 'https://file.com/m/x.png',
      },
      failure: null,
    });
  });

  it('may have its code as a string, and unknown fields', () => {
    expect(parse({ ...done, code: '200', extra: [1] })).toEqual(parse(done));
  });

  it.each([undefined, null, '', 'no address', 'file:///etc/passwd', 7, {}])(
    'has no files with the video URL %j',
    (video_url) => {
      expect(parse({ ...done, data: { ...done.data, video_url } })).toEqual({
        taskId: 'task-1',
        success: true,
        files: null,
        failure: null,
      });
    },
  );

  it.each([undefined, null, '', 7, [], {}])('names nothing with data %j', (data) => {
    expect(parse({ ...done, data })).toEqual({
      taskId: null,
      success: true,
      files: null,
      failure: null,
    });
  });

  it('remains valid if the cover or the video id is missing or invalid', () => {
    const data = { task_id: 'task-1', video_url: 'https://file.com/k/x.mp4', image_url: 'x' };

    expect(parse({ ...done, data })?.files).toEqual({
      videoId: null,
      videoUrl: 'https://file.com/k/x.mp4',
      coverUrl: null,
    });
  });
});

describe('a failure', () => {
  it("has the upstream's text", () => {
    const body = { code: 400, msg: 'Incorrect image format.', data: { task_id: 'task-1' } };

    expect(parse(body)).toEqual({
      taskId: 'task-1',
      success: false,
      files: null,
      failure: {
        reason: 'INCORRECT_IMAGE_FORMAT',
        message: 'Incorrect image format.',
        upstreamCode: 400,
      },
    });
  });

  it('has no files, even if it names some', () => {
    expect(parse({ ...done, code: 500, msg: 'Internal Error' })).toEqual({
      taskId: 'task-1',
      success: false,
      files: null,
      failure: { reason: 'PROVIDER_ERROR', message: 'Internal Error', upstreamCode: 500 },
    });
  });

  it.each([
    ['nothing but a code', { code: 400 }],
    ['data null', { code: 400, msg: null, data: null }],
    ['odd types', { code: '400', msg: 7, data: 'x' }],
  ])('requires %s', (_name, body) => {
    expect(parse(body)).toEqual({
      taskId: null,
      success: false,
      files: null,
      failure: {
        reason: 'UNCLASSIFIED',
        message: 'The upstream gave no reason.',
        upstreamCode: 400,
      },
    });
  });
});

describe('progress', () => {
  it.each([100, 102, 199, 201, 202, 299, '201'])('is neither success nor failure: %j', (code) => {
    expect(parse({ ...done, code, msg: 'processing' })).toEqual({
      taskId: 'task-1',
      success: false,
      files: null,
      failure: null,
    });
  });

  it.each([0, 99, 300, 400, 500, 501])('is not reported by the code %j', (code) => {
    expect(parse({ ...done, code })?.failure).toMatchObject({ upstreamCode: code });
  });
});

describe('another encoding of a callback', () => {
  const FORM = 'application/x-www-form-urlencoded; charset=utf-8';

  it.each<[string, unknown]>([
    ['data as JSON in a text', { ...done, data: JSON.stringify(done.data) }],
    ['JSON in a text', JSON.stringify(done)],
    [
      'camel case',
      {
        code: 200,
        data: {
          taskId: 'task-1',
          videoId: 'video-1',
          videoUrl: done.data.video_url,
          imageUrl: done.data.image_url,
        },
      },
    ],
    [
      'addresses without a scheme',
      {
        ...done,
        data: { ...done.data, video_url: '//file.com/k/x.mp4', image_url: '//file.com/m/x.png' },
      },
    ],
  ])('is equivalent: %s', (_name, body) => {
    expect(parse(body)).toEqual(parse(done));
  });

  it.each<[string, Record<string, string>]>([
    ['data as JSON', { code: '200', msg: 'ok', data: JSON.stringify(done.data) }],
    [
      'data in brackets',
      Object.fromEntries([
        ['code', '200'],
        ...Object.entries(done.data).map(([name, value]) => [`data[${name}]`, value]),
      ]),
    ],
    [
      'data with dots',
      Object.fromEntries([
        ['code', '200'],
        ...Object.entries(done.data).map(([name, value]) => [`data.${name}`, value]),
      ]),
    ],
    ['data beside the code', { code: '200', ...done.data }],
  ])('is equivalent as a form: %s', (_name, fields) => {
    const body = new URLSearchParams(fields).toString();

    expect(parseCallback(body, undefined, FORM)).toEqual(parse(done));
  });

  it('is read as JSON even if the content type is a form', () => {
    expect(parseCallback(JSON.stringify(done), undefined, FORM)).toEqual(parse(done));
  });

  it('may have numbers as the ids of the task and the video', () => {
    const data = { ...done.data, task_id: 2_151_574_698, video_id: 7 };

    expect(parse({ ...done, data })).toMatchObject({
      taskId: '2151574698',
      files: { videoId: '7' },
    });
  });

  it.each([1.5, 2 ** 53, -1, ' ', 'a\0b', 'x'.repeat(513)])('names no task with %j', (task_id) => {
    expect(parse({ ...done, data: { ...done.data, task_id } })?.taskId).toBeNull();
  });

  it.each(['a=b', 'code=ok', '', '%'])('is invalid as the form %j', (body) => {
    expect(parseCallback(body, undefined, FORM)).toBeNull();
  });
});

describe('a body that is not a callback', () => {
  it.each([
    '',
    'code=200',
    '{"code":200',
    'null',
    '200',
    '"200"',
    '[]',
    '[{"code":200}]',
    '{}',
    '{"msg":"success"}',
    '{"code":null}',
    '{"code":""}',
    '{"code":"ok"}',
    '{"code":200.5}',
    '{"code":true}',
    '{"code":[200]}',
    '{"code":4000000000}',
    '{"code":"4000000000"}',
  ])('%j', (body) => {
    expect(parseCallback(body)).toBeNull();
  });
});
