import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backdate, DAY_MS } from '../support/backdate.ts';
import { type App, extend, making, playable, startApp } from './support/app.ts';
import { launchBrowser } from './support/browser.ts';
import { multiplyVideo } from './support/library.ts';

describe('the library of the example app', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  const titles = (page: Page) => page.locator('.library .title:visible').allInnerTexts();
  const show = (page: Page, label: string) =>
    page.getByRole('group', { name: 'Show' }).getByLabel(label).check({ force: true });

  async function make(page: Page, app: App, prompt: string): Promise<void> {
    await page.getByRole('link', { name: 'Longtake' }).click();
    await extend(page, prompt);
    await app.sandbox.complete(await app.nextTaskId());
    await page.getByRole('heading', { name: prompt }).waitFor();
  }

  it('groups related videos, and collapses failures', async () => {
    await using app = await startApp();
    await using shown = await app.openStart(browser);
    const { page } = shown;
    await make(page, app, 'The sea');
    await extend(page, 'The tide');
    await app.sandbox.complete(await app.nextTaskId());
    await page.getByRole('heading', { name: 'The tide' }).waitFor();
    await playable(page);
    await extend(page, 'Unseemly #nsfw');
    await app.sandbox.complete(await app.nextTaskId());
    await page.getByRole('heading', { name: 'Content not allowed' }).waitFor();
    await make(page, app, 'Alone #bad-image');
    await make(page, app, 'The moon');
    await page.getByRole('link', { name: 'Longtake' }).click();

    await expect.poll(() => titles(page)).toEqual(['The moon', 'The tide']);
    await page.getByRole('button', { name: 'Show all 3 of this chain' }).click();
    expect(await titles(page)).toEqual(['The moon', 'The sea', 'The tide']);
    await page.locator('.chain-open').getByText('1 failed').click();
    expect(await titles(page)).toEqual(['The moon', 'The sea', 'The tide', 'Unseemly #nsfw']);
    await page.locator('.library > .failures').getByText('1 failed').click();
    expect(await titles(page)).toContain('Alone #bad-image');
    expect(await page.locator('.frame .when').first().innerText()).toMatch(/^Ready · \d\d:\d\d$/);
    expect(shown.complaints).toEqual([]);
  });

  it('filters by state, and removes videos that leave it', async () => {
    await using app = await startApp();
    await using shown = await app.openStart(browser);
    const { page } = shown;
    await make(page, app, 'The sea');
    await make(page, app, 'Unseemly #nsfw');
    await page.getByRole('link', { name: 'Longtake' }).click();
    await extend(page, 'The moon');
    const taskId = await app.nextTaskId();
    await making(page, 'Accepted');

    await show(page, 'Failed');
    await expect.poll(() => titles(page)).toEqual(['Unseemly #nsfw']);
    await show(page, 'Ready');
    await expect.poll(() => titles(page)).toEqual(['The sea']);
    await show(page, 'In progress');
    await expect.poll(() => titles(page)).toEqual(['The moon']);
    await app.sandbox.complete(taskId);
    await page.getByText('None is in progress.').waitFor();
    await show(page, 'Ready');
    await expect.poll(() => titles(page)).toEqual(['The moon', 'The sea']);
  });

  it('has a tile for files that have expired', async () => {
    await using app = await startApp();
    await using shown = await app.openStart(browser);
    const { page } = shown;
    await make(page, app, 'Long ago');
    await page.goto('about:blank');
    await app.gateway.stop();
    backdate(app.gateway, 'update video set unfinished_at = ?', Date.now() - 15 * DAY_MS);
    await app.gateway.restart();

    await page.goto(app.url);

    const tile = page.locator('.library .frame');
    await tile.getByText('Expired', { exact: true }).waitFor();
    expect(await tile.locator('img').count()).toBe(0);
    expect(shown.complaints).toEqual([]);
  });

  it('has a tile for a cover that cannot be loaded', async () => {
    await using app = await startApp();
    await using shown = await app.openStart(browser);
    const { page } = shown;
    await page.route('**/*.png', (route) => route.fulfill({ status: 404 }));
    await make(page, app, 'The sea');

    await page.locator('.library .frame').getByText('No picture').waitFor();
  });

  it('reads a thousand videos page by page', async () => {
    await using app = await startApp();
    await using shown = await app.openStart(browser);
    const { page } = shown;
    await make(page, app, 'The newest');
    await page.goto('about:blank');
    await app.gateway.stop();
    multiplyVideo(app.gateway, 999, () => ({ kind: 'ORIGINAL' }));
    await app.gateway.restart();
    const reads: number[] = [];
    page.on('request', (request) => {
      if (request.postData()?.includes('query Videos')) {
        reads.push(JSON.parse(request.postData() ?? '').variables.first);
      }
    });
    await page.goto(app.url);

    await expect.poll(() => titles(page)).toHaveLength(48);
    expect(Math.max(...reads)).toBeLessThanOrEqual(48);
    for (let shownSoFar = 96; shownSoFar < 1000; shownSoFar += 48) {
      await page.getByRole('button', { name: 'Show more' }).click();
      await expect.poll(() => page.locator('.library .frame').count()).toBe(shownSoFar);
    }
    await page.getByRole('button', { name: 'Show more' }).click();
    await expect.poll(() => page.locator('.library .frame').count()).toBe(1000);
    expect(await page.getByRole('button', { name: 'Show more' }).count()).toBe(0);
    expect((await titles(page)).at(-1)).toBe('Video 999');

    // A new video shifts every page, and none of the others is lost.
    await make(page, app, 'Newer still');
    await expect.poll(() => page.locator('.library .frame').count()).toBe(1001);
    expect((await titles(page)).slice(0, 3)).toEqual(['Newer still', 'The newest', 'Video 1']);
    expect(shown.complaints).toEqual([]);
  });
});
