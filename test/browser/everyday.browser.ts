import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveWeb } from '../../examples/web/serve.ts';
import { ORIGINAL_TASK_ID, startSandbox } from '../../src/sandbox/sandbox.ts';
import { startGateway } from '../support/gateway.ts';
import { extend, making, openOriginal, playable, startApp } from './support/app.ts';
import { launchBrowser, openPage } from './support/browser.ts';

describe('the example app in everyday use', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  it('explains itself, and shows if the sandbox is the upstream', async () => {
    await using app = await startApp();
    await using shown = await app.openStart(browser);
    const { page } = shown;
    await page.getByText('Make AI videos and continue them, shot by shot.').waitFor();
    await page.locator('header').getByText('Sandbox', { exact: true }).waitFor();

    await page.getByLabel('Prompt').fill('The sea');
    await page.getByText('Try what can go wrong').click();
    await page.getByRole('button', { name: '#nsfw' }).click();

    expect(await page.getByLabel('Prompt').inputValue()).toBe('The sea #nsfw');
    await page.getByText('13 of 1,800 characters').waitFor();
  });

  it("never requests the sandbox's video from a real upstream", async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    const web = await serveWeb('127.0.0.1', 0);
    await using gateway = await startGateway(sandbox, { CORS_ORIGINS: web.url });
    web.connect({ gateway: `${gateway.url}/graphql`, files: sandbox.url });
    await using shown = await openPage(browser, web.url);
    const { page } = shown;

    await page.getByText('None yet.').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();

    expect(await page.getByText('Sandbox').count()).toBe(0);
    expect(await page.content()).not.toContain(ORIGINAL_TASK_ID);
    expect(sandbox.requests).toEqual([]);
    await web.close();
  });

  it('shows whether a failed video was paid for', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;

    await extend(page, 'Unseemly #nsfw');
    await app.sandbox.complete(await app.nextTaskId());

    await page.getByRole('heading', { name: 'Content not allowed' }).waitFor();
    await page.getByText('it counts as paid unless the service refunds failures').waitFor();
  });

  it('marks the part of the progress bar that its label names', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    await extend(page, 'Step by step');
    const taskId = await app.nextTaskId();

    for (const label of ['Accepted', 'Queued', 'Generating']) {
      await making(page, label);
      expect(await page.locator('.bar .next').innerText()).toBe(label);
      await app.sandbox.advance(taskId);
    }
  });

  it("shows in the tab's title that a video is ready", async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    await extend(page, 'The sea');
    const taskId = await app.nextTaskId();
    await expect.poll(() => page.title()).toBe('Accepted: The sea – Longtake');
    await app.sandbox.complete(taskId);
    await expect.poll(() => page.title()).toBe('Ready: The sea – Longtake');

    await extend(page, 'The moon');
    const other = await app.nextTaskId();
    await making(page, 'Accepted');
    await openOriginal(page);
    await playable(page);
    await app.sandbox.complete(other);
    await expect.poll(() => page.title()).toMatch(/^\(1\) Ready: A cat dances/);
  });

  it('shows immediately that the browser is offline', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    await page.getByText('Live', { exact: true }).waitFor();

    await page.context().setOffline(true);
    await page.getByText('Connection lost').waitFor();
    await page.context().setOffline(false);

    await page.getByText('Live', { exact: true }).waitFor();
  });

  it('keeps a draft across a reload until it is submitted', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    await page.getByLabel('Prompt').fill('Half a thought');
    await page.reload();
    expect(await page.getByLabel('Prompt').inputValue()).toBe('Half a thought');

    await page.getByLabel('Prompt').press('Control+Enter');
    await app.nextTaskId();
    await making(page, 'Accepted');
    await openOriginal(page);
    await playable(page);

    expect(await page.getByLabel('Prompt').inputValue()).toBe('');
    expect(app.countSubmits()).toBe(1);
  });

  it('shows which film has the focus', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    await playable(page);

    await page.keyboard.press('Tab');
    await page.locator('video').focus();

    const style = await page
      .locator('.stage')
      .evaluate((stage) => getComputedStyle(stage).outlineStyle);
    expect(style).toBe('solid');
  });

  it('lets a request be retried after an HTML answer', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    await extend(page, 'Behind a proxy #html');
    await making(page, 'Not confirmed');
    await page.getByText('both may be made, and both paid').waitFor();

    await page.getByRole('button', { name: 'Send it again anyway' }).click();
    expect(await page.getByLabel('Prompt').inputValue()).toBe('Behind a proxy #html');
    await extend(page, 'Around the proxy');
    await app.nextTaskId();
    await making(page, 'Accepted');

    expect(app.countSubmits()).toBe(2);
  });
});
