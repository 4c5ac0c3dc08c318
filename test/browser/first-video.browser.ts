import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, extend, making, playable, startApp } from './support/app.ts';
import { launchBrowser } from './support/browser.ts';

describe('the first video of the example app', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  const bodies = (app: App) =>
    app.sandbox.requests.filter(({ method }) => method === 'POST').map(({ body }) => body);

  it("is made from the empty library's invitation, and then extended", async () => {
    await using app = await startApp();
    await using shown = await app.openStart(browser);
    const { page } = shown;
    await page.getByRole('heading', { name: 'Make your first video' }).waitFor();
    await page.getByText('None yet.').waitFor();

    await page.getByLabel('9:16').check({ force: true });
    await page.getByLabel('10 s').check({ force: true });
    await extend(page, 'A lighthouse in the rain');
    const first = await app.nextTaskId();
    await making(page, 'Accepted');
    await app.sandbox.complete(first);
    await playable(page);
    await extend(page, 'The rain ends');
    await app.sandbox.complete(await app.nextTaskId());
    await page.getByRole('heading', { name: 'The rain ends' }).waitFor();
    await playable(page);

    expect(bodies(app)).toMatchObject([
      { prompt: 'A lighthouse in the rain', aspectRatio: '9:16', duration: 10, quality: '720p' },
      { taskId: first, prompt: 'The rain ends' },
    ]);
    await page.getByRole('link', { name: 'Longtake' }).click();
    await page.getByRole('heading', { name: 'Make a new video' }).waitFor();
    expect(shown.complaints).toEqual([]);
  });

  it('cannot be requested in combinations that the upstream refuses', async () => {
    await using app = await startApp();
    await using shown = await app.openStart(browser);
    const { page } = shown;

    await page.getByLabel('1080p').check({ force: true });
    expect(await page.getByLabel('10 s').isDisabled()).toBe(true);
    await page.getByText('Image and watermark').click();
    await page.getByLabel('Image to begin with').fill('https://example.com/cat.png');
    expect(await page.getByRole('group', { name: 'Shape' }).count()).toBe(0);
    await extend(page, 'The cat of the picture');
    await app.nextTaskId();
    await making(page, 'Accepted');

    const [body] = bodies(app);
    expect(body).toMatchObject({ imageUrl: 'https://example.com/cat.png', quality: '1080p' });
    expect(body).not.toHaveProperty('aspectRatio');
  });

  it('shows an error at its field, also one that is folded away', async () => {
    await using app = await startApp();
    await using shown = await app.openStart(browser);
    const { page } = shown;
    const image = page.getByLabel('Image to begin with');
    await page.getByText('Image and watermark').click();
    await image.fill('ftp://example.com/cat.png');
    await page.getByText('Image and watermark').click();

    await extend(page, 'The cat of the picture');
    await page.getByText('Must be an http(s) URL.').waitFor();

    expect(await image.evaluate((field) => field === document.activeElement)).toBe(true);
    expect(app.countSubmits()).toBe(0);
  });

  it('counts down after an error, and keeps the input', async () => {
    await using app = await startApp();
    await using shown = await app.openStart(browser);
    const { page } = shown;

    await extend(page, 'Too fast #429');

    await page.getByRole('heading', { name: 'Too many requests at once' }).waitFor();
    await page.getByRole('button', { name: /^Again in \d+ s$/ }).waitFor();
    await page.getByRole('button', { name: 'Dismiss' }).press('Enter');
    const focused = await page.evaluate(() => document.activeElement?.getAttribute('type'));
    expect(await page.getByLabel('Prompt').inputValue()).toBe('Too fast #429');
    expect(focused).toBe('submit');
    expect(shown.complaints).toEqual([]);
  });

  it('shows why it failed, and is retried as an original', async () => {
    await using app = await startApp();
    await using shown = await app.openStart(browser);
    const { page } = shown;
    await extend(page, 'Something unseemly #nsfw');
    await app.sandbox.complete(await app.nextTaskId());
    await page.getByRole('heading', { name: 'Try it again' }).waitFor();
    expect(await page.getByLabel('Prompt').inputValue()).toBe('Something unseemly #nsfw');

    await extend(page, 'A cat puts on a hat');
    await app.sandbox.complete(await app.nextTaskId());
    await playable(page);

    expect(bodies(app).at(-1)).toMatchObject({ prompt: 'A cat puts on a hat', duration: 5 });
  });

  it('is paid once when a reload interrupts its answer', async () => {
    await using app = await startApp();
    await using shown = await app.openStart(browser);
    const { page } = shown;

    await extend(page, 'Held back #slow-answer');
    const taskId = await app.nextTaskId();
    await page.reload();
    await page.getByRole('button', { name: 'Sending…' }).waitFor();
    app.sandbox.answer(taskId);
    await making(page, 'Accepted');
    await app.sandbox.complete(taskId);
    await playable(page);

    expect(app.countSubmits()).toBe(1);
  });

  it('is watched if its answer was lost', async () => {
    await using app = await startApp();
    await using shown = await app.openStart(browser);
    const { page } = shown;

    await extend(page, 'Gone astray #answer-lost');
    const taskId = await app.nextTaskId();
    await making(page, 'Not confirmed');
    await app.sandbox.complete(taskId);
    await playable(page);

    expect(app.countSubmits()).toBe(1);
  });
});
