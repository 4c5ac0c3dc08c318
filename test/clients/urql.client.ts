import { describe, expect, it } from 'vitest';
import {
  CompletionsDocument,
  DeleteVideoDocument,
  GenerateVideoDocument,
  VideoDocument,
  type VideoInfoFragment,
  type VideoQuery,
  VideosDocument,
  type VideosQuery,
} from '../../examples/clients/gql/graphql.ts';
import { toNextStep } from '../../examples/clients/next-step.ts';
import { createUrqlClient, extendVideo, followCompletions } from '../../examples/clients/urql.ts';
import { INPUT } from '../support/operations.ts';
import {
  countSubmits,
  type Ear,
  hearOverACut,
  startWorld,
  submitOverACut,
  toSuccess,
  type World,
} from './support.ts';

describe('urql', () => {
  it('extends a video, receives its completion and reads the file', async () => {
    await using world = await startWorld();
    const client = createUrqlClient(world.url, world.getToken);

    const { video, cursor } = toSuccess(await extendVideo(client, INPUT));
    const ear = listen(world, client, cursor);
    await world.sandbox.complete(video.taskId ?? '');
    const heard = await ear.next();

    const read = await client.query(VideoDocument, { taskId: video.id }).toPromise();
    expect(video.state).toBe('WAITING');
    expect(heard).toMatchObject({ id: video.id, state: 'SUCCEEDED' });
    expect(read.data?.video?.videoUrl).toMatch(/^http.*\.mp4$/);
  });

  it('branches on the type of an error', async () => {
    await using world = await startWorld();
    const client = createUrqlClient(world.url, world.getToken);

    const unavailable = await extendVideo(client, { ...INPUT, prompt: '#451' });
    const limited = await extendVideo(client, { ...INPUT, prompt: '#429' });
    const invalid = await extendVideo(client, { ...INPUT, prompt: '' });

    expect(unavailable.__typename).toBe('SourceUnavailableError');
    expect(toNextStep(unavailable)).toEqual({
      show: expect.any(String),
      retryInSeconds: null,
    });
    expect(toNextStep(limited)).toMatchObject({ retryInSeconds: expect.any(Number) });
    expect(toNextStep(invalid)).toMatchObject({
      fixInput: [{ path: ['prompt'], message: expect.any(String) }],
    });
  });

  it('reads the code of a top-level error', async () => {
    await using world = await startWorld();
    const client = createUrqlClient(world.url, world.getToken);

    const polled = await client.query(CompletionsDocument, { after: 'nonsense' }).toPromise();
    const ear = listen(world, client, 'nonsense');

    const error = { graphQLErrors: [{ extensions: { code: 'INVALID_INPUT', retryable: false } }] };
    expect(polled.error).toMatchObject(error);
    await expect(ear.next()).rejects.toMatchObject(error);
  });

  it('updates a displayed query from an event, without a request', async () => {
    await using world = await startWorld();
    const client = createUrqlClient(world.url, world.getToken);
    const { video, cursor } = toSuccess(await extendVideo(client, INPUT));
    const shown = world.listen<VideoQuery['video']>((show) => {
      const query = client.query(VideoDocument, { taskId: video.id });
      return query.subscribe(({ data }) => data && show(data.video)).unsubscribe;
    });
    const before = await shown.next();

    const ear = listen(world, client, cursor);
    await world.sandbox.complete(video.taskId ?? '');
    await ear.next();

    const after = await shown.next();
    const cached = client.readQuery(
      VideoDocument,
      { taskId: video.id },
      { requestPolicy: 'cache-only' },
    );
    expect([before?.state, after?.state]).toEqual(['WAITING', 'SUCCEEDED']);
    expect(cached?.data?.video).toEqual(after);
  });

  it('refetches a list after a submit, and merges its pages', async () => {
    await using world = await startWorld();
    const client = createUrqlClient(world.url, world.getToken);
    const lists = world.listen<VideosQuery['videos']>((show) => {
      const query = client.query(VideosDocument, { first: 1 });
      return query.subscribe(({ data, stale }) => data && !stale && show(data.videos)).unsubscribe;
    });
    const empty = await lists.next();

    const older = toSuccess(await extendVideo(client, INPUT)).video;
    const one = await lists.next();
    const newer = toSuccess(await extendVideo(client, INPUT)).video;
    const two = await lists.next();
    const after = two.pageInfo.endCursor;
    const { data } = await client.query(VideosDocument, { first: 1, after }).toPromise();

    expect([empty, one, two].map(toIds)).toEqual([[], [older.id], [newer.id]]);
    expect(toIds(data?.videos)).toEqual([newer.id, older.id]);
  });

  it('refetches a list after a new original, and after a video was deleted', async () => {
    await using world = await startWorld();
    const client = createUrqlClient(world.url, world.getToken);
    const lists = world.listen<VideosQuery['videos']>((show) => {
      const query = client.query(VideosDocument, { first: 9 });
      return query.subscribe(({ data, stale }) => data && !stale && show(data.videos)).unsubscribe;
    });
    const empty = await lists.next();

    const input = { prompt: 'A cat', aspectRatio: 'SQUARE_1_1', quality: 'P720' } as const;
    await client.mutation(GenerateVideoDocument, { input }).toPromise();
    const one = await lists.next();
    const [id = ''] = toIds(one);
    const early = await client.mutation(DeleteVideoDocument, { id }).toPromise();
    await world.sandbox.complete(one.edges[0]?.node.taskId ?? '');
    await client.mutation(DeleteVideoDocument, { id }).toPromise();
    const none = await lists.next();

    expect([empty, one, none].map(toIds)).toEqual([[], [id], []]);
    expect(early.data?.deleteVideo.__typename).toBe('TooLateError');
  });

  it('pays once for a submit that is sent again after a lost answer', async () => {
    await using world = await startWorld();
    const client = createUrqlClient(world.url, world.getToken);
    const input = { ...INPUT, prompt: '#slow-answer', idempotencyKey: 'order-4711' };

    const { video } = toSuccess(await submitOverACut(world, () => extendVideo(client, input)));

    expect(video.state).toBe('WAITING');
    expect(countSubmits(world.sandbox)).toBe(1);
  });

  it('misses no event and repeats none after a lost connection', async () => {
    await using world = await startWorld();
    const client = createUrqlClient(world.url, world.getToken);
    const made = [];
    for (let count = 0; count < 3; count += 1)
      made.push(toSuccess(await extendVideo(client, INPUT)));
    const ear = listen(world, client, made[0]?.cursor ?? '');

    const taskIds = made.map(({ video }) => video.taskId ?? '');
    const heard = await hearOverACut(world, ear, taskIds);

    expect(heard.map(({ taskId }) => taskId)).toEqual(taskIds);
  });
});

/** To the end of every task, until the world ends. */
function listen(
  world: World,
  client: ReturnType<typeof createUrqlClient>,
  after: string,
): Ear<VideoInfoFragment> {
  return world.listen((...sink) => followCompletions(client, after, ...sink));
}

function toIds(list: VideosQuery['videos'] | undefined): string[] {
  return list?.edges.map(({ node }) => node.id) ?? [];
}
