/**
 * Light and dark, wide and narrow: accessible, and nothing overflows. The screenshots are kept in
 * artifacts/.
 */

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extend, making, openOriginal, playable, startApp } from './support/app.ts';
import { findBarriers } from './support/barriers.ts';
import { launchBrowser } from './support/browser.ts';
import { openStoryboard, progress, start, write } from './support/storyboard.ts';

describe.each(['light', 'dark'] as const)('the example app, %s', (colorScheme) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  async function look(page: Page, name: string, width: number): Promise<void> {
    const path = `artifacts/web/${name}-${colorScheme}-${width}.png`;
    await page.screenshot({ path, fullPage: true, animations: 'disabled' });
    expect(await findBarriers(page)).toEqual([]);
    const scroll = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(scroll).toBeLessThanOrEqual(width);
  }

  it.each([1280, 360])('is usable and accessible at a width of %d', async (width) => {
    await using app = await startApp();
    const viewport = { width, height: width > 600 ? 800 : 740 };
    await using shown = await app.open(browser, { colorScheme, viewport });
    const { page } = shown;
    await page.getByRole('link', { name: 'Longtake' }).click();
    await page.getByRole('heading', { name: 'Make your first video' }).waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await look(page, '0-start', width);
    await openOriginal(page);
    await playable(page);
    await look(page, '1-original', width);

    await extend(page, 'The cat goes on dancing, and the lights around it grow brighter');
    const first = await app.nextTaskId();
    await app.sandbox.advance(first);
    await making(page, 'Queued');
    await look(page, '2-making', width);
    await app.sandbox.complete(first);
    await playable(page);

    await extend(page, 'It bows');
    await app.sandbox.complete(await app.nextTaskId());
    await page.getByRole('heading', { name: 'It bows' }).waitFor();
    await playable(page);
    await extend(page, 'Something unseemly #nsfw');
    await app.sandbox.complete(await app.nextTaskId());
    await page.getByRole('heading', { name: 'Content not allowed' }).waitFor();
    await look(page, '3-failed', width);

    await page.getByRole('link', { name: 'It bows' }).first().click();
    await playable(page);
    await extend(page, 'Gone astray #answer-lost');
    await making(page, 'Not confirmed');
    app.line.cut();
    await page.getByText('Connection lost').waitFor();
    await look(page, '4-unconfirmed', width);
    app.line.mend();
    await page.getByText('Live', { exact: true }).waitFor();

    await page.getByRole('link', { name: 'It bows' }).first().click();
    await playable(page);
    await page
      .locator('.composer details')
      .first()
      .evaluate((element: HTMLDetailsElement) => {
        element.open = true;
      });
    await extend(page, 'And again #429');
    await page.getByRole('alert').waitFor();
    await page.getByRole('button', { name: /^Show all/ }).click();
    await page.locator('.chain-open .failures').evaluate((element: HTMLDetailsElement) => {
      element.open = true;
    });
    await look(page, '5-refused', width);

    await page.getByLabel('Send when there is room').check();
    await page.getByText('Send it later').click();
    await page.getByRole('button', { name: /^(Try again|Again in .*)$/ }).waitFor();
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await extend(page, 'And when there is room #429');
    await making(page, 'Scheduled');
    await look(page, '6-scheduled', width);
    await page.getByRole('button', { name: 'Withdraw' }).click();
    await page.getByText('It was withdrawn before it was sent.').waitFor();
    await look(page, '7-withdrawn', width);
  });

  it.each([1280, 360])('has a usable and accessible storyboard at a width of %d', async (width) => {
    await using app = await startApp();
    const viewport = { width, height: width > 600 ? 800 : 740 };
    await using shown = await app.openStart(browser, { colorScheme, viewport });
    const { page } = shown;
    await page.getByText('Live', { exact: true }).waitFor();

    await openStoryboard(page);
    await write(page, 'A cat dances', ['The cat jumps #moderated', ' ', 'The cat falls asleep']);
    await start(page);
    await page.getByRole('alert').waitFor();
    await look(page, '8-storyboard', width);

    await page.getByLabel('Shot 2', { exact: true }).fill('The lights go out');
    await start(page);
    await progress(page, 'In progress, 0 of 3 shots ready');
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await look(page, '9-film', width);
    await app.sandbox.complete(await app.nextTaskId());
    await app.sandbox.complete(await app.nextTaskId());
    await progress(page, 'Paused, 0 of 3 shots ready');
    await page.getByRole('heading', { name: 'Stopped by moderation' }).waitFor();
    await look(page, '10-film-paused', width);
    await page.getByRole('link', { name: 'Longtake' }).click();
    await page.getByRole('heading', { name: 'Your long films' }).waitFor();
    await look(page, '11-films', width);
  });
});

it('shows in high contrast which choice is selected', async () => {
  await using stack = new AsyncDisposableStack();
  const browser = stack.adopt(await launchBrowser(), (launched) => launched.close());
  const app = stack.use(await startApp());
  const shown = stack.use(await app.openStart(browser, { forcedColors: 'active' }));
  const { page } = shown;
  await page.getByText('Live', { exact: true }).waitFor();

  const choice = page.getByText('720p', { exact: true });
  const selected = await choice.screenshot();
  await page.getByText('1080p', { exact: true }).click();
  const other = await choice.screenshot();

  expect(selected.equals(other)).toBe(false);
});
