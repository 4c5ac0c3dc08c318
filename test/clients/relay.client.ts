import { describe, expect, it, vi } from 'vitest';
import type { relay_video$data } from '../../examples/clients/__generated__/relay_video.graphql.ts';
import type { relayCompletionsQuery } from '../../examples/clients/__generated__/relayCompletionsQuery.graphql.ts';
import type { relayVideoQuery } from '../../examples/clients/__generated__/relayVideoQuery.graphql.ts';
import type {
  relayVideosQuery,
  relayVideosQuery$data,
} from '../../examples/clients/__generated__/relayVideosQuery.graphql.ts';
import {
  CompletionsQuery,
  createRelayEnvironment,
  deleteVideo,
  extendVideo,
  followCompletions,
  readVideo,
  VideoQuery,
  VideosQuery,
  watchQuery,
} from '../../examples/clients/relay.ts';
import { INPUT } from '../support/operations.ts';
import {
  countSubmits,
  type Ear,
  hearOverACut,
  startWorld,
  submitOverACut,
  type World,
} from './support.ts';

type Relay = ReturnType<typeof createRelayEnvironment>;

describe('Relay', () => {
  it('extends a video, receives its completion and reads the file', async () => {
    await using world = await startWorld();
    const environment = createRelayEnvironment(world.url, world.getToken);

    const { video, cursor } = await extend(environment);
    const ear = listen(world, environment, cursor);
    await world.sandbox.complete(video.taskId ?? '');
    const heard = await ear.next();

    const read = await watchVideo(world, environment, video.id).next();
    expect(video.state).toBe('WAITING');
    expect(heard).toMatchObject({ id: video.id, state: 'SUCCEEDED' });
    expect(read?.videoUrl).toMatch(/^http.*\.mp4$/);
  });

  it('branches on the type of an error', async () => {
    await using world = await startWorld();
    const environment = createRelayEnvironment(world.url, world.getToken);

    const unavailable = await extendVideo(environment, { ...INPUT, prompt: '#451' });
    const invalid = await extendVideo(environment, { ...INPUT, prompt: '' });
    const unknown = await extendVideo(environment, { ...INPUT, prompt: '#answer-lost' });
    const limited = await extendVideo(environment, { ...INPUT, prompt: '#429' });

    expect(unavailable.error).toMatchObject({ code: 'SOURCE_UNAVAILABLE', retryable: false });
    expect(limited.error).toMatchObject({ retryable: true, retryAfter: expect.any(Number) });
    expect(invalid.invalid?.issues).toMatchObject([{ path: ['prompt'] }]);
    expect(invalid.error?.code).toBe('INVALID_INPUT');
    expect(unknown.unknown && readVideo(unknown.unknown.video).state).toBe('UNCONFIRMED');
    for (const { success } of [unavailable, limited, invalid, unknown]) expect(success).toBeNull();
  });

  it('reads the code of a top-level error', async () => {
    await using world = await startWorld();
    const environment = createRelayEnvironment(world.url, world.getToken);

    const polled = world.listen((...sink) =>
      watchQuery<relayCompletionsQuery>(
        environment,
        CompletionsQuery,
        { after: 'nonsense' },
        ...sink,
      ),
    );
    const ear = listen(world, environment, 'nonsense');

    const errors = [{ extensions: { code: 'INVALID_INPUT', retryable: false } }];
    await expect(polled.next()).rejects.toMatchObject({ source: { errors } });
    await expect(ear.next()).rejects.toMatchObject({ source: { errors } });
  });

  it('updates a displayed query from an event, without a request', async () => {
    await using world = await startWorld();
    const environment = createRelayEnvironment(world.url, world.getToken);
    const { video, cursor } = await extend(environment);
    const shown = watchVideo(world, environment, video.id);
    const before = await shown.next();

    const ear = listen(world, environment, cursor);
    await world.sandbox.complete(video.taskId ?? '');
    const heard = await ear.next();

    const after = await shown.next();
    expect([before?.state, after?.state]).toEqual(['WAITING', 'SUCCEEDED']);
    expect(after).toEqual(heard);
  });

  it('merges the pages of a connection, and adds a new video at once', async () => {
    await using world = await startWorld();
    const environment = createRelayEnvironment(world.url, world.getToken);
    const older = (await extend(environment)).video;
    const newer = (await extend(environment)).video;
    const lists = watchVideos(world, environment, { count: 1 });
    const one = await lists.next();

    const cursor = one.videos.pageInfo.endCursor;
    watchVideos(world, environment, { count: 1, cursor });
    const two = await lists.next();
    const newest = (await extend(environment, [one.videos.__id])).video;
    const three = await lists.next();

    expect(toIds(one)).toEqual([newer.id]);
    expect(toIds(two)).toEqual([newer.id, older.id]);
    expect(toIds(three)).toEqual([newest.id, newer.id, older.id]);
  });

  it('removes a deleted video from a displayed list', async () => {
    const warnings = vi.spyOn(console, 'error');
    await using world = await startWorld();
    const environment = createRelayEnvironment(world.url, world.getToken);
    const kept = (await extend(environment)).video;
    const { id, taskId } = (await extend(environment)).video;
    const lists = watchVideos(world, environment, { count: 9 });
    const both = await lists.next();

    const early = await deleteVideo(environment, id, [both.videos.__id]);
    await world.sandbox.complete(taskId ?? '');
    await deleteVideo(environment, id, [both.videos.__id]);
    const one = await lists.next();

    expect([both, one].map(toIds)).toEqual([[id, kept.id], [kept.id]]);
    expect(early.error?.code).toBe('TOO_LATE');
    expect(warnings).not.toHaveBeenCalled();
    warnings.mockRestore();
  });

  it('pays once for a submit that is sent again after a lost answer', async () => {
    await using world = await startWorld();
    const environment = createRelayEnvironment(world.url, world.getToken);
    const input = { ...INPUT, prompt: '#slow-answer', idempotencyKey: 'order-4711' };

    const { success } = await submitOverACut(world, () => extendVideo(environment, input));

    expect(success && readVideo(success.video).state).toBe('WAITING');
    expect(countSubmits(world.sandbox)).toBe(1);
  });

  it('misses no event and repeats none after a lost connection', async () => {
    await using world = await startWorld();
    const environment = createRelayEnvironment(world.url, world.getToken);
    const made = [];
    for (let count = 0; count < 3; count += 1) made.push(await extend(environment));
    const ear = listen(world, environment, made[0]?.cursor ?? '');

    const taskIds = made.map(({ video }) => video.taskId ?? '');
    const heard = await hearOverACut(world, ear, taskIds);

    expect(heard.map(({ taskId }) => taskId)).toEqual(taskIds);
  });
});

/** Extends a video and expects success. */
async function extend(
  environment: Relay,
  connections?: string[],
): Promise<{ video: relay_video$data; cursor: string }> {
  const { success, error } = await extendVideo(environment, INPUT, connections);
  if (!success) throw new Error(JSON.stringify(error));
  return { video: readVideo(success.video), cursor: success.cursor };
}

/** To the end of every task, until the world ends. */
function listen(world: World, environment: Relay, after: string): Ear<relay_video$data> {
  return world.listen((...sink) => followCompletions(environment, after, ...sink));
}

function watchVideo(world: World, environment: Relay, id: string): Ear<relay_video$data | null> {
  return world.listen((show, fail) =>
    watchQuery<relayVideoQuery>(
      environment,
      VideoQuery,
      { id },
      ({ node }) => show(node?.video ? readVideo(node.video) : null),
      fail,
    ),
  );
}

function watchVideos(
  world: World,
  environment: Relay,
  variables: relayVideosQuery['variables'],
): Ear<relayVideosQuery$data> {
  return world.listen((...sink) =>
    watchQuery<relayVideosQuery>(environment, VideosQuery, variables, ...sink),
  );
}

function toIds({ videos }: relayVideosQuery$data): string[] {
  return videos.edges.map(({ node }) => readVideo(node).id);
}
