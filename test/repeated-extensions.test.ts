import { describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { createVideoId } from '../src/video-id.ts';
import {
  DeleteVideoDocument,
  ExtendDocument,
  type ExtendVideoInput,
  ReadVideosDocument,
} from './generated/graphql.ts';
import { backdate, DAY_MS } from './support/backdate.ts';
import { startGateway, type TestCaller, type TestGateway } from './support/gateway.ts';
import { extend, INPUT } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import { bearerOf, JWT_ENV } from './support/tokens.ts';

const KEYED = { ...INPUT, idempotencyKey: 'order 1' };
const CONFLICT = { __typename: 'IdempotencyConflictError' };

interface Ids {
  readonly id: string;
  readonly taskId: string;
}

async function submit(caller: TestCaller, changes: Partial<ExtendVideoInput>) {
  const { data } = await caller.graphql(ExtendDocument, { input: { ...KEYED, ...changes } });
  return data.extendVideo;
}

async function makeVideo(caller: TestCaller, sandbox: Sandbox, input = {}): Promise<Ids> {
  const video = await extend(caller, input);
  await sandbox.complete(video.taskId);
  return video;
}

async function deleteVideo(caller: TestCaller, id: string): Promise<void> {
  const { data } = await caller.graphql(DeleteVideoDocument, { id });
  expect(data.deleteVideo.__typename).toBe('DeleteVideoSuccess');
}

/** Restarts the gateway with this video past its retention, and waits until it is pruned. */
async function prune(gateway: TestGateway, id: string): Promise<void> {
  await gateway.stop();
  const then = Date.now() - 61 * DAY_MS;
  backdate(gateway, 'update video set finished_at = ? where id = ?', then, id);
  backdate(gateway, 'update completion set created_at = ? where video_row = ?', then, id);
  await gateway.restart();
  const list = async () => {
    const { data } = await gateway.graphql(ReadVideosDocument, { first: 100 });
    return data.videos.edges.map(({ node }) => node.id);
  };
  await expect.poll(list).not.toContain(id);
}

function toAnswer({ id }: Ids) {
  return { __typename: 'ExtendVideoSuccess', video: { id } };
}

function countSubmits(sandbox: Sandbox): number {
  return sandbox.requests.filter(({ method }) => method === 'POST').length;
}

describe('a repeat of an extension', () => {
  it.each(['SQLite', 'PostgreSQL'])(
    'gets its video after the source was deleted, by either id of the source: %s',
    async (engine) => {
      await using sandbox = await startSandbox({ autoplay: false });
      const env =
        engine === 'SQLite'
          ? undefined
          : { DATABASE_URL: await (await sharedPostgres()).createDatabase() };
      await using gateway = await startGateway(sandbox, env);
      const source = await makeVideo(gateway, sandbox);
      const another = await makeVideo(gateway, sandbox);
      const extension = await extend(gateway, { ...KEYED, taskId: source.id });

      await deleteVideo(gateway, source.id);
      await deleteVideo(gateway, another.id);

      for (const taskId of [source.id, source.taskId])
        expect(await submit(gateway, { taskId })).toMatchObject(toAnswer(extension));
      for (const taskId of [another.id, another.taskId])
        expect(await submit(gateway, { taskId })).toMatchObject(CONFLICT);
      expect(await submit(gateway, { taskId: source.id, prompt: 'Another' })).toMatchObject(
        CONFLICT,
      );
      expect(countSubmits(sandbox)).toBe(3);
    },
  );

  it('gets its video after the source was pruned, by either id of the source', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const source = await makeVideo(gateway, sandbox);
    const another = await makeVideo(gateway, sandbox);
    const extension = await extend(gateway, { ...KEYED, taskId: source.id });

    await prune(gateway, source.id);

    for (const taskId of [source.id, source.taskId])
      expect(await submit(gateway, { taskId })).toMatchObject(toAnswer(extension));
    for (const change of [
      { taskId: another.id },
      { taskId: another.taskId },
      { taskId: 'another task' },
      { taskId: source.id, prompt: 'Another' },
      { taskId: source.id, quality: 'P1080' as const },
      { taskId: source.id, notBefore: new Date(Date.now() + DAY_MS).toISOString() },
    ])
      expect(await submit(gateway, change)).toMatchObject(CONFLICT);
    expect(countSubmits(sandbox)).toBe(3);
  });

  it('gets its video after both it was deleted and its source was pruned', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const source = await makeVideo(gateway, sandbox);
    const extension = await makeVideo(gateway, sandbox, { ...KEYED, taskId: source.id });
    await deleteVideo(gateway, extension.id);

    await prune(gateway, source.id);

    for (const taskId of [source.id, source.taskId])
      expect(await submit(gateway, { taskId })).toMatchObject(toAnswer(extension));
    expect(await submit(gateway, { taskId: source.id, quality: 'P1080' })).toMatchObject(CONFLICT);
    expect(await submit(gateway, { taskId: source.taskId, prompt: 'Another' })).toMatchObject(
      CONFLICT,
    );
    expect(countSubmits(sandbox)).toBe(2);
  });

  it("gets the same answer for another owner's video as for one that does not exist", async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, JWT_ENV);
    const [alice, bob] = [gateway.as(bearerOf('alice')), gateway.as(bearerOf('bob'))];
    const hers = await makeVideo(alice, sandbox);
    const source = await makeVideo(bob, sandbox);
    await extend(bob, { ...KEYED, taskId: source.id });

    for (const change of [{}, { prompt: 'Another' }]) {
      for (const [theirs, nobodys] of [
        [hers.id, createVideoId()],
        [hers.taskId, 'nothing'],
      ] as const) {
        const answer = await submit(bob, { ...change, taskId: theirs });
        expect(await submit(bob, { ...change, taskId: nobodys })).toEqual(answer);
        expect(JSON.stringify(answer)).not.toContain(hers.id);
      }
    }
    expect(countSubmits(sandbox)).toBe(3);
  });

  it('with a key that is free is refused if the source was deleted', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const source = await makeVideo(gateway, sandbox);
    const refused = await submit(gateway, { taskId: source.id, prompt: 'Dance on #451' });
    expect(refused.__typename).toBe('SourceUnavailableError');
    await deleteVideo(gateway, source.id);

    const again = await submit(gateway, { taskId: source.id, prompt: 'Dance on #451' });

    expect(again.__typename).toBe('VideoNotFoundError');
    expect(countSubmits(sandbox)).toBe(2);
  });
});
