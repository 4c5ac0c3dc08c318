import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { planCopies } from '../src/store/copies.ts';
import { openDatabase } from '../src/store/database.ts';
import {
  DeleteVideoDocument,
  ExtendDocument,
  OnExtendedDocument,
  ReadCompletionsDocument,
  ReadLineageDocument,
  ReadVideoDocument,
  ReadVideosDocument,
} from './generated/graphql.ts';
import { postCallback, readCallbackUrl } from './support/callback.ts';
import { startGateway, type TestCaller, type TestGateway } from './support/gateway.ts';
import { listFiles, untilKept } from './support/keeping.ts';
import { extend, INPUT } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import { storeVideos } from './support/stored-videos.ts';
import { bearerOf, ISSUER, JWT_ENV } from './support/tokens.ts';

const ALICE = `jwt:${ISSUER}:alice`;
const SECRET = 'A prompt that nobody else should know';

async function deleteVideo(caller: TestCaller, id: string) {
  const { data } = await caller.graphql(DeleteVideoDocument, { id });
  return data.deleteVideo;
}

async function makeVideo(caller: TestCaller, sandbox: Sandbox, input = {}) {
  const video = await extend(caller, input);
  await sandbox.complete(video.taskId);
  return video;
}

/** Every way in which a client could still see the video. */
async function findTraces(caller: TestCaller, { id, taskId }: { id: string; taskId: string }) {
  const found: string[] = [];
  for (const key of [id, taskId]) {
    const { data } = await caller.graphql(ReadVideoDocument, { taskId: key });
    if (data.video) found.push(`video(${key})`);
  }
  const list = await caller.graphql(ReadVideosDocument, { first: 100 });
  if (list.data.videos.edges.some(({ node }) => node.id === id)) found.push('videos');
  const log = await caller.graphql(ReadCompletionsDocument, { first: 100 });
  if (log.data.completions.edges.some(({ node }) => node.video.id === id))
    found.push('completions');
  return found;
}

describe('deleteVideo', () => {
  it('removes the video from every list, its copies, and its texts from the database', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'longtake-kept-'));
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { KEEP_URL: `file:${folder}` });
    const kept = await makeVideo(gateway, sandbox);
    const video = await makeVideo(gateway, sandbox, { prompt: SECRET, waterMark: 'A watermark' });
    await untilKept(gateway, kept.id);
    const { videoUrl } = await untilKept(gateway, video.id);
    await expect.poll(async () => (await listFiles(folder)).length).toBe(4);

    const result = await deleteVideo(gateway, video.id);

    expect(result).toEqual({ __typename: 'DeleteVideoSuccess', id: video.id });
    expect(await findTraces(gateway, video)).toEqual([]);
    expect((await findTraces(gateway, kept)).length).toBe(4);
    expect((await listFiles(folder)).filter((name) => name.includes(video.id))).toEqual([]);
    expect((await fetch(videoUrl ?? '')).status).toBe(404);
    expect((await deleteVideo(gateway, video.id)).__typename).toBe('VideoNotFoundError');
    await gateway.stop();
    const database = (await readFile(join(gateway.folder, 'gateway.db'))).toString('latin1');
    expect(database).toContain(INPUT.prompt);
    for (const text of [
      SECRET,
      'A watermark',
      `${sandbox.url}/files/${sandbox.tasks.get(video.taskId)?.videoId}`,
    ]) {
      expect(database.includes(text), text).toBe(false);
    }
    await rm(folder, { recursive: true });
  });

  it('keeps what is needed never to pay twice', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const input = { ...INPUT, idempotencyKey: 'once' };
    const video = await makeVideo(gateway, sandbox, input);
    await deleteVideo(gateway, video.id);

    const same = await gateway.graphql(ExtendDocument, { input });
    const other = await gateway.graphql(ExtendDocument, { input: { ...input, prompt: 'Another' } });

    expect(same.data.extendVideo).toMatchObject({
      __typename: 'ExtendVideoSuccess',
      video: { id: video.id, taskId: video.taskId, state: 'SUCCEEDED' },
    });
    expect(other.data.extendVideo.__typename).toBe('IdempotencyConflictError');
    expect(sandbox.requests.filter(({ method }) => method === 'POST').length).toBe(1);
    expect(await findTraces(gateway, video)).toEqual([]);
  });

  it('acknowledges callbacks about a deleted video, and stays deleted', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const video = await extend(gateway, { prompt: 'Dance on #nsfw' });
    const { url } = readCallbackUrl(sandbox.tasks.get(video.taskId));
    await sandbox.complete(video.taskId);
    await deleteVideo(gateway, video.id);

    const data = { task_id: video.taskId, video_id: 'v', video_url: 'https://files.example/v.mp4' };
    const response = await postCallback(url, { code: 200, msg: 'success', data });

    expect(response.status).toBe(200);
    expect(await findTraces(gateway, video)).toEqual([]);
  });

  it('refuses while the task is open', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const video = await extend(gateway);

    const result = await deleteVideo(gateway, video.taskId);

    expect(result).toMatchObject({
      __typename: 'TooLateError',
      code: 'TOO_LATE',
      retryable: false,
      video: { id: video.id, state: 'WAITING' },
    });
    expect((await findTraces(gateway, video)).length).toBe(3);
  });

  it("does not touch another owner's video, and ends the lineage of what extends it", async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, JWT_ENV);
    const alice = gateway.as(bearerOf('alice'));
    const first = await makeVideo(alice, sandbox);
    const second = await makeVideo(alice, sandbox, { taskId: first.id });

    const foreign = await deleteVideo(gateway.as(bearerOf('bob')), first.id);
    const unknown = await deleteVideo(alice, 'nothing');

    expect([foreign.__typename, unknown.__typename]).toEqual([
      'VideoNotFoundError',
      'VideoNotFoundError',
    ]);
    expect((await findTraces(alice, first)).length).toBe(4);
    await deleteVideo(alice, first.id);
    const { data } = await alice.graphql(ReadLineageDocument, { taskId: second.id });
    expect(data.video).toMatchObject({ source: null, ancestors: [] });
    expect(
      (await alice.graphql(ExtendDocument, { input: { ...INPUT, taskId: first.taskId } })).data,
    ).toMatchObject({ extendVideo: { __typename: 'VideoNotFoundError' } });
  });

  it('does not end a stream that has not delivered its completion', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const begin = await extend(gateway);
    const ends = [await makeVideo(gateway, sandbox), await makeVideo(gateway, sandbox)];
    await sandbox.complete(begin.taskId);

    for (const { id } of ends) await deleteVideo(gateway, id);
    const socket = await gateway.socket();
    const stream = socket.subscribe(OnExtendedDocument, { after: begin.cursor });

    expect(await stream.next()).toMatchObject({
      data: { videoExtended: { video: { id: begin.id } } },
    });
  });

  it('is seen by other replicas at once, though they have cached the video', async () => {
    const DATABASE_URL = await postgres.createDatabase();
    await using sandbox = await startSandbox({ autoplay: false });
    await using first = await startGateway(sandbox, { DATABASE_URL });
    await using second = await startGateway(sandbox, { DATABASE_URL });
    const video = await makeVideo(first, sandbox);
    expect((await findTraces(second, video)).length).toBe(4);

    await deleteVideo(first, video.id);

    await expect.poll(() => findTraces(second, video)).toEqual([]);
  });
});

const postgres = sharedPostgres();
const run = promisify(execFile);

describe('npm run forget-owner', () => {
  function forget(env: Record<string, string>, ...args: string[]) {
    const NODE_COMPILE_CACHE = process.env.TEST_COMPILE_CACHE ?? '';
    const settings = { APIKLEY_API_KEY: 'key', NODE_COMPILE_CACHE, ...env };
    return run(process.execPath, ['src/forget-owner.ts', ...args], { env: settings }).then(
      ({ stdout }) => ({ code: 0, text: stdout }),
      ({ code, stdout, stderr }) => ({ code, text: `${stdout}${stderr}` }),
    );
  }

  async function seed(gateway: TestGateway, sandbox: Sandbox) {
    const [alice, bob] = [gateway.as(bearerOf('alice')), gateway.as(bearerOf('bob'))];
    const videos = [await makeVideo(alice, sandbox, { prompt: SECRET, idempotencyKey: 'once' })];
    videos.push(await makeVideo(alice, sandbox, { prompt: `${SECRET} #nsfw` }));
    await alice.graphql(ExtendDocument, { input: { ...INPUT, prompt: 'Dance on #422' } });
    const ofBob = await makeVideo(bob, sandbox);
    return { alice, bob, videos, ofBob };
  }

  it('deletes everything of one owner, and says what it did', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'longtake-kept-'));
    const KEEP_URL = `file:${folder}`;
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, {
      ...JWT_ENV,
      KEEP_URL,
      OWNER_SUBMITS_PER_DAY: '100',
    });
    const { alice, bob, videos, ofBob } = await seed(gateway, sandbox);
    await untilKept(alice, videos[0]?.id ?? '');
    await untilKept(bob, ofBob.id);
    await expect.poll(async () => (await listFiles(folder)).length).toBe(4);
    await gateway.stop();
    const DATABASE_URL = `sqlite:${join(gateway.folder, 'gateway.db')}`;

    const { code, text } = await forget({ DATABASE_URL, KEEP_URL }, ALICE);

    expect(text).toBe(
      `${ALICE}: 3 videos and refused submits deleted\n2 copies of files removed\n`,
    );
    expect(code).toBe(0);
    const database = (await readFile(join(gateway.folder, 'gateway.db'))).toString('latin1');
    expect(database.includes(SECRET)).toBe(false);
    expect(database.includes(ALICE)).toBe(false);
    await gateway.restart();
    expect((await findTraces(bob, ofBob)).length).toBe(4);
    expect((await listFiles(folder)).every((name) => name.startsWith(ofBob.id))).toBe(true);
    await rm(folder, { recursive: true });
  });

  it('counts all copies that it removes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'longtake-forget-'));
    const DATABASE_URL = `sqlite:${join(folder, 'gateway.db')}`;
    const urls = Array.from({ length: 1_001 }, (_, n) => `https://files.example/${n}.mp4`);
    await storeVideos(DATABASE_URL, urls);
    const { db, close } = await openDatabase(DATABASE_URL);
    await planCopies(db, urls.length);
    await close();

    const { text } = await forget({ DATABASE_URL, KEEP_URL: `file:${folder}/kept` }, 'open');

    expect(text).toBe(
      'open: 1001 videos and refused submits deleted\n1001 copies of files removed\n',
    );
    await rm(folder, { recursive: true });
  });

  it('leaves open tasks, and says so', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    const DATABASE_URL = await postgres.createDatabase();
    await using gateway = await startGateway(sandbox, {
      ...JWT_ENV,
      DATABASE_URL,
    });
    const { alice, videos } = await seed(gateway, sandbox);
    const open = await extend(alice);
    // Otherwise their tasks could still be read at the upstream.
    await gateway.restart({ FOREIGN_VIDEOS: 'deny' });
    for (const video of videos) expect((await findTraces(alice, video)).length).toBe(4);

    const { code, text } = await forget({ DATABASE_URL }, ALICE);

    expect(text).toContain('1 tasks have not ended. Run this again once they have.');
    expect(code).toBe(1);
    for (const video of videos) {
      await expect.poll(() => findTraces(alice, video)).toEqual([]);
    }
    expect((await findTraces(alice, open)).length).toBe(3);
  });

  it('leaves nothing behind when submits go on meanwhile', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    const DATABASE_URL = await postgres.createDatabase();
    const env = { ...JWT_ENV, DATABASE_URL, OWNER_SUBMITS_PER_DAY: '1000' };
    await using gateway = await startGateway(sandbox, env);
    const alice = gateway.as(bearerOf('alice'));
    let isForgetting = true;
    const submitting = (async () => {
      while (isForgetting) await makeVideo(alice, sandbox, { prompt: SECRET });
    })();
    await makeVideo(alice, sandbox);

    const first = await forget({ DATABASE_URL }, ALICE);
    isForgetting = false;
    await submitting;
    const second = await forget({ DATABASE_URL }, ALICE);

    expect(first.text).toMatch(/videos and refused submits deleted/);
    expect(second).toMatchObject({ code: 0 });
    await expect
      .poll(async () => (await alice.graphql(ReadVideosDocument, { first: 10 })).data.videos.edges)
      .toEqual([]);
    const third = await forget({ DATABASE_URL }, ALICE);
    expect(third.text).toContain('Nothing is stored');
  });

  it('says what is missing', async () => {
    expect(await forget({})).toMatchObject({ code: 64, text: expect.stringContaining('Usage') });
  });
});
