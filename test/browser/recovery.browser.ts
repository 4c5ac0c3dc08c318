import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ORIGINAL_TASK_ID } from '../../src/sandbox/sandbox.ts';
import { backdate, DAY_MS } from '../support/backdate.ts';
import { extend, making, openOriginal, playable, startApp } from './support/app.ts';
import { launchBrowser } from './support/browser.ts';

/** What a browser itself says of a connection that is refused. */
const REFUSED = /ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_SOCKET|WebSocket connection to/;

const recall = (page: Page) =>
  page.evaluate(() => JSON.parse(localStorage.getItem('longtake') ?? '{}'));
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
    expect(await recall(page)).toMatchObject({ open: [], submit: null });
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
    const { cursor, open } = await recall(page);
    expect(open).toHaveLength(1);

    await page.goto('about:blank');
    await app.sandbox.complete(taskId);
    await page.goto(app.url);

    await page.getByText('“Behind your back” is ready.').waitFor();
    await page.getByRole('link', { name: 'Watch it' }).click();
    await playable(page);
    expect((await recall(page)).cursor).not.toBe(cursor);
    expect((await recall(page)).open).toEqual([]);
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
    expect((await recall(page)).open).toEqual([]);
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

  it('resumes from the last completion, and not from the start', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    const told: unknown[] = [];
    page.on('websocket', (socket) =>
      socket.on('framesent', ({ payload }) => {
        const message = JSON.parse(String(payload));
        if (String(message.payload?.query).includes('videoExtended(')) {
          told.push(message.payload.variables.after);
        }
      }),
    );
    await extend(page, 'One');
    await app.sandbox.complete(await app.nextTaskId());
    await playable(page);
    await expect.poll(async () => (await recall(page)).open).toEqual([]);
    const { cursor } = await recall(page);

    app.line.cut();
    await lost(page);
    app.line.mend();
    await live(page);

    await expect.poll(() => told.at(-1)).toBe(cursor);
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
    expect(await recall(page)).toMatchObject({ submit: null });
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

    await expect.poll(() => recall(page)).toMatchObject({ submit: null, open: [] });
    expect(await page.getByText('is ready.').count()).toBe(0);
  });

  it('starts from a new cursor after a cursor of another database', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    await extend(page, 'Before');
    const taskId = await app.nextTaskId();
    await making(page, 'Accepted');
    await openOriginal(page);
    await playable(page);
    const { open } = await recall(page);
    await page.goto('about:blank');
    await app.sandbox.complete(taskId);

    await page.goto(app.url);
    // From here on the page writes no cursor of its own.
    await page.getByText('“Before” is ready.').waitFor();
    await page.evaluate(
      (open) => localStorage.setItem('longtake', JSON.stringify({ cursor: 'nonsense', open })),
      open,
    );
    await page.reload();

    await page.getByText('“Before” is ready.').waitFor();
    await expect.poll(async () => (await recall(page)).cursor).toMatch(/^[\w-]{20}$/);
    await extend(page, 'After');
    await app.sandbox.complete(await app.nextTaskId());
    await playable(page);
    await expect.poll(async () => (await recall(page)).open).toEqual([]);
  });

  it('starts from a new cursor if the log no longer contains its cursor', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    const tasks: string[] = [];
    for (const prompt of ['Long ago', 'Lately']) {
      await page.goto(`${app.url}/#/${ORIGINAL_TASK_ID}`);
      await playable(page);
      await extend(page, prompt);
      tasks.push(await app.nextTaskId());
      await making(page, 'Accepted');
    }
    const { open, cursor } = await recall(page);
    await page.goto('about:blank');
    for (const taskId of tasks) await app.sandbox.complete(taskId);
    await app.gateway.stop();
    const then = Date.now() - 61 * DAY_MS;
    backdate(app.gateway, 'update video set finished_at = ? where id = ?', then, open[0]);
    backdate(
      app.gateway,
      'update completion set created_at = ? where video_row = ?',
      then,
      open[0],
    );
    await app.gateway.restart();
    const count = 'query { videos { edges { node { id } } } }';
    await expect
      .poll(async () => JSON.stringify(await app.gateway.send(count)))
      .not.toContain(open[0]);

    await page.goto(app.url);

    await page.getByText('“Lately” is ready.').waitFor();
    await expect.poll(() => recall(page)).toMatchObject({ open: [] });
    expect((await recall(page)).cursor).not.toBe(cursor);
  });
});
