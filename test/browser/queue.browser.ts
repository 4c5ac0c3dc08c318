import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExtendDocument, WithdrawDocument } from '../generated/graphql.ts';
import { backdate } from '../support/backdate.ts';
import { extend as extendBy, INPUT } from '../support/operations.ts';
import { type App, extend, making, startApp } from './support/app.ts';
import { launchBrowser } from './support/browser.ts';

/** One call a minute. */
const BUSY = { UPSTREAM_REQUESTS: '1', UPSTREAM_WINDOW_MS: '60000' };
const FREE = { UPSTREAM_REQUESTS: '100', UPSTREAM_WINDOW_MS: '1' };

/** Sends a prompt with the box for the queue ticked. */
async function sendWhenThereIsRoom(page: Page, prompt: string): Promise<void> {
  await page.getByLabel('Send when there is room').check();
  await extend(page, prompt);
}

/** Schedules a submit of the same user by the API. */
async function schedule(app: App, prompt: string): Promise<string> {
  const input = { ...INPUT, prompt, whenBusy: 'QUEUE' as const };
  const { data } = await app.gateway.graphql(ExtendDocument, { input });
  if (data.extendVideo.__typename !== 'ExtendVideoSuccess') {
    throw new Error(JSON.stringify(data));
  }
  expect(data.extendVideo.video.state).toBe('SCHEDULED');
  return data.extendVideo.video.id;
}

describe('the queue in the example app', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  it('shows the position of a scheduled video as it changes, and then its progress', async () => {
    await using app = await startApp(BUSY);
    await extendBy(app.gateway);
    await app.nextTaskId();
    const first = await schedule(app, 'Before it');
    await using shown = await app.openStart(browser);
    const { page } = shown;

    await sendWhenThereIsRoom(page, 'A lighthouse in the rain');
    await making(page, 'Scheduled');
    await page.getByText(/^Number 2 of those that wait, at about \d\d:\d\d\.$/).waitFor();
    await app.gateway.graphql(WithdrawDocument, { id: first });
    await page.getByText(/^It is sent next, at about \d\d:\d\d\.$/).waitFor();
    expect(app.countSubmits()).toBe(1);

    await app.gateway.restart(FREE);
    await making(page, 'Accepted');
    expect(await page.getByRole('button', { name: 'Withdraw' }).count()).toBe(0);
  });

  it('keeps a video for later, and withdraws it unpaid', async () => {
    await using app = await startApp();
    await using shown = await app.openStart(browser);
    const { page } = shown;

    await page.getByText('Send it later').click();
    await page.getByLabel('Not before').fill(toLocal(Date.now() + 86_400_000));
    await extend(page, 'A lighthouse in the rain');
    await making(page, 'Scheduled');
    await page.getByText(/^Sent at .+ at the earliest\.$/).waitFor();
    await page.getByRole('button', { name: 'Withdraw' }).click();

    await page.getByText('It was withdrawn before it was sent. Nothing was paid.').waitFor();
    await page.getByRole('heading', { name: 'Try it again' }).waitFor();
    expect(await page.getByLabel('Prompt').inputValue()).toBe('A lighthouse in the rain');
    await page.locator('.library').getByText('1 withdrawn').waitFor();
    expect(app.countSubmits()).toBe(0);
    expect(shown.complaints).toEqual([]);
  });

  it('says that a video that was never sent is not paid', async () => {
    await using app = await startApp({
      ...BUSY,
      QUEUE_DEADLINE_MS: '1',
      RECONCILE_AFTER_MS: '1',
    });
    await extendBy(app.gateway);
    await using shown = await app.openStart(browser);
    const { page } = shown;

    await sendWhenThereIsRoom(page, 'A lighthouse in the rain');

    await page.getByRole('heading', { name: 'There was no room in time' }).waitFor();
    await page.getByText('Nothing was paid: no video was started.').waitFor();
  });

  it('tells when a video will probably be ready, from how long the last ones took', async () => {
    await using app = await startApp();
    for (let n = 0; n < 5; n += 1) {
      const { taskId } = await extendBy(app.gateway);
      await app.sandbox.complete(taskId);
    }
    await app.gateway.stop();
    backdate(app.gateway, 'update video set created_at = finished_at - 600000');
    await app.gateway.restart();
    await using shown = await app.open(browser);
    const { page } = shown;

    await extend(page, 'The cat goes on dancing');
    await making(page, 'Accepted');

    await page.getByText(/^Ready at about .*\d\d:\d\d\.$/).waitFor();
    const frame = page.locator('.library .frame .when').first();
    await expect.poll(() => frame.innerText()).toMatch(/^Accepted · ready at about .*\d\d:\d\d$/);
  });
});

/** As a field for a local time wants it. */
function toLocal(time: number): string {
  const offset = new Date(time).getTimezoneOffset() * 60_000;
  return new Date(time - offset).toISOString().slice(0, 16);
}
