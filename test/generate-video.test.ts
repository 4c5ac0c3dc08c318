import { describe, expect, it } from 'vitest';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import {
  ExtendDocument,
  GenerateDocument,
  type GenerateVideoInput,
  ReadKindDocument,
  ReadVideosDocument,
} from './generated/graphql.ts';
import { startGateway, type TestCaller } from './support/gateway.ts';
import { INPUT } from './support/operations.ts';
import { answerJson, startScriptedUpstream } from './support/scripted-upstream.ts';

const ORIGINAL: GenerateVideoInput = {
  prompt: 'A cat dances in a room full of colorful lights',
  aspectRatio: 'LANDSCAPE_16_9',
  duration: 5,
  quality: 'P720',
};

async function generate(caller: TestCaller, changes: Partial<GenerateVideoInput> = {}) {
  const input = { ...ORIGINAL, ...changes };
  return (await caller.graphql(GenerateDocument, { input })).data.generateVideo;
}

/** An upstream that accepts everything as task-1, task-2, …, and knows no task on reads. */
function startAccepting() {
  let tasks = 0;
  return startScriptedUpstream((request, response) => {
    if (request.method === 'GET') {
      return answerJson(response, { code: 422, msg: 'recordInfo is null', data: null });
    }
    tasks += 1;
    return answerJson(response, { code: 200, msg: 'success', data: { taskId: `task-${tasks}` } });
  });
}

describe('generateVideo', () => {
  it.each<[string, Partial<GenerateVideoInput>, object]>([
    ['a prompt', {}, { aspectRatio: '16:9', duration: 5, quality: '720p', waterMark: '' }],
    [
      'a portrait of ten seconds with a watermark',
      { aspectRatio: 'PORTRAIT_9_16', duration: 10, waterMark: 'mine' },
      { aspectRatio: '9:16', duration: 10, waterMark: 'mine' },
    ],
    [
      '1080p',
      { quality: 'P1080', aspectRatio: 'SQUARE_1_1' },
      { quality: '1080p', aspectRatio: '1:1' },
    ],
    ['4:3', { aspectRatio: 'LANDSCAPE_4_3' }, { aspectRatio: '4:3' }],
    ['3:4', { aspectRatio: 'PORTRAIT_3_4' }, { aspectRatio: '3:4' }],
  ])('sends the upstream %s', async (_what, changes, wire) => {
    await using upstream = await startAccepting();
    await using gateway = await startGateway(upstream);

    const result = await generate(gateway, changes);

    expect(result.__typename).toBe('GenerateVideoSuccess');
    const [request] = upstream.requests;
    expect(request).toMatchObject({ method: 'POST', path: '/api/v1/runway/generate' });
    expect(request?.json()).toEqual({
      prompt: ORIGINAL.prompt,
      aspectRatio: '16:9',
      duration: 5,
      quality: '720p',
      waterMark: '',
      ...wire,
      callBackUrl: expect.stringContaining(`${gateway.url}/callbacks/`),
    });
  });

  it('sends an image instead of an aspect ratio', async () => {
    await using upstream = await startAccepting();
    await using gateway = await startGateway(upstream);
    const imageUrl = 'https://images.example.com/cat.png';

    const result = await generate(gateway, { aspectRatio: null, imageUrl });

    expect(result).toMatchObject({ video: { imageUrl, aspectRatio: null } });
    const body = upstream.requests[0]?.json();
    expect(body).toMatchObject({ imageUrl });
    expect(body).not.toHaveProperty('aspectRatio');
  });

  it('makes a video that can be read, extended and listed, and that has no source', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);

    const result = await generate(gateway, { duration: 10 });
    if (result.__typename !== 'GenerateVideoSuccess') throw new Error(result.__typename);
    const { id, taskId } = result.video;
    expect(result.video).toMatchObject({
      kind: 'ORIGINAL',
      duration: 10,
      aspectRatio: 'LANDSCAPE_16_9',
      state: 'WAITING',
    });
    await sandbox.complete(taskId ?? '');
    const extended = await gateway.graphql(ExtendDocument, { input: { ...INPUT, taskId: id } });
    expect(extended.data.extendVideo.__typename).toBe('ExtendVideoSuccess');

    const { data } = await gateway.graphql(ReadKindDocument, { taskId: id });
    expect(data.video).toMatchObject({
      kind: 'ORIGINAL',
      duration: 10,
      sourceTaskId: null,
      source: null,
      extensions: { edges: [{ node: { kind: 'EXTENSION' } }] },
    });
    const { data: lists } = await gateway.graphql(ReadVideosDocument, { first: 10 });
    expect(lists.videos.edges).toHaveLength(2);
  });

  it('distinguishes foreign originals from extensions by their source', async () => {
    await using sandbox = await startSandbox();
    await using gateway = await startGateway(sandbox);
    const { data } = await gateway.graphql(ReadKindDocument, { taskId: INPUT.taskId });
    expect(data.video).toMatchObject({ kind: 'ORIGINAL', duration: null, aspectRatio: null });
  });

  it.each<[string, Partial<GenerateVideoInput>, string[]]>([
    ['a blank prompt', { prompt: ' \n' }, ['prompt']],
    ['a prompt of 1801 code points', { prompt: '🐈'.repeat(1801) }, ['prompt']],
    ['a duration of 7', { duration: 7 }, ['duration']],
    ['ten seconds in 1080p', { duration: 10, quality: 'P1080' }, ['duration']],
    ['neither image nor aspect ratio', { aspectRatio: null }, ['aspectRatio']],
    ['both image and aspect ratio', { imageUrl: 'https://a.example/cat.png' }, ['aspectRatio']],
    ['an image that is no address', { imageUrl: 'cat.png', aspectRatio: null }, ['imageUrl']],
    ['an empty key', { idempotencyKey: '' }, ['idempotencyKey']],
    [
      'several problems at once',
      { aspectRatio: null, duration: 10, quality: 'P1080' },
      ['aspectRatio', 'duration'],
    ],
  ])('refuses %s before any call, and stores nothing', async (_what, changes, paths) => {
    await using upstream = await startAccepting();
    await using gateway = await startGateway(upstream);

    const result = await generate(gateway, changes);

    expect(result).toMatchObject({ __typename: 'InvalidInputError', code: 'INVALID_INPUT' });
    if (result.__typename !== 'InvalidInputError') return;
    expect(result.issues.map(({ path }) => path.join('.'))).toEqual(paths);
    expect(upstream.requests).toEqual([]);
    const { data } = await gateway.graphql(ReadVideosDocument, {});
    expect(data.videos.edges).toEqual([]);
  });

  it('accepts a prompt of 1800 code points', async () => {
    await using upstream = await startAccepting();
    await using gateway = await startGateway(upstream);
    const result = await generate(gateway, { prompt: '🐈'.repeat(1800) });
    expect(result.__typename).toBe('GenerateVideoSuccess');
  });

  it('counts towards MAX_SUBMITS of one operation', async () => {
    await using upstream = await startAccepting();
    await using gateway = await startGateway(upstream);
    const field = `generateVideo(input: { prompt: "A cat", aspectRatio: SQUARE_1_1, quality: P720 }) { __typename }`;

    const { errors } = await gateway.send(`mutation { a: ${field} b: ${field} }`);

    expect(errors?.[0]?.message).toContain('submits in one operation');
    expect(upstream.requests).toEqual([]);
  });
});
