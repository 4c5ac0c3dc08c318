import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listFiles } from '../support/keeping.ts';
import { extend, making, playable, startApp } from './support/app.ts';
import { launchBrowser } from './support/browser.ts';

const CLIPBOARD = { permissions: ['clipboard-read', 'clipboard-write'] };
const LONG = 'The cat goes on dancing while the lights around it grow brighter. '.repeat(23).trim();

describe('the page of a film in the example app', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  async function paste(page: Page, text: string): Promise<void> {
    await page.evaluate((words) => navigator.clipboard.writeText(words), text);
    await page.getByLabel('Prompt').focus();
    await page.keyboard.press('Control+V');
  }

  it('shows three lines of a long prompt, and all of it on request', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    await extend(page, LONG);
    await app.nextTaskId();
    await making(page, 'Accepted');

    const heading = page.getByRole('heading', { name: 'The cat goes on dancing while' });
    const lines = () =>
      heading.evaluate((element) =>
        Math.round(element.clientHeight / Number.parseFloat(getComputedStyle(element).lineHeight)),
      );
    expect(await lines()).toBeLessThanOrEqual(3);
    const region = page.locator('section.take');
    expect((await region.getAttribute('aria-label'))?.length).toBeLessThanOrEqual(81);
    await page.getByRole('button', { name: 'Show all' }).click();
    expect(await heading.innerText()).toBe(LONG);
    await page.getByRole('button', { name: 'Show less' }).click();
    expect(await lines()).toBeLessThanOrEqual(3);
  });

  it('refuses a pasted text that is too long, shows its length and truncates nothing', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser, CLIPBOARD);
    const { page } = shown;
    await playable(page);

    await paste(page, 'é'.repeat(3000));
    await page
      .getByText('Nothing was pasted: the text would have 3,000 characters, and 2,048 are allowed.')
      .waitFor();
    expect(await page.getByLabel('Prompt').inputValue()).toBe('');

    // A character outside the basic plane counts once, as it does in the gateway.
    await paste(page, '🐈'.repeat(2048));
    await page.getByText('2,048 of 2,048 characters').waitFor();
    expect(await page.getByText('Nothing was pasted').count()).toBe(0);
    await page.keyboard.type('!');
    await page.getByRole('button', { name: 'Extend' }).click();
    expect(
      await page
        .getByLabel('Prompt')
        .evaluate((field: HTMLTextAreaElement) => field.validationMessage),
    ).toBe('Shorten it to 2,048 characters.');
    expect(app.countSubmits()).toBe(0);
  });

  it('shows the facts of a film, saves it, and copies its id', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser, CLIPBOARD);
    const { page } = shown;
    await page.getByLabel('1080p').check({ force: true });
    await extend(page, 'The cat bows, and leaves!');
    const taskId = await app.nextTaskId();
    await app.sandbox.complete(taskId);
    await page.getByRole('heading', { name: 'The cat bows, and leaves!' }).waitFor();
    await playable(page);

    const facts = page.getByRole('list', { name: 'About this video' }).getByRole('listitem');
    await expect
      .poll(() => facts.allInnerTexts())
      .toEqual([
        'Extension',
        '1080p',
        expect.stringMatching(/^\d+(\.\d)? s$/),
        expect.stringMatching(/^\d+ \w+ \d{4}, \d\d:\d\d$/),
        expect.stringMatching(/^Available until \d+ \w+$/),
      ]);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('the-cat-bows-and-leaves.mp4');
    expect(await download.failure()).toBeNull();
    await page.getByRole('button', { name: 'Copy id' }).click();
    await page.getByText('Copied', { exact: true }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(taskId);
    expect(shown.complaints).toEqual([]);
  });

  it('opens the file if the storage does not let the page read it', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    await playable(page);
    await page.route('**/*.mp4', (route) => route.abort());

    await page.getByRole('link', { name: 'Download' }).click();

    const link = page.getByRole('link', { name: 'Open the file to save it' });
    expect(await link.getAttribute('href')).toMatch(/\.mp4$/);
  });

  it('asks before it deletes, and keeps the focus of the keyboard', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    await extend(page, 'The cat stays');
    await app.sandbox.complete(await app.nextTaskId());
    await page.getByRole('heading', { name: 'The cat stays' }).waitFor();
    const focused = () => page.evaluate(() => document.activeElement?.textContent);

    await page.getByRole('button', { name: 'Delete', exact: true }).press('Enter');
    await page.getByRole('group', { name: 'Delete this video and its files for good?' }).waitFor();
    const asked = await focused();
    await page.keyboard.press('Enter');
    const kept = await focused();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByText('None yet. What you make will be here.').waitFor();

    expect([asked, kept]).toEqual(['Keep it', 'Delete']);
    expect(shown.complaints).toEqual([]);
  });

  it('plays and seeks the copy after the upstream has deleted its file, and deletes it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'longtake-kept-'));
    await using app = await startApp({ KEEP_URL: `file:${folder}` });
    await using shown = await app.open(browser);
    const { page } = shown;
    await extend(page, 'The cat stays');
    await app.sandbox.complete(await app.nextTaskId());
    await page.getByRole('heading', { name: 'The cat stays' }).waitFor();
    await playable(page);
    await page.getByText(/^Kept until \d+ \w+$/).waitFor();

    await app.sandbox.close();
    await page.reload();
    await playable(page);
    const film = await page.locator('video').evaluate(async (video: HTMLVideoElement) => {
      const seeked = new Promise((resolve) => video.addEventListener('seeked', resolve));
      const target = video.duration * 0.75;
      video.currentTime = target;
      await seeked;
      video.muted = true;
      await video.play();
      return { src: video.currentSrc, isThere: Math.abs(video.currentTime - target) < 1 };
    });

    expect(film.src).toMatch(`${app.gateway.url}/files/`);
    expect(film.isThere).toBe(true);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download' }).click(),
    ]);
    expect(await download.failure()).toBeNull();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('button', { name: 'Delete for good' }).click();
    await page.getByText('None yet. What you make will be here.').waitFor();
    expect(await listFiles(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  });
});
