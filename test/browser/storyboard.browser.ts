import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ORIGINAL_TASK_ID } from '../../src/sandbox/sandbox.ts';
import { type App, extend, making, playable, startApp } from './support/app.ts';
import { launchBrowser } from './support/browser.ts';
import { openStoryboard, progress, shotWords, start, strip, write } from './support/storyboard.ts';

const FILM = ['One', 'Two', 'Three'];

const bodies = (app: App) =>
  app.sandbox.requests.filter(({ method }) => method === 'POST').map(({ body }) => body);

/** The accessible name of what has the focus. */
const focused = (page: Page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    const label = element instanceof HTMLTextAreaElement ? element.labels[0] : null;
    return element?.getAttribute('aria-label') ?? (label ?? element)?.textContent?.trim() ?? '';
  });

/** Goes on with the Tab key until this has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab');
    if ((await focused(page)) === name) return;
  }
  throw new Error(`The Tab key does not lead to ${name}.`);
}

describe('the storyboard of the example app', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  it('leads with the keyboard from three shots to a film, over a failure, a reload and a lost connection', async () => {
    await using app = await startApp();
    await using shown = await app.openStart(browser);
    const { page } = shown;
    await page.getByText('None yet.').waitFor();

    await tabTo(page, 'Make a long film instead, shot by shot');
    await page.keyboard.press('Enter');
    await expect.poll(() => focused(page)).toBe('Make a long film');
    await tabTo(page, 'First video');
    await page.keyboard.type('A cat dances');
    await tabTo(page, 'Shot 1');
    await page.keyboard.type('The lights go out');
    await tabTo(page, 'Shot 2');
    await page.keyboard.type('The cat falls asleep');
    await tabTo(page, 'Add a shot');
    await page.keyboard.press('Enter');
    await expect.poll(() => focused(page)).toBe('Shot 3');
    await page.keyboard.type('The cat jumps #moderated-once');
    await page.keyboard.press('Alt+ArrowUp');
    await page.getByText('“The cat jumps #moderated-once” is now shot 2 of 3.').waitFor();
    expect(await focused(page)).toBe('Shot 2');
    await tabTo(page, 'Move shot 2 up');
    await page.keyboard.press('Enter');
    await page.getByText('“The cat jumps #moderated-once” is now shot 1 of 3.').waitFor();
    expect(await focused(page)).toBe('Move shot 1 up');
    await tabTo(page, 'Move shot 1 down');
    await page.keyboard.press('Enter');
    expect(await focused(page)).toBe('Move shot 2 down');
    const order = ['The lights go out', 'The cat jumps #moderated-once', 'The cat falls asleep'];
    expect(await shotWords(page)).toEqual(order);
    await page.reload();
    await expect.poll(() => shotWords(page)).toEqual(order);
    expect(await page.getByLabel('First video').inputValue()).toBe('A cat dances');
    await tabTo(page, 'Start');
    await page.keyboard.press('Enter');

    const original = await app.nextTaskId();
    await progress(page, 'In progress, 0 of 3 shots ready');
    await expect.poll(() => focused(page)).toBe('The lights go out');
    await making(page, 'Accepted');
    expect(await strip(page)).toEqual([
      expect.stringMatching(/^Accepted/),
      ...['Not begun', 'Not begun', 'Not begun'],
    ]);
    await app.sandbox.advance(original);
    await making(page, 'Queued');
    await app.sandbox.complete(original);
    const first = await app.nextTaskId();
    await page.reload();
    await progress(page, 'In progress, 0 of 3 shots ready');
    await app.sandbox.complete(first);
    await progress(page, 'In progress, 1 of 3 shots ready');

    await page.context().setOffline(true);
    await page.getByText('Connection lost').waitFor();
    await app.sandbox.complete(await app.nextTaskId());
    await page.context().setOffline(false);
    await progress(page, 'Paused, 1 of 3 shots ready');
    await page.getByRole('heading', { name: 'Stopped by moderation' }).waitFor();
    await expect.poll(() => shotWords(page)).toEqual(order.slice(1));
    await tabTo(page, 'Shot 2');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('The cat jumps');
    await page.reload();
    await expect.poll(() => shotWords(page)).toEqual(['The cat jumps', 'The cat falls asleep']);
    await tabTo(page, 'Continue');
    await page.keyboard.press('Enter');

    const second = await app.nextTaskId();
    await progress(page, 'In progress, 1 of 3 shots ready');
    await expect.poll(() => focused(page)).toBe('The lights go out');
    await app.sandbox.complete(second);
    await progress(page, 'In progress, 2 of 3 shots ready');
    await app.sandbox.complete(await app.nextTaskId());
    await progress(page, 'Complete, 3 of 3 shots ready');
    await playable(page);
    expect(await strip(page)).toEqual(Array(4).fill(expect.stringMatching(/^Ready/)));
    expect(bodies(app)).toMatchObject([
      { prompt: 'A cat dances', aspectRatio: '16:9', duration: 5 },
      { prompt: 'The lights go out', taskId: original },
      { prompt: 'The cat jumps #moderated-once', taskId: first },
      { prompt: 'The cat jumps', taskId: first },
      { prompt: 'The cat falls asleep', taskId: second },
    ]);
    await openStoryboard(page);
    expect(await shotWords(page)).toEqual(['', '']);
    await page.getByText('Complete · 3 of 3').waitFor();
  });

  it('is put in order by dragging', async () => {
    await using app = await startApp();
    await using shown = await app.openStart(browser);
    const { page } = shown;
    await openStoryboard(page);
    await write(page, null, FILM);
    async function drag(from: number, to: number): Promise<void> {
      const handle = page.locator('.handle').nth(from);
      await handle.scrollIntoViewIfNeeded();
      const begin = await handle.boundingBox();
      const end = await page.locator('.shot').nth(to).boundingBox();
      if (!begin || !end) throw new Error('It is not on the screen.');
      await page.mouse.move(begin.x + 5, begin.y + 5);
      await page.mouse.down();
      await page.mouse.move(begin.x + 5, to > from ? end.y + end.height - 5 : end.y + 5);
    }

    await drag(0, 2);
    await page.mouse.up();
    await page.getByText('“One” is now shot 3 of 3.').waitFor();
    expect(await shotWords(page)).toEqual(['Two', 'Three', 'One']);
    await drag(2, 1);
    await page.mouse.up();
    await page.getByText('“One” is now shot 2 of 3.').waitFor();
    expect(await shotWords(page)).toEqual(['Two', 'One', 'Three']);

    await drag(0, 1);
    await page.locator('.dragged').waitFor();
    await page.keyboard.press('Escape');
    await page.mouse.up();
    await expect.poll(() => page.locator('.dragged').count()).toBe(0);
    expect(await shotWords(page)).toEqual(['Two', 'One', 'Three']);
    expect(shown.complaints).toEqual([]);
  });

  it('is put in order with a finger', async () => {
    await using app = await startApp();
    const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
    await using shown = await app.openStart(browser, phone);
    const { page } = shown;
    await openStoryboard(page);
    await write(page, null, FILM);
    await page.locator('.handle').first().scrollIntoViewIfNeeded();
    const begin = await page.locator('.handle').first().boundingBox();
    const end = await page.locator('.shot').nth(1).boundingBox();
    if (!begin || !end) throw new Error('It is not on the screen.');
    const finger = await page.context().newCDPSession(page);
    const touch = (type: 'touchStart' | 'touchMove', y: number) =>
      finger.send('Input.dispatchTouchEvent', { type, touchPoints: [{ x: begin.x + 5, y }] });

    await touch('touchStart', begin.y + 5);
    for (let y = begin.y + 5; y < end.y + end.height - 5; y += 20) await touch('touchMove', y);
    await touch('touchMove', end.y + end.height - 5);
    // If the page scrolled instead, the browser would have cancelled the pointer.
    await page.locator('.drop-after').waitFor();
    await finger.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });

    await page.getByText('“One” is now shot 2 of 3.').waitFor();
    expect(await shotWords(page)).toEqual(['Two', 'One', 'Three']);
  });

  it('puts a removed shot back', async () => {
    await using app = await startApp();
    await using shown = await app.openStart(browser);
    const { page } = shown;
    await openStoryboard(page);
    await write(page, null, FILM);

    await page.getByRole('button', { name: 'Remove shot 2' }).click();
    await page.getByText('Shot 2 was removed.').waitFor();
    expect(await shotWords(page)).toEqual(['One', 'Three']);
    expect(await focused(page)).toBe('Shot 2');
    await page.getByRole('button', { name: 'Put it back' }).click();

    expect(await shotWords(page)).toEqual(FILM);
    expect(await focused(page)).toBe('Shot 2');
  });

  it('shows each error at its field, also after the shots were moved', async () => {
    await using app = await startApp();
    await using shown = await app.openStart(browser);
    const { page } = shown;
    await openStoryboard(page);
    await write(page, 'A cat dances', ['One', ' ', 'Three']);
    await page.getByLabel('Image to begin with').fill('ftp://example.com/cat.png');

    await start(page);
    await page.getByRole('alert').getByText('Shot 2 must not be blank').waitFor();
    const image = page.getByLabel('Image to begin with');
    expect(await image.getAttribute('aria-invalid')).toBe('true');
    await page.getByText('Must be an http(s) URL.').waitFor();
    expect(await image.evaluate((field) => field === document.activeElement)).toBe(true);
    await page.getByRole('button', { name: 'Move shot 2 down' }).click();
    const shot = page.getByLabel('Shot 3', { exact: true });
    expect(await shot.getAttribute('aria-invalid')).toBe('true');
    const description = (await shot.getAttribute('aria-describedby')) ?? '';
    expect(await page.locator(`#${description.split(' ')[0]}`).innerText()).toBe(
      'Must not be blank.',
    );

    await shot.fill('Two');
    await expect.poll(() => shot.getAttribute('aria-invalid')).toBeNull();
    await image.fill('');
    await start(page);
    await app.nextTaskId();
    await progress(page, 'In progress, 0 of 3 shots ready');
    expect(app.countSubmits()).toBe(1);
  });

  it('shows at its field that the video to begin with was not made', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    await extend(page, 'Unseemly #nsfw');
    const source = await app.nextTaskId();
    await making(page, 'Accepted');
    await page.getByRole('link', { name: 'Make a long film from it' }).click();
    const field = page.getByLabel('Video', { exact: true });
    await expect.poll(() => field.inputValue()).toBe(source);
    await write(page, null, ['One', 'Two']);

    await app.sandbox.complete(source);
    await start(page);

    await page.getByText('Names a video that was not made.').waitFor();
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    expect(app.countSubmits()).toBe(1);
  });

  it('begins with a video that is in progress, and stops without a payment', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    await extend(page, 'The cat goes on dancing');
    const source = await app.nextTaskId();
    await making(page, 'Accepted');

    await page.getByRole('link', { name: 'Make a long film from it' }).click();
    await page.getByLabel('Video', { exact: true }).waitFor();
    await write(page, null, FILM);
    await start(page);
    await progress(page, 'In progress, 0 of 3 shots ready');
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await page.getByRole('button', { name: 'Stop it' }).click();
    await progress(page, 'Stopped, 0 of 3 shots ready');
    await app.sandbox.complete(source);
    await playable(page);

    expect(bodies(app)).toMatchObject([{ prompt: 'The cat goes on dancing' }]);
    await page.getByText('Stopped · 0 of 3').waitFor();
    expect(shown.complaints).toEqual([]);
  });

  it('shows a shot that was sent before the film was stopped', async () => {
    await using app = await startApp();
    await using shown = await app.open(browser);
    const { page } = shown;
    await page.getByRole('link', { name: 'Make a long film from it' }).click();
    await page.getByLabel('Video', { exact: true }).waitFor();
    await write(page, null, ['One', 'Two']);
    await start(page);
    const taskId = await app.nextTaskId();
    await making(page, 'Accepted');

    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    app.line.cut();
    await page.getByText('Connection lost').waitFor();
    await page.getByRole('button', { name: 'Stop it' }).click();
    await page.getByText('No answer came.').waitFor();
    app.line.mend();
    await progress(page, 'Stopped, 0 of 2 shots ready');
    await app.sandbox.complete(taskId);
    await progress(page, 'Stopped, 1 of 2 shots ready');
    await playable(page);

    expect(bodies(app)).toMatchObject([{ taskId: ORIGINAL_TASK_ID, prompt: 'One' }]);
    await page.getByRole('link', { name: 'Go on from its last shot' }).click();
    await expect.poll(() => page.getByLabel('Video', { exact: true }).inputValue()).toBe(taskId);
  });

  it('begins anew with the same shots if its first video has failed', async () => {
    await using app = await startApp();
    await using shown = await app.openStart(browser);
    const { page } = shown;
    await openStoryboard(page);
    await write(page, 'Unseemly #nsfw', FILM);
    await start(page);
    await app.sandbox.complete(await app.nextTaskId());
    await progress(page, 'Paused, 0 of 3 shots ready');
    await page.getByRole('heading', { name: 'Content not allowed' }).waitFor();

    await page.getByRole('link', { name: 'Make a new storyboard' }).click();
    await expect.poll(() => shotWords(page)).toEqual(FILM);
    await page.getByLabel('First video').fill('Seemly');
    await start(page);
    await app.nextTaskId();
    await progress(page, 'In progress, 0 of 3 shots ready');

    expect(bodies(app).at(-1)).toMatchObject({ prompt: 'Seemly' });
  });

  it('pays once for a start whose answer is lost, also after a reload', async () => {
    await using app = await startApp();
    await using shown = await app.openStart(browser);
    const { page } = shown;
    await openStoryboard(page);
    await write(page, 'A cat dances', FILM);
    let isLost = true;
    await page.route('**/graphql', async (route) => {
      if (!isLost || !route.request().postData()?.includes('mutation CreateSequence')) {
        return route.continue();
      }
      await route.fetch();
      await route.abort();
    });

    await page.getByRole('button', { name: 'Start' }).dblclick();
    const taskId = await app.nextTaskId();
    await page.getByRole('heading', { name: 'No answer has come' }).waitFor();
    isLost = false;
    await page.reload();
    await progress(page, 'In progress, 0 of 3 shots ready');
    await app.sandbox.complete(taskId);
    await app.nextTaskId();

    expect(bodies(app)).toMatchObject([{ prompt: 'A cat dances' }, { prompt: 'One' }]);
  });

  it('tells on another page that a film is paused', async () => {
    await using app = await startApp();
    await using shown = await app.openStart(browser);
    const { page } = shown;
    await openStoryboard(page);
    await write(page, 'A cat dances', ['Something unseemly #nsfw']);
    await page.getByRole('button', { name: 'Remove shot 2' }).click();
    await start(page);
    await app.sandbox.complete(await app.nextTaskId());
    const taskId = await app.nextTaskId();
    await progress(page, 'In progress, 0 of 1 shot ready');
    await page.getByRole('link', { name: 'Longtake' }).click();

    await app.sandbox.complete(taskId);
    await page.getByText('“Something unseemly #nsfw” is paused: a shot has failed.').waitFor();
    await page.getByRole('link', { name: 'See why' }).click();

    await page.getByRole('heading', { name: 'Content not allowed' }).waitFor();
    await page
      .getByRole('link', { name: /^A cat dances/ })
      .first()
      .click();
    await page.getByRole('link', { name: 'Part of a long film: see all of it' }).waitFor();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('button', { name: 'Delete for good' }).click();
    await page.getByText('It is part of a long film that has not ended').waitFor();
  });

  it('says what helps if too many films, or too many requests, are under way', async () => {
    await using app = await startApp({
      OWNER_QUEUED: '1',
      UPSTREAM_REQUESTS: '1',
      UPSTREAM_WINDOW_MS: '600000',
    });
    await using shown = await app.openStart(browser);
    const { page } = shown;
    for (const title of ['A cat dances', 'A dog dances']) {
      await openStoryboard(page);
      await write(page, title, ['One', 'Two']);
      await start(page);
      if (title === 'A cat dances') await progress(page, 'In progress, 0 of 2 shots ready');
    }
    await page.getByRole('heading', { name: 'Too many of your films are being made' }).waitFor();
    await page.getByText('Stop one, or wait until one has ended.').waitFor();

    await page.getByRole('link', { name: 'Longtake' }).click();
    for (const prompt of ['The sea', 'The moon']) {
      await page.getByLabel('Send when there is room').check();
      await extend(page, prompt);
      if (prompt === 'The sea') await making(page, 'Scheduled');
      if (prompt === 'The sea') await page.getByRole('link', { name: 'Longtake' }).click();
    }
    await page.getByRole('heading', { name: 'Too many of your requests are waiting' }).waitFor();
  });
});
