/**
 * Light and dark, wide and narrow: accessible, and nothing overflows. The screenshots are kept in
 * artifacts/.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extend, making, openOriginal, playable, startApp } from './support/app.ts';
import { launchBrowser } from './support/browser.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Serious violations that axe finds, as `rule: element`. */
async function findBarriers(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations }: AxeResults = await page.evaluate('axe.run()');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`),
    );
}

describe.each(['light', 'dark'] as const)('the example app, %s', (colorScheme) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  it.each([1280, 360])('is usable and accessible at a width of %d', async (width) => {
    await using app = await startApp();
    const viewport = { width, height: width > 600 ? 800 : 740 };
    await using shown = await app.open(browser, { colorScheme, viewport });
    const { page } = shown;
    async function look(name: string): Promise<void> {
      const path = `artifacts/web/${name}-${colorScheme}-${width}.png`;
      await page.screenshot({ path, fullPage: true, animations: 'disabled' });
      expect(await findBarriers(page)).toEqual([]);
      const scroll = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(scroll).toBeLessThanOrEqual(width);
    }

    await page.getByRole('link', { name: 'Longtake' }).click();
    await page.getByRole('heading', { name: 'Make your first video' }).waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await look('0-start');
    await openOriginal(page);
    await playable(page);
    await look('1-original');

    await extend(page, 'The cat goes on dancing, and the lights around it grow brighter');
    const first = await app.nextTaskId();
    await app.sandbox.advance(first);
    await making(page, 'Queued');
    await look('2-making');
    await app.sandbox.complete(first);
    await playable(page);

    await extend(page, 'It bows');
    await app.sandbox.complete(await app.nextTaskId());
    await page.getByRole('heading', { name: 'It bows' }).waitFor();
    await playable(page);
    await extend(page, 'Something unseemly #nsfw');
    await app.sandbox.complete(await app.nextTaskId());
    await page.getByRole('heading', { name: 'Content not allowed' }).waitFor();
    await look('3-failed');

    await page.getByRole('link', { name: 'It bows' }).first().click();
    await playable(page);
    await extend(page, 'Gone astray #answer-lost');
    await making(page, 'Not confirmed');
    app.line.cut();
    await page.getByText('Connection lost').waitFor();
    await look('4-unconfirmed');
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
    await look('5-refused');

    await page.getByLabel('Send when there is room').check();
    await page.getByText('Send it later').click();
    await page.getByRole('button', { name: /^(Try again|Again in .*)$/ }).waitFor();
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await extend(page, 'And when there is room #429');
    await making(page, 'Scheduled');
    await look('6-scheduled');
    await page.getByRole('button', { name: 'Withdraw' }).click();
    await page.getByText('It was withdrawn before it was sent.').waitFor();
    await look('7-withdrawn');
  });
});
