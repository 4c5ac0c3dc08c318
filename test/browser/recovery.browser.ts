import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extend, making, openOriginal, playable, startApp } from './support/app.ts';
import { launchBrowser } from './support/browser.ts';
import { openStoryboard, start, write } from './support/storyboard.ts';

/** What a browser itself says of a connection that is refused. */
const REFUSED =
  /ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE|ERR_SOCKET|WebSocket connection to/;

/** How many submits of this browser have not ended. */
const countPending = (page: Page) =>
  page.evaluate(
    () => Object.keys(localStorage).filter((name) => name.startsWith('longtake.submit.')).length,
  );
const settled = (page: Page) => expect.poll(() => countPending(page)).toBe(0);
/** Loses the answer to the first extension, and refuses its first repeat. */
async function loseAndRefuse(page: Page): Promise<void> {
  let submits = 0;
  await page.route('**/graphql', async (route) => {
    const isSubmit = route.request().postData()?.includes('mutation ExtendVideo');
    if (isSubmit) submits += 1;
    if (isSubmit && submits === 1) {
      await route.fetch();
      return route.abort();
    }
    if (!isSubmit || submits > 2) return route.continue();
    const extensions = { code: 'GATEWAY_UNAVAILABLE', retryable: true, retryAfter: 1 };
    return route.fulfill({ json: { errors: [{ message: 'No database', extensions }] } });
  });
}

const live = (page: Page) => page.getByText('Live', { exact: true }).waitFor();
const lost = (page: Page) => page.getByText('Connection lost').waitFor();

describe('the example app after an interruption', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  it('continues after a reload during a task', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    await extend(page, 'Over the reload');
    const taskId = await app.nextTaskId();
    await app.sandbox.advance(taskId);
    await making(page, 'Queued');

    await page.reload();
    await making(page, 'Queued');
    await app.sandbox.complete(taskId);
    await playable(page);

    await page.getByRole('heading', { name: 'Over the reload' }).waitFor();
    await settled(page);
    expect(shown.complaints).toEqual([]);
  });

  it('shows, after a reload, a task that ended while the page was closed', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    await extend(page, 'Behind your back');
    const taskId = await app.nextTaskId();
    await making(page, 'Accepted');
    await openOriginal(page);
    await playable(page);
    expect(await countPending(page)).toBe(1);

    await page.goto('about:blank');
    await app.sandbox.complete(taskId);
    await page.goto(app.url);

    await page.getByText('“Behind your back” is ready.').waitFor();
    await page.getByRole('link', { name: 'Watch it' }).click();
    await playable(page);
    await settled(page);
  });

  it('shows what happened while it was disconnected, once it is reconnected', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    await extend(page, 'Elsewhere');
    const elsewhere = await app.nextTaskId();
    await making(page, 'Accepted');
    await openOriginal(page);
    await playable(page);
    await extend(page, 'In sight');
    const inSight = await app.nextTaskId();
    await making(page, 'Accepted');

    app.line.cut();
    await lost(page);
    await app.sandbox.complete(elsewhere);
    await app.sandbox.complete(inSight);
    app.line.mend();

    await live(page);
    await playable(page);
    await page.getByText('“Elsewhere” is ready.').waitFor();
    await settled(page);
    expect(shown.complaints.filter((complaint) => !REFUSED.test(complaint))).toEqual([]);
  });

  it('follows a task through its states after a reconnect', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    await extend(page, 'Step by step');
    const taskId = await app.nextTaskId();
    await making(page, 'Accepted');

    app.line.cut();
    await lost(page);
    await app.sandbox.advance(taskId);
    app.line.mend();
    await making(page, 'Queued');
    await app.sandbox.advance(taskId);

    await making(page, 'Generating');
  });

  it('resumes the completions after the last one, and not from now on', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    let received = '';
    const resumed: unknown[] = [];
    page.on('websocket', (socket) => {
      socket.on('framereceived', ({ payload }) => {
        received = JSON.parse(String(payload)).payload?.data?.videoExtended?.cursor ?? received;
      });
      socket.on('framesent', ({ payload }) => {
        const message = JSON.parse(String(payload)).payload;
        if (message?.query?.includes('videoExtended(')) resumed.push(message.variables.after);
      });
    });
    await page.reload();
    await live(page);
    await extend(page, 'One');
    await app.sandbox.complete(await app.nextTaskId());
    await playable(page);
    await expect.poll(() => received).not.toBe('');

    app.line.cut();
    await lost(page);
    app.line.mend();
    await live(page);

    await expect.poll(() => resumed.at(-1)).toBe(received);
  });

  it('pays once for a submit whose answer a reload has interrupted', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
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
    await settled(page);
  });

  it('pays once for a submit whose answer a lost connection has interrupted', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;

    await extend(page, 'Cut off #slow-answer');
    const taskId = await app.nextTaskId();
    app.line.cut();
    await page.getByRole('heading', { name: 'No answer has come' }).waitFor();
    app.sandbox.answer(taskId);
    app.line.mend();
    await making(page, 'Accepted');

    expect(app.countSubmits()).toBe(1);
    expect(await page.getByRole('heading', { name: 'No answer has come' }).count()).toBe(0);
  });

  it('pays once for a submit whose answer was lost and whose repeat was refused', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    await live(page);
    await loseAndRefuse(page);

    await extend(page, 'Sent three times');
    const taskId = await app.nextTaskId();
    await page.getByText('No database').waitFor();
    await app.sandbox.complete(taskId);
    await playable(page);

    await page.getByRole('heading', { name: 'Sent three times' }).waitFor();
    await settled(page);
    expect(app.countSubmits()).toBe(1);
  });

  it('does not report a paused film again when another submit is sent again', async () => {
    await using app = await startApp();
    await using shown = await app.openStart(browser);
    const { page } = shown;
    await openStoryboard(page);
    await write(page, 'A cat dances', ['Something unseemly #nsfw']);
    await page.getByRole('button', { name: 'Remove shot 2' }).click();
    await start(page);
    await app.sandbox.complete(await app.nextTaskId());
    const shot = await app.nextTaskId();
    await openOriginal(page);
    await app.sandbox.complete(shot);
    await page.getByText('is paused: a shot has failed.').waitFor();
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await loseAndRefuse(page);
    let follows = 0;
    page.on('request', (request) => {
      if (request.postData()?.includes('subscription sequenceUpdated')) follows += 1;
    });

    await extend(page, 'Sent three times');
    const taskId = await app.nextTaskId();
    await page.getByText('No database').waitFor();
    await app.sandbox.complete(taskId);
    await page.getByRole('heading', { name: 'Sent three times' }).waitFor();
    await playable(page);

    expect(follows).toBe(0);
    expect(await page.getByText('is paused: a shot has failed.').count()).toBe(0);
    await expect.poll(() => countPending(page)).toBe(1);
  });

  it('shows an end that arrives before the answer of its submit', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    await live(page);
    const isTold = new Promise<void>((resolve) =>
      page.on('websocket', (socket) =>
        socket.on('framereceived', ({ payload }) => {
          if (String(payload).includes('"videoExtended":{')) resolve();
        }),
      ),
    );
    await page.reload();
    await live(page);
    await page.route('**/graphql', async (route) => {
      const isSubmit = route.request().postData()?.includes('mutation ExtendVideo');
      if (!isSubmit) return route.continue();
      const response = await route.fetch();
      await app.sandbox.complete(await app.nextTaskId());
      await isTold;
      await route.fulfill({ response });
    });

    await extend(page, 'Faster than its answer');
    await page.getByRole('heading', { name: 'Faster than its answer' }).waitFor();
    await playable(page);

    await settled(page);
    expect(await page.getByText('is ready.').count()).toBe(0);
  });
});
