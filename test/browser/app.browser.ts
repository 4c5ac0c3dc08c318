import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ORIGINAL_TASK_ID } from '../../src/sandbox/sandbox.ts';
import { extend, making, openOriginal, playable, startApp } from './support/app.ts';
import { launchBrowser } from './support/browser.ts';

describe('the example app', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  it('extends a video, shows its states, plays it, and extends it again', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    await openOriginal(page);
    await page.getByRole('heading', { name: 'A cat dances in a room' }).waitFor();

    await extend(page, 'The cat goes on dancing');
    const first = await app.nextTaskId();
    await making(page, 'Accepted');
    await app.sandbox.advance(first);
    await making(page, 'Queued');
    await app.sandbox.advance(first);
    await making(page, 'Generating');
    const bar = page.getByRole('progressbar');
    expect(await bar.getAttribute('aria-valuenow')).toBe('3');
    expect(await bar.getAttribute('aria-valuetext')).toMatch(/^Generating, \d+:\d\d so far$/);
    await app.sandbox.advance(first);
    await playable(page);
    expect(await page.getByRole('status').allInnerTexts()).toContain('Ready');

    const video = page.locator('video');
    await video.evaluate((element: HTMLVideoElement) => element.play());
    await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 0) > 0);
    expect(await video.getAttribute('poster')).toMatch(/\.png$/);

    await page.getByLabel('1080p').check({ force: true });
    await extend(page, 'It bows');
    const second = await app.nextTaskId();
    await app.sandbox.complete(second);
    await page.getByRole('heading', { name: 'It bows' }).waitFor();
    await playable(page);
    const chain = page.getByRole('navigation').getByRole('listitem');
    await expect
      .poll(() => chain.locator('.title').allInnerTexts())
      .toEqual([
        'A cat dances in a room full of colorful lights',
        'The cat goes on dancing',
        'It bows',
      ]);
    const posts = app.sandbox.requests.filter(({ method }) => method === 'POST');
    expect(posts.map(({ body }) => body)).toMatchObject([
      { taskId: ORIGINAL_TASK_ID, prompt: 'The cat goes on dancing', quality: '720p' },
      { taskId: first, prompt: 'It bows', quality: '1080p' },
    ]);

    await chain.nth(1).getByRole('link').click();
    await page.getByRole('heading', { name: 'The cat goes on dancing' }).waitFor();
    await page.getByLabel('Task id').fill(second);
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByRole('heading', { name: 'It bows' }).waitFor();
    await page.getByRole('button', { name: 'Show all 2 of this chain' }).click();
    await expect
      .poll(() => page.locator('.library .title').allInnerTexts())
      .toEqual(['The cat goes on dancing', 'It bows']);
    expect(shown.complaints).toEqual([]);
    expect([...shown.hosts].every((host) => host.startsWith('127.0.0.1:'))).toBe(true);
  });

  it('works with the keyboard only', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    await playable(page);
    const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '');

    await page.getByLabel('Prompt').focus();
    await page.keyboard.type('By hand');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.type('https://example.com/cat.png');
    await page.keyboard.press('Tab');
    await page.keyboard.type('mine');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    expect(await page.getByLabel('Send when there is room').isChecked()).toBe(true);
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Send it later');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Extend');
    await page.keyboard.press('Enter');
    await app.nextTaskId();
    await making(page, 'Accepted');

    await expect.poll(focused).toBe('By hand');
    const posts = app.sandbox.requests.filter(({ method }) => method === 'POST');
    expect(posts[0]?.body).toMatchObject({
      quality: '1080p',
      imageUrl: 'https://example.com/cat.png',
      waterMark: 'mine',
    });
  });

  it('pays once for a double click', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;

    await page.getByLabel('Prompt').fill('Twice');
    await page.getByRole('button', { name: 'Extend' }).dblclick();
    await app.sandbox.complete(await app.nextTaskId());
    await playable(page);
    await extend(page, 'Once more');
    await app.nextTaskId();
    await making(page, 'Accepted');

    expect(app.countSubmits()).toBe(2);
  });

  it('shows why a video failed, and offers a retry with another prompt', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;

    await extend(page, 'Something unseemly #nsfw');
    await app.sandbox.complete(await app.nextTaskId());
    await page.getByRole('heading', { name: 'Content not allowed' }).waitFor();
    await page.getByText('Use other words, then try again.').waitFor();
    await page.getByText('contains NSFW content').waitFor();
    expect(await page.getByLabel('Prompt').inputValue()).toBe('Something unseemly #nsfw');

    await extend(page, 'The cat puts on a hat');
    await app.sandbox.complete(await app.nextTaskId());
    await playable(page);
    const last = app.sandbox.requests.filter(({ method }) => method === 'POST').at(-1);
    expect(last?.body).toMatchObject({ taskId: ORIGINAL_TASK_ID });
    expect(shown.complaints).toEqual([]);
  });

  it('counts down after an error with retryAfter', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;

    await extend(page, 'Too fast #429');
    await page.getByRole('heading', { name: 'Too many requests at once' }).waitFor();
    const button = page.getByRole('button', { name: /^Again in \d+ s$/ });
    expect(await button.getAttribute('aria-disabled')).toBe('true');
    await button.click({ force: true });
    expect(await page.getByRole('alert').innerText()).toContain('The button counts down.');
    expect(app.countSubmits()).toBe(1);

    await page.getByRole('button', { name: 'Try again' }).waitFor();
    await extend(page, 'Slower');
    await app.nextTaskId();
    await making(page, 'Accepted');
    expect(shown.complaints).toEqual([]);
  });

  it.each([
    ['#404', 'The video to extend is not known'],
    ['#422', 'Something in the form is not right'],
    ['#451', 'The image could not be fetched'],
    ['#455', 'The video service is under maintenance'],
    ['#401', 'The video service does not accept us'],
  ])('shows what to do about %s', async (word, title) => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;

    await extend(page, `Off we go ${word}`);

    await page.getByRole('alert').getByRole('heading', { name: title }).waitFor();
    expect(await page.getByLabel('Prompt').inputValue()).toBe(`Off we go ${word}`);
    expect(shown.complaints).toEqual([]);
  });

  it('explains a lost answer, and watches its video', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;

    await extend(page, 'Gone astray #answer-lost');
    const taskId = await app.nextTaskId();
    await making(page, 'Not confirmed');
    await page.getByText('Without a report until').waitFor();
    await app.sandbox.complete(taskId);
    await playable(page);

    expect(app.countSubmits()).toBe(1);
  });

  it('offers a retry with the same input after a retryable failure', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;

    await extend(page, 'Rush hour #concurrency');
    await app.sandbox.complete(await app.nextTaskId());

    await page.getByRole('heading', { name: 'Too many videos at once' }).waitFor();
    await page.getByText('A new attempt is paid again.').waitFor();
  });

  it('offers the file and its cover if the film does not play', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    await playable(page);
    const src = (await page.locator('video').getAttribute('src')) ?? '';
    await page.route('**/*.mp4', (route) => route.fulfill({ body: 'no film' }));

    await page.reload();

    const link = page.getByRole('link', { name: 'It does not play here: open the file' });
    expect(await link.getAttribute('href')).toBe(src);
    expect(await page.locator('.stage img').getAttribute('src')).toMatch(/\.png$/);
  });

  it('shows a message for a link to an unknown video', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;

    await page.goto(`${app.url}/#/no-such-task`);

    await page.getByRole('heading', { name: 'This video is unknown here' }).waitFor();
    await page.getByRole('link', { name: 'Make a video instead' }).click();
    await page.getByRole('heading', { name: 'Make your first video' }).waitFor();
  });
});
