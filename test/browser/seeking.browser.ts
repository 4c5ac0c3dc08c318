import { readFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeFolder } from '../support/folder.ts';
import { startGateway } from '../support/gateway.ts';
import { untilKept } from '../support/keeping.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { storeVideos } from '../support/stored-videos.ts';
import { launchBrowser } from './support/browser.ts';

const FILM = new URL('../../src/sandbox/assets/film-1.mp4', import.meta.url);
const PADDING = 24 * 1024 * 1024;

/** The same film, with so much space before its pictures that a browser does not read across it. */
function pad(film: Buffer): Buffer {
  const mdat = film.indexOf('mdat') - 4;
  const head = Buffer.from(film.subarray(0, mdat));
  const table = head.indexOf('stco') + 4;
  const chunks = head.readUInt32BE(table + 4);
  for (let chunk = 0; chunk < chunks; chunk += 1) {
    const at = table + 8 + chunk * 4;
    head.writeUInt32BE(head.readUInt32BE(at) + PADDING, at);
  }
  const free = Buffer.alloc(PADDING);
  free.writeUInt32BE(PADDING, 0);
  free.write('free', 4);
  return Buffer.concat([head, free, film.subarray(mdat)]);
}

describe('a long film', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  it('seeks in its copy by Range requests, after the upstream has deleted the file', async () => {
    await using folder = await makeFolder();
    const film = pad(await readFile(FILM));
    await using upstream = await startScriptedUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': film.length });
      response.end(film);
    });
    const DATABASE_URL = `sqlite:${folder.path}/gateway.db`;
    const [id = ''] = await storeVideos(DATABASE_URL, [`${upstream.url}/film.mp4`]);
    const env = { DATABASE_URL, KEEP_URL: `file:${folder.path}/kept` };
    await using gateway = await startGateway(upstream, env);
    const { videoUrl } = await untilKept(gateway, id);
    await upstream.close();
    const page = await browser.newPage();
    const ranges: string[] = [];
    page.on('response', (response) => {
      const range = response.headers()['content-range'];
      if (response.status() === 206 && range) ranges.push(range);
    });

    await page.setContent(`<video muted src="${videoUrl}"></video>`);
    const end = await page.locator('video').evaluate(async (video: HTMLVideoElement) => {
      const until = (name: string) =>
        new Promise((resolve, reject) => {
          video.addEventListener(name, resolve, { once: true });
          video.addEventListener('error', () => reject(new Error(video.error?.message)));
        });
      if (video.readyState < video.HAVE_CURRENT_DATA) await until('loadeddata');
      const seeked = until('seeked');
      video.currentTime = video.duration * 0.75;
      await seeked;
      const target = video.currentTime;
      const ended = until('ended');
      await video.play();
      await ended;
      return { target, current: video.currentTime, duration: video.duration };
    });

    expect(end.target).toBeCloseTo(end.duration * 0.75, 1);
    expect(end.current).toBeCloseTo(end.duration, 1);
    // It did not read across the padding.
    const starts = ranges.map((range) => Number(/^bytes (\d+)-/.exec(range)?.[1]));
    expect(Math.max(...starts)).toBeGreaterThanOrEqual(PADDING);
    await page.close();
  });
});
