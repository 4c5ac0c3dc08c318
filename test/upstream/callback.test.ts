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

describe('a callback of a success', () => {
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

  it('may have its code as a string, and fields that nobody knows', () => {
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

  it('stays one when the cover and the video id are missing or odd', () => {
    const data = { task_id: 'task-1', video_url: 'https://file.com/k/x.mp4', image_url: 'x' };

    expect(parse({ ...done, data })?.files).toEqual({
      videoId: null,
      videoUrl: 'https://file.com/k/x.mp4',
      coverUrl: null,
    });
  });
});

describe('a callback of a failure', () => {
  it('says why, in the words of the upstream', () => {
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

  it('has no files, whatever it names', () => {
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
  ])('needs %s', (_name, body) => {
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
