import { describe, expect, it } from 'vitest';
import type { VideoInfoFragment } from '../../examples/clients/gql/graphql.ts';
import {
  createRequestClient,
  extendVideo,
  followCompletions,
  generateVideo,
  readVideo,
  withdrawVideo,
} from '../../examples/clients/graphql-request.ts';
import { toNextStep } from '../../examples/clients/next-step.ts';
import { INPUT } from '../support/operations.ts';
import { countSubmits, startWorld, submitOverACut, toSuccess } from './support.ts';

describe('graphql-request', () => {
  it('extends a video, reads its completion from the log and reads the file', async () => {
    await using world = await startWorld();
    const client = createRequestClient(world.url, world.getToken);

    const { video, cursor } = toSuccess(await extendVideo(client, INPUT));
    await world.sandbox.complete(video.taskId ?? '');
    const ended = await take(followCompletions(client, cursor), 1);

    const read = await readVideo(client, video.id);
    expect(video.state).toBe('WAITING');
    expect(ended).toMatchObject([{ id: video.id, state: 'SUCCEEDED' }]);
    expect(read?.videoUrl).toMatch(/^http.*\.mp4$/);
  });

  it('makes a video and extends it', async () => {
    await using world = await startWorld();
    const client = createRequestClient(world.url, world.getToken);

    const made = await generateVideo(client, {
      prompt: 'A cat dances',
      aspectRatio: 'SQUARE_1_1',
      quality: 'P720',
      duration: 5,
    });
    if (made.__typename !== 'GenerateVideoSuccess') throw new Error(made.__typename);
    await world.sandbox.complete(made.video.taskId ?? '');
    await take(followCompletions(client, made.cursor), 1);
    const { video, cursor } = toSuccess(
      await extendVideo(client, { ...INPUT, taskId: made.video.id }),
    );
    await world.sandbox.complete(video.taskId ?? '');
    const ended = await take(followCompletions(client, cursor), 1);

    expect(toNextStep(made)).toEqual({ watch: made.video.id });
    expect(ended).toMatchObject([{ id: video.id, state: 'SUCCEEDED' }]);
    expect(world.sandbox.tasks.get(video.taskId ?? '')?.parentTaskId).toBe(made.video.taskId);
  });

  it('branches on the type of an error', async () => {
    await using world = await startWorld();
    const client = createRequestClient(world.url, world.getToken);

    const unavailable = await extendVideo(client, { ...INPUT, prompt: '#451' });
    const invalid = await extendVideo(client, { ...INPUT, prompt: '' });
    const limited = await extendVideo(client, { ...INPUT, prompt: '#429' });

    expect(unavailable.__typename).toBe('SourceUnavailableError');
    expect(toNextStep(unavailable)).toEqual({
      show: expect.any(String),
      retryInSeconds: null,
    });
    expect(toNextStep(invalid)).toMatchObject({ fixInput: [{ path: ['prompt'] }] });
    expect(toNextStep(limited)).toMatchObject({ retryInSeconds: expect.any(Number) });
  });

  it('queues a submit, shows when it will be sent, and withdraws it', async () => {
    await using world = await startWorld();
    const client = createRequestClient(world.url, world.getToken);

    // The upstream is under maintenance.
    const queued = await extendVideo(client, { ...INPUT, prompt: '#455', whenBusy: 'QUEUE' });
    const { video, cursor } = toSuccess(queued);
    const withdrawn = await withdrawVideo(client, video.id);
    const ended = await take(followCompletions(client, cursor), 1);

    expect(toNextStep(queued)).toEqual({ watch: video.id, startsAt: expect.any(String) });
    expect(withdrawn).toMatchObject({ __typename: 'WithdrawVideoSuccess' });
    expect(ended).toMatchObject([{ id: video.id, state: 'WITHDRAWN', schedule: null }]);
  });

  it('reads the code of a top-level error', async () => {
    await using world = await startWorld();
    const client = createRequestClient(world.url, world.getToken);

    const polled = take(followCompletions(client, 'nonsense'), 1);

    await expect(polled).rejects.toMatchObject({
      response: { errors: [{ extensions: { code: 'INVALID_INPUT', retryable: false } }] },
    });
  });

  it('pays once for a submit that is sent again after a lost answer', async () => {
    await using world = await startWorld();
    const client = createRequestClient(world.url, world.getToken);
    const input = { ...INPUT, prompt: '#slow-answer', idempotencyKey: 'order-4711' };

    const { video } = toSuccess(await submitOverACut(world, () => extendVideo(client, input)));

    expect(video.state).toBe('WAITING');
    expect(countSubmits(world.sandbox)).toBe(1);
  });

  it('misses no completion and repeats none after a lost connection', async () => {
    await using world = await startWorld();
    const client = createRequestClient(world.url, world.getToken);
    const made = [];
    for (let count = 0; count < 3; count += 1) {
      made.push(toSuccess(await extendVideo(client, INPUT)));
    }
    const taskIds = made.map(({ video }) => video.taskId ?? '');
    const [first = '', second = '', third = ''] = taskIds;
    // Each wait follows one poll without completions or without an answer.
    const happenings = [
      () => world.sandbox.complete(first),
      () => world.line.cut(),
      () => world.sandbox.complete(second),
      () => world.line.mend(),
      () => world.sandbox.complete(third),
    ];
    const wait = async () => happenings.shift()?.();

    const ended = await take(followCompletions(client, made[0]?.cursor ?? '', wait), 3);

    expect(ended.map(({ taskId }) => taskId)).toEqual(taskIds);
    expect(happenings).toEqual([]);
  });
});

async function take(
  videos: AsyncIterable<VideoInfoFragment>,
  count: number,
): Promise<VideoInfoFragment[]> {
  const taken: VideoInfoFragment[] = [];
  for await (const video of videos) {
    taken.push(video);
    if (taken.length === count) break;
  }
  return taken;
}
