/** Copies in a folder whose disk is not mounted, and copies that somebody has deleted. */

import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { examineCopies } from '../src/doctor/copies.ts';
import { isMark } from '../src/files/destination-mark.ts';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { DeleteVideoDocument } from './generated/graphql.ts';
import { backdate, DAY_MS } from './support/backdate.ts';
import { makeFolder } from './support/folder.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { download, listFiles, readKept, untilKept } from './support/keeping.ts';
import { extend } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import { scrape } from './support/scrape.ts';

const METRICS_TOKEN = 'a-token-of-the-metrics-of-this-test-alone';

type Sandbox = Awaited<ReturnType<typeof startSandbox>>;

async function makeVideo(gateway: TestGateway, sandbox: Sandbox) {
  const { id, taskId } = await extend(gateway);
  await sandbox.complete(taskId);
  return { id, film: `${sandbox.url}/files/${sandbox.tasks.get(taskId)?.videoId}.mp4` };
}

/** Copies are made in a subfolder, which stands for a disk. */
async function startKeeping() {
  const folder = await makeFolder();
  const disk = join(folder.path, 'disk');
  const sandbox = await startSandbox({ autoplay: false });
  const gateway = await startGateway(sandbox, { KEEP_URL: `file:${disk}`, METRICS_TOKEN });
  return {
    /** How many attempts to copy had this outcome. */
    async count(outcome: string) {
      const metrics = await scrape(gateway, METRICS_TOKEN);
      return metrics.get('longtake_copies_total', { outcome });
    },
    disk,
    sandbox,
    gateway,
    /** @param leaves whether the mount point is left, as an empty folder. */
    async unmount({ leaves = true } = {}) {
      await rename(disk, `${disk}-unmounted`);
      if (leaves) await mkdir(disk);
    },
    async mount() {
      // Fails unless it is empty.
      await rmdir(disk);
      await rename(`${disk}-unmounted`, disk);
    },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await sandbox.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe('a folder whose disk is not mounted', () => {
  it('gets no copy and is not created; copying continues once it is mounted', async () => {
    await using kept = await startKeeping();
    const { gateway, sandbox, disk } = kept;
    const old = await makeVideo(gateway, sandbox);
    const { videoUrl } = await untilKept(gateway, old.id);
    await kept.unmount();

    const { id, film } = await makeVideo(gateway, sandbox);
    await expect.poll(() => kept.count('destination_failed')).toBeGreaterThan(0);
    const unreadable = await fetch(videoUrl ?? '');

    expect(unreadable.status).toBe(503);
    expect(unreadable.headers.get('retry-after')).toBe('60');
    expect(await listFiles(disk)).toEqual([]);
    expect(await readKept(gateway, id)).toMatchObject({
      videoUrl: film,
      kept: { state: 'PENDING' },
    });
    expect((await readKept(gateway, old.id)).kept?.state).toBe('KEPT');
    await kept.mount();
    await untilKept(gateway, id);
    expect((await fetch(videoUrl ?? '')).status).toBe(200);
  });

  it('is not created, and keeps the copies of a video that is deleted meanwhile until then', async () => {
    await using kept = await startKeeping();
    const { gateway, sandbox, disk } = kept;
    const { id } = await makeVideo(gateway, sandbox);
    await untilKept(gateway, id);
    await expect.poll(() => listFiles(disk)).toHaveLength(2);
    await kept.unmount({ leaves: false });

    await gateway.graphql(DeleteVideoDocument, { id });
    await gateway.stop();
    await gateway.restart();

    expect(await listFiles(disk)).toEqual([]);
    await mkdir(disk);
    await kept.mount();
    expect(await listFiles(disk)).toHaveLength(2);
    await gateway.stop();
    backdate(gateway, 'update file_copy set try_after = 0, lease_until = 0');
    await gateway.restart();
    await expect.poll(() => listFiles(disk)).toEqual([]);
  });

  it('is recognised where an earlier version has made the copies', async () => {
    await using kept = await startKeeping();
    const { gateway, sandbox, disk } = kept;
    const { id } = await makeVideo(gateway, sandbox);
    await untilKept(gateway, id);
    await gateway.stop();
    const [mark = ''] = (await readdir(disk)).filter(isMark);
    await rm(join(disk, mark));
    backdate(gateway, "delete from meta where name = 'keep_mark'");
    await kept.unmount();
    await gateway.restart();

    const { id: next } = await makeVideo(gateway, sandbox);
    await expect.poll(() => kept.count('destination_failed')).toBeGreaterThan(0);
    expect(await readdir(disk)).toEqual([]);
    await kept.mount();

    await untilKept(gateway, next);
    expect((await readdir(disk)).filter(isMark)).toHaveLength(1);
  });

  it('is recognised after the restore of a backup', async () => {
    await using kept = await startKeeping();
    const { gateway, sandbox } = kept;
    await untilKept(gateway, (await makeVideo(gateway, sandbox)).id);
    await gateway.stop();
    // docs/operations/runbook.md
    backdate(gateway, "delete from meta where name = 'database_id'");
    await gateway.restart();

    const { id } = await makeVideo(gateway, sandbox);

    expect((await untilKept(gateway, id)).kept?.state).toBe('KEPT');
  });

  it('is named by the doctor', async () => {
    await using kept = await startKeeping();
    const { gateway, sandbox, disk } = kept;
    const examine = () =>
      examineCopies(
        readConfig({
          APIKLEY_API_KEY: 'key',
          KEEP_DAYS: '30',
          KEEP_URL: `file:${disk}`,
          DATABASE_URL: `sqlite:${join(gateway.folder, 'gateway.db')}`,
        }),
      );
    await untilKept(gateway, (await makeVideo(gateway, sandbox)).id);

    const mounted = await examine();
    await kept.unmount();
    const unmounted = await examine();

    expect(mounted.map(({ level }) => level)).toEqual(['ok']);
    expect(unmounted[1]).toMatchObject({
      level: 'warning',
      message: `file:${disk} contains no copies of a gateway`,
      fix: expect.stringContaining('mount its disk'),
    });
    expect(await readdir(disk)).toEqual([]);
  });
});

describe('a copy that somebody has deleted', () => {
  const postgres = sharedPostgres();

  it('is made again; until then the URL of the upstream is shown', async () => {
    await using kept = await startKeeping();
    const { gateway, sandbox, disk } = kept;
    const { id, film } = await makeVideo(gateway, sandbox);
    const { videoUrl } = await untilKept(gateway, id);
    await rm(join(disk, id, 'film-1.mp4'));

    expect((await fetch(videoUrl ?? '')).status).toBe(404);
    const after = await readKept(gateway, id);
    const again = await untilKept(gateway, id);

    expect([film, again.videoUrl]).toContain(after.videoUrl);
    expect(again.videoUrl).toContain('/film-2.mp4');
    expect((await download(again.videoUrl)).equals(await download(film))).toBe(true);
  });

  it('is shown as lost where the upstream has deleted the original', async () => {
    await using kept = await startKeeping();
    const { gateway, sandbox, disk } = kept;
    const { id } = await makeVideo(gateway, sandbox);
    await untilKept(gateway, id);
    await gateway.stop();
    const then = Date.now() - 15 * DAY_MS;
    backdate(gateway, 'update video set unfinished_at = ?', then);
    backdate(gateway, 'update file_copy set expires_at = ?', then + 14 * DAY_MS);
    await gateway.restart();
    const { videoUrl, expired } = await readKept(gateway, id);
    await rm(join(disk, id, 'film-1.mp4'));

    const response = await fetch(videoUrl ?? '');

    expect(expired).toBe(false);
    expect(response.status).toBe(404);
    expect(await readKept(gateway, id)).toMatchObject({
      videoUrl: null,
      expired: true,
      kept: null,
    });
    expect(await kept.count('lost')).toBe(1);
  });

  it('is made again as a cover, and the film stays', async () => {
    await using kept = await startKeeping();
    const { gateway, sandbox, disk } = kept;
    const { id } = await makeVideo(gateway, sandbox);
    const { videoUrl } = await untilKept(gateway, id);
    const readCover = async () => (await readKept(gateway, id)).coverUrl ?? '';
    await expect.poll(readCover).toContain('/cover-1.png');
    const cover = await readCover();
    await rm(join(disk, id, 'cover-1.png'));

    expect((await fetch(cover)).status).toBe(404);

    await expect.poll(readCover).toContain('/cover-2.png');
    expect((await readKept(gateway, id)).videoUrl).toBe(videoUrl);
  });

  it('is no longer shown by the other replicas', async () => {
    await using folder = await makeFolder();
    await using sandbox = await startSandbox({ autoplay: false });
    const DATABASE_URL = await postgres.createDatabase();
    const env = { DATABASE_URL, KEEP_URL: `file:${folder.path}` };
    await using first = await startGateway(sandbox, env);
    await using second = await startGateway(sandbox, env);
    const { id } = await makeVideo(first, sandbox);
    const { videoUrl } = await untilKept(first, id);
    await untilKept(second, id);
    await rm(join(folder.path, id, 'film-1.mp4'));

    expect((await fetch(videoUrl ?? '')).status).toBe(404);

    await expect.poll(async () => (await readKept(second, id)).videoUrl).toContain('/film-2.mp4');
  });
});
