import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Kysely, sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { readCompletions, readLogBounds } from '../src/store/completions.ts';
import { openDatabase } from '../src/store/database.ts';
import { pruneCompletions, pruneVideos } from '../src/store/pruning.ts';
import type { Tables } from '../src/store/schema.ts';
import { confirmSubmit } from '../src/store/transitions/confirm.ts';
import { endVideo } from '../src/store/transitions/end.ts';
import { insertSubmit } from '../src/store/transitions/insert.ts';
import { listVideos } from '../src/store/videos.ts';
import { createVideoId } from '../src/video-id.ts';
import {
  ExtendDocument,
  OnExtendedDocument,
  ReadCompletionsDocument,
  ReadVideoDocument,
  ReadVideosDocument,
} from './generated/graphql.ts';
import { backdate, DAY_MS } from './support/backdate.ts';
import { postCallback, readCallbackUrl } from './support/callback.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { extend, INPUT } from './support/operations.ts';

async function readVideo(gateway: TestGateway, taskId: string) {
  const { data } = await gateway.graphql(ReadVideoDocument, { taskId });
  if (!data.video) throw new Error(`no video ${taskId}`);
  return data.video;
}

async function listIds(gateway: TestGateway) {
  const { data } = await gateway.graphql(ReadVideosDocument, { first: 100 });
  return data.videos.edges.map(({ node }) => node.id).sort();
}

/** The ids in the log after a cursor, or the code of the error. */
async function readLog(gateway: TestGateway, after?: string) {
  const { data, errors } = await gateway.graphql(ReadCompletionsDocument, { first: 100, after });
  return errors?.[0]?.extensions.code ?? data.completions.edges.map(({ node }) => node.video.id);
}

/** Moves the end of a task, and its entries in the log, into the past. */
function ageEnd(gateway: TestGateway, id: string, days: number): void {
  const then = Date.now() - days * DAY_MS;
  backdate(gateway, 'update video set finished_at = ? where id = ?', then, id);
  backdate(gateway, 'update completion set created_at = ? where video_row = ?', then, id);
}

/** Pruning has no event to wait for: it begins with the gateway, and shows in what is gone. */
async function untilListed(gateway: TestGateway, ids: string[]): Promise<void> {
  await expect.poll(() => listIds(gateway)).toEqual(ids.toSorted());
}

describe('the files of a video', () => {
  it('expire 14 days after the task was last seen unfinished', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId } = await extend(gateway);
    const notBefore = Date.now();
    const open = await readVideo(gateway, taskId);
    const notAfter = Date.now();

    await sandbox.complete(taskId);
    const { expiresAt, expired } = await readVideo(gateway, taskId);

    expect(open).toMatchObject({ state: 'WAITING', expiresAt: null, expired: false });
    expect(Date.parse(expiresAt ?? '')).toBeGreaterThanOrEqual(notBefore + 14 * DAY_MS);
    expect(Date.parse(expiresAt ?? '')).toBeLessThanOrEqual(notAfter + 14 * DAY_MS);
    expect(expired).toBe(false);
  });

  it.each([
    { days: 13, expired: false, url: expect.stringMatching(/^http/) },
    { days: 15, expired: true, url: null },
  ])('have URLs until then: after $days days', async ({ days, expired, url }) => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { id, taskId } = await extend(gateway);
    await sandbox.complete(taskId);
    const { videoId } = await readVideo(gateway, id);
    await gateway.stop();
    const then = Date.now() - days * DAY_MS;
    backdate(gateway, 'update video set unfinished_at = ? where id = ?', then, id);
    await gateway.restart();

    const video = await readVideo(gateway, id);

    expect(video).toMatchObject({
      state: 'SUCCEEDED',
      expired,
      expiresAt: new Date(then + 14 * DAY_MS).toISOString(),
      videoUrl: url,
      coverUrl: url,
      videoId,
    });
    expect(videoId).not.toBeNull();
    expect(sandbox.requests.filter(({ method }) => method === 'GET')).toEqual([]);
  });

  it('expire as soon as the upstream reports it', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId } = await extend(gateway, { prompt: 'Dance on #expired #callback-lost' });
    await sandbox.complete(taskId);

    const video = await readVideo(gateway, taskId);

    expect(video).toMatchObject({
      state: 'SUCCEEDED',
      expired: true,
      videoUrl: null,
      coverUrl: null,
    });
  });

  it('do not exist for a failed task', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId } = await extend(gateway, { prompt: 'Dance on #nsfw' });
    await sandbox.complete(taskId);

    const video = await readVideo(gateway, taskId);

    expect(video).toMatchObject({ state: 'FAILED', expiresAt: null, expired: false });
  });
});

describe('what is older than RETENTION_DAYS', () => {
  it('is deleted with its log entries; later cursors stay valid', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { RETENTION_DAYS: '30' });
    const ids: string[] = [];
    const cursors: string[] = [];
    for (let n = 0; n < 4; n++) {
      const { id, taskId, cursor } = await extend(gateway);
      await sandbox.complete(taskId);
      ids.push(id);
      cursors.push(cursor);
    }
    const [, , third = '', fourth = ''] = ids;
    const last = await extend(gateway);
    await gateway.stop();
    for (const [n, id] of ids.entries()) ageEnd(gateway, id, n < 2 ? 31 : 29);

    await gateway.restart();

    await untilListed(gateway, [last.id, fourth, third]);
    expect(await readLog(gateway)).toEqual([third, fourth]);
    expect(await readLog(gateway, cursors[0])).toBe('CURSOR_EXPIRED');
    expect(await readLog(gateway, cursors[1])).toBe('CURSOR_EXPIRED');
    // The cursor before the third submit is the mark itself.
    expect(await readLog(gateway, cursors[2])).toEqual([third, fourth]);
    expect(await readLog(gateway, cursors[3])).toEqual([fourth]);
    expect(await readLog(gateway, last.cursor)).toEqual([]);

    await sandbox.complete(last.taskId);
    expect(await readLog(gateway, last.cursor)).toEqual([last.id]);
  });

  it('can no longer be streamed', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { id, taskId, cursor } = await extend(gateway);
    await sandbox.complete(taskId);
    await gateway.stop();
    ageEnd(gateway, id, 61);
    await gateway.restart();
    await untilListed(gateway, []);

    const stream = (await gateway.socket()).subscribe(OnExtendedDocument, { after: cursor });

    expect((await stream.next())?.errors).toMatchObject([
      { extensions: { code: 'CURSOR_EXPIRED', retryable: false } },
    ]);
  });

  it('includes refused submits, but no open task', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const waiting = await extend(gateway);
    const lost = await gateway.graphql(ExtendDocument, {
      input: { ...INPUT, prompt: '#answer-lost' },
    });
    await gateway.graphql(ExtendDocument, { input: { ...INPUT, prompt: '#451' } });
    const refused = readCallbackUrl(sandbox.requests.at(-1)?.body);
    const finished = await extend(gateway);
    await sandbox.complete(finished.taskId);
    await gateway.stop();
    const then = Date.now() - 1000 * DAY_MS;
    backdate(
      gateway,
      `update video set created_at = ?1, unfinished_at = ?1, submit_until = ?1,
        finished_at = case when finished_at is null then null else ?1 end`,
      then,
    );
    backdate(gateway, 'update completion set created_at = ?', then);

    await gateway.restart();

    const { extendVideo } = lost.data;
    const lostId = extendVideo.__typename === 'OutcomeUnknownError' ? extendVideo.video.id : '';
    await untilListed(gateway, [lostId, waiting.id]);
    const late = new URL(refused.url);
    await expect
      .poll(async () => (await postCallback(gateway.url + late.pathname, 'nonsense')).status)
      .toBe(404);
    expect(await readVideo(gateway, lostId)).toMatchObject({ state: 'UNCONFIRMED' });
    expect(await readVideo(gateway, waiting.id)).toMatchObject({ state: 'WAITING' });
  });
});

describe('pruning the store', () => {
  const RETENTION_MS = 60 * DAY_MS;

  /** A task of the owner's that has succeeded some days ago; open where no days are given. */
  async function seed(db: Kysely<Tables>, owner: string, days?: number): Promise<string> {
    const id = createVideoId();
    await insertSubmit(db, {
      id,
      owner,
      idempotencyKey: null,
      fingerprint: '',
      tokenHash: '',
      kind: 'EXTENSION',
      sourceTaskId: 'source',
      duration: null,
      aspectRatio: null,
      prompt: 'Dance on',
      quality: 'P720',
      waterMark: '',
      imageUrl: null,
      expandPrompt: null,
      runtimeMs: 1000,
    });
    await confirmSubmit(db, { id, taskId: `task-${id}`, firstCheckMs: 1000 });
    if (days === undefined) return id;
    const outcome = { videoId: null, videoUrl: 'https://files.example.com/1.mp4', coverUrl: null };
    await endVideo(db, id, { outcome, reported: true });
    const age = days * DAY_MS;
    await db
      .updateTable('video')
      .set({ created_at: sql`now_ms() - ${age}`, finished_at: sql`now_ms() - ${age}` })
      .where('id', '=', id)
      .execute();
    await db
      .updateTable('completion')
      .set({ created_at: sql`now_ms() - ${age}` })
      .where('video_row', '=', id)
      .execute();
    return id;
  }

  async function pruneAll(db: Kysely<Tables>, limit: number): Promise<void> {
    while ((await pruneCompletions(db, RETENTION_MS, limit)) > 0);
    while ((await pruneVideos(db, RETENTION_MS, limit)) > 0);
  }

  async function list(db: Kysely<Tables>, owner: string) {
    const videos = await listVideos(db, owner, {}, { limit: 100, before: null });
    const log = await readCompletions(db, owner, 0, 100);
    return {
      videos: videos.map(({ id }) => id).sort(),
      log: log.map(({ number, video }) => [number, video.id]),
      bounds: await readLogBounds(db, owner),
    };
  }

  it.each([1, 2, 200])("shortens each owner's log on its own, %i at a time", async (limit) => {
    const { db, close } = await openDatabase('sqlite::memory:');
    await seed(db, 'anna', 90);
    await seed(db, 'anna', 80);
    const young = [await seed(db, 'bert', 10), await seed(db, 'bert', 5)];
    await seed(db, 'anna', 61);
    const annas = [await seed(db, 'anna', 59), await seed(db, 'anna')];
    await seed(db, 'cora', 70);

    await pruneAll(db, limit);

    expect(await list(db, 'anna')).toEqual({
      videos: annas.toSorted(),
      log: [[4, annas[0]]],
      bounds: { head: 4, pruned: 3, origin: 0 },
    });
    expect(await list(db, 'bert')).toEqual({
      videos: young.toSorted(),
      log: [
        [1, young[0]],
        [2, young[1]],
      ],
      bounds: { head: 2, pruned: 0, origin: 0 },
    });
    expect(await list(db, 'cora')).toEqual({
      videos: [],
      log: [],
      bounds: { head: 1, pruned: 1, origin: 0 },
    });
    await close();
  });

  it('keeps a video as long as the log contains it', async () => {
    const { db, close } = await openDatabase('sqlite::memory:');
    const id = await seed(db, 'anna', 90);

    const removed = await pruneVideos(db, RETENTION_MS, 200);

    expect(removed).toBe(0);
    expect(await list(db, 'anna')).toMatchObject({ videos: [id], log: [[1, id]] });
    await close();
  });

  it('continues the numbering of the log', async () => {
    const { db, close } = await openDatabase('sqlite::memory:');
    await seed(db, 'anna', 90);
    await pruneAll(db, 200);

    const id = await seed(db, 'anna', 0);

    expect(await list(db, 'anna')).toEqual({
      videos: [id],
      log: [[2, id]],
      bounds: { head: 2, pruned: 1, origin: 0 },
    });
    await close();
  });
});

describe('a submit that was never sent', () => {
  it('keeps its row for an hour; one that the upstream refused is kept as long as any other', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const old = await extend(gateway);
    await sandbox.complete(old.taskId);
    const submit = (prompt: string) =>
      gateway.graphql(ExtendDocument, { input: { ...INPUT, prompt } });
    const types = [(await submit('#422')).data.extendVideo.__typename];
    // A closed port.
    await gateway.restart({ UPSTREAM_URL: 'http://127.0.0.1:1' });
    for (const prompt of ['Old', 'Fresh']) {
      types.push((await submit(prompt)).data.extendVideo.__typename);
    }
    expect(types).toEqual([
      'InvalidInputError',
      'UpstreamUnreachableError',
      'UpstreamUnreachableError',
    ]);
    await gateway.stop();
    const hourAgo = Date.now() - 61 * 60_000;
    const aged =
      "update video set finished_at = ? where state = 'REJECTED' and prompt in ('Old', '#422')";
    backdate(gateway, aged, hourAgo);
    ageEnd(gateway, old.id, 61);

    await gateway.restart();
    // It is pruned after the others.
    await untilListed(gateway, []);

    await gateway.stop();
    expect(readPrompts(gateway)).toEqual(['#422', 'Fresh']);
  });
});

/** Of all the rows of a stopped gateway. */
function readPrompts(gateway: { readonly folder: string }): unknown[] {
  const file = new DatabaseSync(join(gateway.folder, 'gateway.db'));
  const rows = file.prepare('select prompt from video order by id').all();
  file.close();
  return rows.map(({ prompt }) => prompt);
}
