import { describe, expect, it } from 'vitest';
import type { VideoInfoFragment } from '../../examples/clients/gql/graphql.ts';
import { createSocket, extendVideo, followCompletions } from '../../examples/clients/graphql-ws.ts';
import { toNextStep } from '../../examples/clients/next-step.ts';
import { INPUT } from '../support/operations.ts';
import { createQueue } from '../support/queue.ts';
import { bearerOf, inSeconds } from '../support/tokens.ts';
import {
  countSubmits,
  type Ear,
  hearOverACut,
  startWorld,
  toSuccess,
  type World,
} from './support.ts';

type Socket = ReturnType<typeof createSocket>;

/** A new submit: graphql-ws sends every one again whose connection is lost. */
const toInput = (prompt: string) => ({ ...INPUT, prompt, idempotencyKey: crypto.randomUUID() });

describe('graphql-ws', () => {
  it('extends a video and receives its completion with the file', async () => {
    await using world = await startWorld();
    const client = createSocket(world.url, world.getToken);

    const { video, cursor } = toSuccess(await extendVideo(client, toInput('The cat dances')));
    const ear = listen(world, client, cursor);
    await world.sandbox.complete(video.taskId ?? '');
    const heard = await ear.next();

    expect(video.state).toBe('WAITING');
    expect(heard).toMatchObject({ id: video.id, state: 'SUCCEEDED' });
    expect(heard.videoUrl).toMatch(/^http.*\.mp4$/);
  });

  it('branches on the type of an error', async () => {
    await using world = await startWorld();
    const client = createSocket(world.url, world.getToken);

    const unavailable = await extendVideo(client, toInput('#451'));
    const invalid = await extendVideo(client, toInput(''));

    expect(unavailable.__typename).toBe('SourceUnavailableError');
    expect(toNextStep(unavailable)).toEqual({
      show: expect.any(String),
      retryInSeconds: null,
    });
    expect(toNextStep(invalid)).toMatchObject({ fixInput: [{ path: ['prompt'] }] });
  });

  it('reads the code of a top-level error', async () => {
    await using world = await startWorld();
    const client = createSocket(world.url, world.getToken);

    const ear = listen(world, client, 'nonsense');

    await expect(ear.next()).rejects.toMatchObject([
      { extensions: { code: 'INVALID_INPUT', retryable: false } },
    ]);
  });

  it('pays once for a submit that the client retries', async () => {
    await using world = await startWorld();
    const client = createSocket(world.url, world.getToken);

    const answer = extendVideo(client, toInput('#slow-answer'));
    const { taskId } = await world.sandbox.nextRequest((request) => request.taskId !== null);
    world.line.cut();
    world.line.mend();
    world.sandbox.answer(taskId ?? '');

    expect(toSuccess(await answer).video.taskId).toBe(taskId);
    expect(countSubmits(world.sandbox)).toBe(1);
  });

  it('misses no event and repeats none after a lost connection', async () => {
    await using world = await startWorld();
    const client = createSocket(world.url, world.getToken);
    const { taskIds, cursor } = await extendThrice(client);
    const ear = listen(world, client, cursor);

    const heard = await hearOverACut(world, ear, taskIds);

    expect(heard.map(({ taskId }) => taskId)).toEqual(taskIds);
  });

  it('reconnects to a restarted gateway, and with a new token after the old one expired', async () => {
    await using world = await startWorld();
    const tokens = [bearerOf('alice', { exp: inSeconds(2) }).replace('Bearer ', '')];
    const client = createSocket(world.url, () => tokens.shift() ?? world.getToken());
    const closed = createQueue<{ code: number }>();
    client.on('closed', (event) => closed.push(event as { code: number }));
    const { taskIds, cursor } = await extendThrice(createSocket(world.url, world.getToken));
    const ear = listen(world, client, cursor);
    const [first = '', second = '', third = ''] = taskIds;

    await world.sandbox.complete(first);
    const heard = [await ear.next()];
    const expired = await closed.next();
    await world.sandbox.complete(second);
    heard.push(await ear.next());
    await world.gateway.restart();
    const restarted = await closed.next();
    await world.sandbox.complete(third);
    heard.push(await ear.next());

    expect([expired?.code, restarted?.code]).toEqual([4403, 1012]);
    expect(heard.map(({ taskId }) => taskId)).toEqual(taskIds);
  });
});

async function extendThrice(client: Socket): Promise<{ taskIds: string[]; cursor: string }> {
  const made = [];
  for (let count = 0; count < 3; count += 1) {
    made.push(toSuccess(await extendVideo(client, toInput('The cat dances'))));
  }
  return { taskIds: made.map(({ video }) => video.taskId ?? ''), cursor: made[0]?.cursor ?? '' };
}

/** To the end of every task, until the world ends. */
function listen(world: World, client: Socket, after: string): Ear<VideoInfoFragment> {
  return world.listen((...sink) => followCompletions(client, after, ...sink));
}
