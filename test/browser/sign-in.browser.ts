import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearerOf, JWT_ENV } from '../support/tokens.ts';
import { extend, making, playable, startApp } from './support/app.ts';
import { launchBrowser } from './support/browser.ts';

describe('signing in to the example app', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  const tokenOf = (...args: Parameters<typeof bearerOf>) =>
    bearerOf(...args).replace('Bearer ', '');

  async function signIn(page: Page, token: string): Promise<void> {
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Live', { exact: true }).waitFor();
  }

  it('sends the token with requests and on the WebSocket', async () => {
    await using app = await startApp(JWT_ENV);
    await using shown = await app.openStart(browser);
    const { page } = shown;
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();

    await signIn(page, tokenOf('alice'));
    await extend(page, 'The sea');
    const taskId = await app.nextTaskId();
    await making(page, 'Accepted');
    await app.sandbox.complete(taskId);

    await playable(page);
    expect(await page.getByRole('heading', { name: 'Sign in' }).count()).toBe(0);
  });

  it('never sends for one user what another one has sent in the same browser', async () => {
    await using app = await startApp(JWT_ENV);
    await using shown = await app.openStart(browser);
    const { page } = shown;
    async function changeUser(subject: string): Promise<void> {
      await page.evaluate(() => sessionStorage.clear());
      await page.reload();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      await signIn(page, tokenOf(subject));
    }
    await page.getByLabel('Prompt').fill('The sea');
    await signIn(page, tokenOf('alice'));
    // It was written before she signed in.
    const draft = await page.getByLabel('Prompt').inputValue();
    await extend(page, 'The sea #slow-answer');
    const taskId = await app.nextTaskId();

    await changeUser('bob');
    await page.getByText('None yet.').waitFor();
    const draftOfBob = await page.getByLabel('Prompt').inputValue();
    const ready = await page.getByRole('button', { name: 'Make it' }).count();
    await changeUser('alice');
    app.sandbox.answer(taskId);
    await page.getByRole('heading', { name: 'The sea #slow-answer' }).waitFor();

    expect([draft, draftOfBob]).toEqual(['The sea', '']);
    expect(ready).toBe(1);
    expect(app.countSubmits()).toBe(1);
  });

  it('asks for a new token when the old one is refused, and continues', async () => {
    await using app = await startApp(JWT_ENV);
    await using shown = await app.openStart(browser);
    const { page } = shown;
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await signIn(page, tokenOf('alice'));
    await extend(page, 'The sea');
    const taskId = await app.nextTaskId();
    await making(page, 'Accepted');

    // The old token ends here, however fast the browser is.
    await app.gateway.restart({ AUTH_AUDIENCE: 'another' });
    await page.getByRole('heading', { name: 'Your sign-in has expired' }).waitFor();
    await app.sandbox.complete(taskId);
    await signIn(page, tokenOf('alice', { aud: 'another' }));

    await page.getByRole('heading', { name: 'The sea' }).waitFor();
    await playable(page);
    expect(app.countSubmits()).toBe(1);
  });
});
