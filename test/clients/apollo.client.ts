import { describe, expect, it } from 'vitest';
import {
  createApolloClient,
  deleteVideo,
  extendVideo,
  followCompletions,
} from '../../examples/clients/apollo.ts';
import {
  CompletionsDocument,
  VideoDocument,
  type VideoInfoFragment,
  type VideoQuery,
  VideosDocument,
  type VideosQuery,
} from '../../examples/clients/gql/graphql.ts';
import { toNextStep } from '../../examples/clients/next-step.ts';
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

describe('Apollo Client', () => {
  it('extends a video, receives its completion and reads the file', async () => {
    await using world = await startWorld();
    const client = createApolloClient(world.url, world.getToken);

    const { video, cursor } = toSuccess(await extendVideo(client, INPUT));
    const ear = listen(world, client, cursor);
    await world.sandbox.complete(video.taskId ?? '');
    const heard = await ear.next();

    const read = await client.query({ query: VideoDocument, variables: { taskId: video.id } });
    expect(video.state).toBe('WAITING');
    expect(heard).toMatchObject({ id: video.id, state: 'SUCCEEDED' });
    expect(read.data?.video?.videoUrl).toMatch(/^http.*\.mp4$/);
  });

  it('branches on the type of an error', async () => {
    await using world = await startWorld();
    const client = createApolloClient(world.url, world.getToken);

    const unavailable = await extendVideo(client, { ...INPUT, prompt: '#451' });
    const limited = await extendVideo(client, { ...INPUT, prompt: '#429' });
    const invalid = await extendVideo(client, { ...INPUT, prompt: '' });

    // Without possibleTypes, fields selected on an interface would be missing.
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
    const client = createApolloClient(world.url, world.getToken);

    const polled = client.query({
      query: CompletionsDocument,
      variables: { after: 'nonsense' },
    });
    const ear = listen(world, client, 'nonsense');

    const error = { errors: [{ extensions: { code: 'INVALID_INPUT', retryable: false } }] };
    await expect(polled).rejects.toMatchObject(error);
    await expect(ear.next()).rejects.toMatchObject(error);
  });

  it('updates a displayed query from an event, without a request', async () => {
    await using world = await startWorld();
    const client = createApolloClient(world.url, world.getToken);
    const { video, cursor } = toSuccess(await extendVideo(client, INPUT));
    const variables = { taskId: video.id };
    const shown = world.listen<VideoQuery['video']>((show) => {
      const subscription = client
        .watchQuery({ query: VideoDocument, variables })
        .subscribe(({ data, dataState }) => dataState === 'complete' && show(data.video));
      return () => subscription.unsubscribe();
    });
    const before = await shown.next();

    const ear = listen(world, client, cursor);
    await world.sandbox.complete(video.taskId ?? '');
    await ear.next();

    const after = await shown.next();
    const cached = client.readQuery({ query: VideoDocument, variables });
    expect([before?.state, after?.state]).toEqual(['WAITING', 'SUCCEEDED']);
    expect(cached?.video).toEqual(after);
  });

  it('refetches a list after a submit, and merges its pages', async () => {
    await using world = await startWorld();
    const client = createApolloClient(world.url, world.getToken);
    const list = client.watchQuery({ query: VideosDocument, variables: { first: 1 } });
    const lists = world.listen<VideosQuery['videos']>((show) => {
      const subscription = list.subscribe(({ data, dataState, loading }) => {
        if (dataState === 'complete' && !loading) show(data.videos);
      });
      return () => subscription.unsubscribe();
    });
    const empty = await lists.next();

    const older = toSuccess(await extendVideo(client, INPUT)).video;
    const one = await lists.next();
    const newer = toSuccess(await extendVideo(client, INPUT)).video;
    const two = await lists.next();
    const after = two.pageInfo.endCursor;
    await list.fetchMore({ variables: { after } });
    const both = await lists.next();

    expect([empty, one, two].map(toIds)).toEqual([[], [older.id], [newer.id]]);
    expect(toIds(both)).toEqual([newer.id, older.id]);
  });

  it('removes a deleted video from a displayed list', async () => {
    await using world = await startWorld();
    const client = createApolloClient(world.url, world.getToken);
    const kept = toSuccess(await extendVideo(client, INPUT)).video;
    const { id, taskId } = toSuccess(await extendVideo(client, INPUT)).video;
    const list = client.watchQuery({ query: VideosDocument, variables: { first: 9 } });
    const lists = world.listen<VideosQuery['videos']>((show) => {
      const subscription = list.subscribe(({ data, dataState, loading }) => {
        if (dataState === 'complete' && !loading) show(data.videos);
      });
      return () => subscription.unsubscribe();
    });
    const both = await lists.next();

    const early = await deleteVideo(client, id);
    await world.sandbox.complete(taskId ?? '');
    await deleteVideo(client, id);
    const one = await lists.next();

    expect([both, one].map(toIds)).toEqual([[id, kept.id], [kept.id]]);
    expect(early.__typename).toBe('TooLateError');
  });

  it('pays once for a submit that is sent again after a lost answer', async () => {
    await using world = await startWorld();
    const client = createApolloClient(world.url, world.getToken);
    const input = { ...INPUT, prompt: '#slow-answer', idempotencyKey: 'order-4711' };

    const { video } = toSuccess(await submitOverACut(world, () => extendVideo(client, input)));

    expect(video.state).toBe('WAITING');
    expect(countSubmits(world.sandbox)).toBe(1);
  });

  it('misses no event and repeats none after a lost connection', async () => {
    await using world = await startWorld();
    const client = createApolloClient(world.url, world.getToken);
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
  client: ReturnType<typeof createApolloClient>,
  after: string,
): Ear<VideoInfoFragment> {
  return world.listen((...sink) => followCompletions(client, after, ...sink));
}

function toIds(list: VideosQuery['videos']): string[] {
  return list.edges.map(({ node }) => node.id);
}
