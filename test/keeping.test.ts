import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLinks } from '../src/files/links.ts';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { backdate, DAY_MS } from './support/backdate.ts';
import { startGateway } from './support/gateway.ts';
import { download, listFiles, readKept, toSha256, untilKept } from './support/keeping.ts';
import { extend } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import { create, inState, resume, toFilm, waitFor } from './support/sequences.ts';

let root: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'longtake-kept-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

function newFolder(): string {
  count += 1;
  return join(root, String(count));
}

/** A video that has succeeded, and where the sandbox has its files. */
async function makeVideo(
  gateway: Parameters<typeof extend>[0] & Parameters<typeof readKept>[0],
  sandbox: Awaited<ReturnType<typeof startSandbox>>,
) {
  const { id, taskId } = await extend(gateway);
  await sandbox.complete(taskId);
  const { videoId } = sandbox.tasks.get(taskId) ?? {};
  return {
    id,
    film: `${sandbox.url}/files/${videoId}.mp4`,
    cover: `${sandbox.url}/files/${videoId}.png`,
  };
}

describe('a finished video', () => {
  it('is copied with its cover, byte for byte, and served from the copy', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { KEEP_URL: `file:${newFolder()}` });
    const source = await makeVideo(gateway, sandbox);
    const film = await download(source.film);
    const cover = await download(source.cover);

    const video = await untilKept(gateway, source.id);
    await expect
      .poll(async () => (await readKept(gateway, source.id)).coverUrl)
      .toMatch(gateway.url);

    const { coverUrl } = await readKept(gateway, source.id);
    expect(video.videoUrl).toMatch(`${gateway.url}/files/${source.id}/film-1.mp4?`);
    expect((await download(video.videoUrl)).equals(film)).toBe(true);
    expect((await download(coverUrl)).equals(cover)).toBe(true);
    expect(video).toMatchObject({
      state: 'SUCCEEDED',
      expired: false,
      kept: { state: 'KEPT', bytes: film.length, sha256: toSha256(film) },
    });
    expect(video.kept?.expiresAt).toBe(video.expiresAt);
    expect(Date.parse(video.expiresAt ?? '') - Date.now()).toBeGreaterThan(59 * DAY_MS);
  });

  it('shows no copies where the gateway keeps none', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { id, film } = await makeVideo(gateway, sandbox);

    const video = await readKept(gateway, id);

    expect(video).toMatchObject({ videoUrl: film, kept: null });
    expect((await fetch(`${gateway.url}/files/${id}/film-1.mp4`)).status).toBe(404);
  });

  it('is copied when keeping is switched on later, unless its files have expired', async () => {
    const folder = newFolder();
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { id: old } = await makeVideo(gateway, sandbox);
    const { id: recent } = await makeVideo(gateway, sandbox);
    await gateway.stop();
    const then = Date.now() - 15 * DAY_MS;
    backdate(gateway, 'update video set unfinished_at = ? where id = ?', then, old);
    await gateway.restart({ KEEP_URL: `file:${folder}` });

    await untilKept(gateway, recent);

    expect(await readKept(gateway, old)).toMatchObject({ expired: true, kept: null });
    expect((await listFiles(folder)).every((name) => name.startsWith(recent))).toBe(true);
  });

  it.each([
    ['KEEP_MAX_BYTES', '100'],
    ['KEEP_ALLOWED_HOSTS', 'films.example.com'],
  ])('that %s does not allow to copy keeps the URL of the upstream', async (name, value) => {
    const folder = newFolder();
    await using sandbox = await startSandbox({ autoplay: false });
    const env = { KEEP_URL: `file:${folder}`, [name]: value };
    await using gateway = await startGateway(sandbox, env);
    const { id, film } = await makeVideo(gateway, sandbox);

    const video = await untilKept(gateway, id, 'FAILED');

    expect(video).toMatchObject({ videoUrl: film, expired: false, kept: { bytes: null } });
    expect(await listFiles(folder)).toEqual([]);
  });

  it('plays on after the upstream has deleted its files', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { KEEP_URL: `file:${newFolder()}` });
    const { id, film } = await makeVideo(gateway, sandbox);
    const bytes = await download(film);
    await untilKept(gateway, id);
    await gateway.stop();
    const then = Date.now() - 15 * DAY_MS;
    backdate(gateway, 'update video set unfinished_at = ? where id = ?', then, id);
    await sandbox.close();
    await gateway.restart();

    const video = await readKept(gateway, id);

    expect(video).toMatchObject({ expired: false, kept: { state: 'KEPT' } });
    expect((await download(video.videoUrl)).equals(bytes)).toBe(true);
  });
});

describe('copies', () => {
  it('are removed after KEEP_DAYS; the video stays', async () => {
    const folder = newFolder();
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { KEEP_URL: `file:${folder}` });
    const { id } = await makeVideo(gateway, sandbox);
    const { videoUrl, kept } = await untilKept(gateway, id);
    await expect.poll(async () => (await listFiles(folder)).length).toBe(2);
    await gateway.stop();
    backdate(gateway, 'update file_copy set kept_at = kept_at - ?', 4 * DAY_MS);

    await gateway.restart({ KEEP_DAYS: '3' });

    await expect.poll(() => listFiles(folder)).toEqual([]);
    expect(kept?.state).toBe('KEPT');
    expect(await readKept(gateway, id)).toMatchObject({
      state: 'SUCCEEDED',
      expired: true,
      videoUrl: null,
      coverUrl: null,
      kept: null,
    });
    expect((await fetch(videoUrl ?? '')).status).toBe(404);
  });

  it.each([
    {
      when: 'was copied again later',
      statements: [
        "update file_copy set kept_at = kept_at - ? where part = 'cover' and video_row = ?",
      ],
    },
    {
      when: 'could not be copied until then',
      statements: [
        `update file_copy set kept_at = case part when 'cover' then kept_at - ? end,
          state = case part when 'cover' then state else 'PENDING' end where video_row = ?`,
        "update video set keep_state = 'PENDING', kept_film = null where ? > 0 and id = ?",
      ],
    },
  ])('stay after the KEEP_DAYS of the cover if the film $when', async ({ statements }) => {
    const folder = newFolder();
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { KEEP_URL: `file:${folder}` });
    const { id } = await makeVideo(gateway, sandbox);
    const { id: old } = await makeVideo(gateway, sandbox);
    for (const made of [id, old]) await untilKept(gateway, made);
    await expect.poll(async () => (await listFiles(folder)).length).toBe(4);
    await gateway.stop();
    for (const statement of statements) backdate(gateway, statement, 4 * DAY_MS, id);
    const all = 'update file_copy set kept_at = kept_at - ? where video_row = ?';
    backdate(gateway, all, 4 * DAY_MS, old);

    await gateway.restart({ KEEP_DAYS: '3' });

    await expect
      .poll(() => readKept(gateway, old), { timeout: 10_000 })
      .toMatchObject({ expired: true });
    const { videoUrl, kept } = await untilKept(gateway, id);
    expect(Date.parse(kept?.expiresAt ?? '') - Date.now()).toBeGreaterThan(2 * DAY_MS);
    expect((await fetch(videoUrl ?? '')).status).toBe(200);
  });

  it('are shown as long as the sequence of their video is stored', async () => {
    await using sandbox = await startSandbox({ stepMs: 10 });
    await using gateway = await startGateway(sandbox, { KEEP_URL: `file:${newFolder()}` });
    const { id } = await create(gateway, toFilm(['The cat bows #moderated-once']));
    const paused = await waitFor(gateway, id, inState('PAUSED'));
    const first = paused.start?.id ?? '';
    await untilKept(gateway, first);
    await gateway.stop();
    const then = Date.now() - 61 * DAY_MS;
    backdate(
      gateway,
      'update video set finished_at = ?, unfinished_at = ? where id = ?',
      then,
      then,
      first,
    );
    backdate(gateway, 'update completion set created_at = ?', then);
    await gateway.restart();

    await resume(gateway, id);
    await waitFor(gateway, id, inState('COMPLETED'));
    const { expired, expiresAt, videoUrl, kept } = await readKept(gateway, first);

    expect({ expired, expiresAt, kept }).toMatchObject({
      expired: false,
      expiresAt: null,
      kept: { state: 'KEPT', expiresAt: null },
    });
    expect((await fetch(videoUrl ?? '')).status).toBe(200);
  });

  it('are removed together with their video by retention', async () => {
    const folder = newFolder();
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { KEEP_URL: `file:${folder}` });
    const { id } = await makeVideo(gateway, sandbox);
    await untilKept(gateway, id);
    await gateway.stop();
    const then = Date.now() - 61 * DAY_MS;
    backdate(gateway, 'update video set finished_at = ?', then);
    backdate(gateway, 'update completion set created_at = ?', then);

    await gateway.restart();

    await expect.poll(() => listFiles(folder)).toEqual([]);
  });
});

describe('replicas', () => {
  const postgres = sharedPostgres();

  it('copy each file once, and all show the copy', async () => {
    const folder = newFolder();
    const DATABASE_URL = await postgres.createDatabase();
    await using sandbox = await startSandbox({ autoplay: false });
    const env = { DATABASE_URL, KEEP_URL: `file:${folder}` };
    await using first = await startGateway(sandbox, env);
    await using second = await startGateway(sandbox, env);
    const videos = [];
    for (let number = 0; number < 6; number += 1) videos.push(await makeVideo(first, sandbox));
    // Both have cached them by now, most of them before they were copied.
    for (const { id } of videos) {
      await readKept(first, id);
      await readKept(second, id);
    }

    for (const { id } of videos) {
      const [one, other] = await Promise.all([untilKept(first, id), untilKept(second, id)]);
      expect(other.kept).toEqual(one.kept);
      expect((await download(other.videoUrl)).length).toBe(one.kept?.bytes);
      // Signed by one replica, served by another.
      const elsewhere = (one.videoUrl ?? '').replace(first.url, second.url);
      expect((await download(elsewhere)).length).toBe(one.kept?.bytes);
    }

    const files = await listFiles(folder);
    const films = files.filter((name) => name.includes('/film-'));
    expect(films).toEqual(videos.map(({ id }) => `${id}/film-1.mp4`).sort());
  });
});

describe('the URL of a copy', () => {
  it('answers ranges, conditions and HEAD, so that players can seek', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { KEEP_URL: `file:${newFolder()}` });
    const { id, film } = await makeVideo(gateway, sandbox);
    const bytes = await download(film);
    const url = (await untilKept(gateway, id)).videoUrl ?? '';

    // A range is defined for GET only.
    const head = await fetch(url, { method: 'HEAD', headers: { range: 'bytes=10-19' } });
    const etag = head.headers.get('etag') ?? '';
    const part = await fetch(url, { headers: { range: 'bytes=10-19', 'if-range': etag } });
    const end = await fetch(url, { headers: { range: 'bytes=-5' } });
    const beyond = await fetch(url, { headers: { range: `bytes=${bytes.length}-` } });
    // fetch would add `cache-control: no-cache`.
    const known = await request(url, { headers: { 'if-none-match': etag } });
    const post = await fetch(url, { method: 'POST' });

    expect(head.status).toBe(200);
    expect(await head.text()).toBe('');
    expect(Object.fromEntries(head.headers)).toMatchObject({
      'accept-ranges': 'bytes',
      'content-length': String(bytes.length),
      'content-type': 'video/mp4',
      'content-disposition': `inline; filename="video-${id}.mp4"`,
      'x-content-type-options': 'nosniff',
    });
    expect(etag).toMatch(/^"/);
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes 10-19/${bytes.length}`);
    expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(10, 20))).toBe(true);
    expect(Buffer.from(await end.arrayBuffer()).equals(bytes.subarray(-5))).toBe(true);
    expect(beyond.status).toBe(416);
    expect(beyond.headers.get('content-range')).toBe(`bytes */${bytes.length}`);
    expect(beyond.headers.get('cache-control')).toBeNull();
    expect(known.statusCode).toBe(304);
    expect(post.status).toBe(405);
    const attachment = await fetch(`${url}&download`, { method: 'HEAD' });
    expect(attachment.headers.get('content-disposition')).toMatch(/^attachment/);
  });

  it('answers a suffix that is longer than the file with the whole file', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { KEEP_URL: `file:${newFolder()}` });
    const { id, film } = await makeVideo(gateway, sandbox);
    const bytes = await download(film);
    const url = (await untilKept(gateway, id)).videoUrl ?? '';
    const whole = `bytes 0-${bytes.length - 1}/${bytes.length}`;

    // RFC 9110, 14.1.2.
    for (const length of [bytes.length, bytes.length + 1, '9'.repeat(400)]) {
      const answer = await fetch(url, { headers: { range: `bytes=-${length}` } });
      expect(answer.status).toBe(206);
      expect(answer.headers.get('content-range')).toBe(whole);
      expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
    }
    const empty = await fetch(url, { headers: { range: 'bytes=-0' } });
    expect(empty.status).toBe(416);
    // Ranges that overlap may be answered as one (RFC 9110, 15.3.7).
    const range = `bytes=0-9, -${bytes.length + 1}`;
    const several = await fetch(url, { headers: { range } });
    expect(several.headers.get('content-range')).toBe(whole);
  });

  it('can be read by players on any page, with the headers of ranges', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { KEEP_URL: `file:${newFolder()}` });
    const { id } = await makeVideo(gateway, sandbox);
    const url = (await untilKept(gateway, id)).videoUrl ?? '';
    const origin = 'https://player.example.com';

    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'if-range,range',
      },
    });
    const part = await fetch(url, { headers: { origin, range: 'bytes=0-9' } });

    expect(preflight.status).toBe(204);
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, HEAD',
      'access-control-allow-headers': expect.stringContaining('range, if-range'),
    });
    expect(part.status).toBe(206);
    expect(part.headers.get('access-control-allow-origin')).toBe('*');
    expect(part.headers.get('access-control-expose-headers')).toContain('content-range');
  });

  it('begins with PUBLIC_URL and BASE_PATH', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    const env = { KEEP_URL: `file:${newFolder()}`, BASE_PATH: '/api/video' };
    await using gateway = await startGateway(sandbox, env);
    const { id, film } = await makeVideo(gateway, sandbox);

    const { videoUrl } = await untilKept(gateway, id);

    expect(new URL(videoUrl ?? '').pathname).toBe(`/api/video/files/${id}/film-1.mp4`);
    expect((await download(videoUrl)).equals(await download(film))).toBe(true);
  });

  it('expires', () => {
    const links = createLinks('key', () => 'http://gateway.example');
    const name = '0190a0b0-0000-7000-8000-000000000000/film-1.mp4';
    const parse = (until: number) =>
      links.parse(links.toUrl(name, until).slice('http://gateway.example'.length));

    expect(parse(Date.now() + 60_000)).toMatchObject({ name });
    expect(parse(Date.now() - 1_000)).toBeNull();
  });

  it('is valid for its own file and time only', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { KEEP_URL: `file:${newFolder()}` });
    const first = await makeVideo(gateway, sandbox);
    const second = await makeVideo(gateway, sandbox);
    const url = (await untilKept(gateway, first.id)).videoUrl ?? '';
    await untilKept(gateway, second.id);
    const until = Number(new URL(url).searchParams.get('until'));

    const changed = [
      url.replace(first.id, second.id),
      url.replace('film-1.mp4', 'cover-1.png'),
      url.replace(`until=${until}`, `until=${until + 1}`),
      url.replace(/signature=./, (start) => (start.endsWith('A') ? 'signature=B' : 'signature=A')),
      url.replace(/&signature=.*/, ''),
      url.replace(/\?.*/, ''),
      url.replace('/film-1.mp4', '/../../gateway.db'),
    ];
    const statuses = await Promise.all(changed.map(async (other) => (await fetch(other)).status));

    expect(statuses.filter((status) => status !== 403 && status !== 404)).toEqual([]);
    expect((await fetch(url)).status).toBe(200);
    expect(until * 1_000 - Date.now()).toBeGreaterThan(6 * 3_600_000 - 2_000);
    expect(until * 1_000 - Date.now()).toBeLessThanOrEqual(7 * 3_600_000);
  });
});
