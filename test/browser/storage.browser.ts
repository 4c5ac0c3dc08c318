import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extend, playable, startApp } from './support/app.ts';
import { launchBrowser } from './support/browser.ts';

describe("the browser's storage, in the example app", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  /** As a browser does that blocks cookies. */
  async function block(page: Page): Promise<void> {
    await page.addInitScript(() => {
      for (const name of ['localStorage', 'sessionStorage']) {
        Object.defineProperty(window, name, {
          get() {
            throw new DOMException('Access is denied for this document.', 'SecurityError');
          },
        });
      }
    });
    await page.reload();
  }

  async function fill(page: Page): Promise<void> {
    await page.evaluate(() => {
      Storage.prototype.setItem = () => {
        throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
      };
    });
  }

  it('may be blocked: a video is made, and the page says what a reload would lose', async () => {
    await using app = await startApp();
    await using shown = await app.openStart(browser);
    const { page, complaints } = shown;
    await block(page);

    await page.getByText('This browser stores nothing for this page').waitFor();
    await page.getByRole('button', { name: 'theme' }).click();
    await extend(page, 'The sea');
    await app.sandbox.complete(await app.nextTaskId());

    await page.getByRole('heading', { name: 'The sea' }).waitFor();
    await playable(page);
    expect(complaints).toEqual([]);
  });

  it('may be full: a request is refused before it is sent, and can be sent again', async () => {
    await using app = await startApp();
    await using shown = await app.openStart(browser);
    const { page, complaints } = shown;
    await page.getByText('Live', { exact: true }).waitFor();
    await fill(page);

    await page.getByRole('button', { name: 'theme' }).click();
    await extend(page, 'The sea');
    await page.getByRole('heading', { name: 'The storage of this browser is full' }).waitFor();
    await page.getByRole('button', { name: 'Dismiss' }).click();

    expect(await page.getByLabel('Prompt').inputValue()).toBe('The sea');
    expect(await page.getByRole('button', { name: 'Make it' }).isEnabled()).toBe(true);
    expect(app.countSubmits()).toBe(0);
    expect(complaints).toEqual([]);
  });
});
