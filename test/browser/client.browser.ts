/** `longtake/client` in pages of a real browser, as the package contains it. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleClient } from '../../build-client.ts';
import type { Sequence } from '../../client/index.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { startGateway } from '../support/gateway.ts';
import { launchBrowser } from './support/browser.ts';
import { startLine } from './support/line.ts';

/** What the page keeps for the test. */
interface Window {
  submit(prompt: string): void;
  createFilm(prompts: string[]): void;
  resume(): Promise<number>;
  listen(): void;
  readonly videos: string[];
  readonly films: Sequence[];
  readonly completed: string[];
  readonly retries: string[];
}
declare const window: Window;

const PAGE = `<!doctype html><script type="module">
  import { createClient } from './client.js';
  const url = new URL(location.href).searchParams.get('gateway');
  const longtake = createClient({ url, storage: localStorage });
  window.videos = [];
  window.films = [];
  window.completed = [];
  window.retries = [];
  const options = { onRetry: ({ code }) => window.retries.push(code) };
  const keep = (made) => (made.shots ? window.films.push(made) : window.videos.push(made.taskId));
  window.submit = (prompt) =>
    longtake.generateVideo({ prompt, aspectRatio: 'SQUARE_1_1', quality: 'P720' }, options).then(keep);
  window.createFilm = (prompts) => {
    const start = { original: { prompt: 'A cat', aspectRatio: 'SQUARE_1_1' } };
    const shots = prompts.map((prompt) => ({ prompt }));
    longtake.createSequence({ start, shots, quality: 'P720' }, options).then(keep);
  };
  window.resume = async () => {
    const pending = await longtake.pending();
    for (const submit of pending) submit.resume(options).then(keep);
    return pending.length;
  };
  window.listen = () => void listen();
  async function listen() {
    for await (const { video } of longtake.completions()) window.completed.push(video.taskId);
  }
</script>`;

async function startSite() {
  await using stack = new AsyncDisposableStack();
  const script = await bundleClient();
  const server = createServer(({ url = '' }, response) => {
    const isScript = url === '/client.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : PAGE);
  }).listen(0, '127.0.0.1');
  stack.defer(() => server.closeAllConnections());
  stack.defer(() => void server.close());
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sandbox = stack.use(await startSandbox({ autoplay: false }));
  const gateway = stack.use(await startGateway(sandbox, { CORS_ORIGINS: origin }));
  const line = stack.use(await startLine(gateway.url));
  const owned = stack.move();
  return {
    sandbox,
    gateway,
    line,
    url: `${origin}/?gateway=${encodeURIComponent(`${line.url}/graphql`)}`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function nextTask(sandbox: Sandbox): Promise<string> {
  const { taskId } = await sandbox.nextRequest(
    (request) => request.taskId !== null && request.method === 'POST',
  );
  return taskId ?? '';
}
const countSubmits = (sandbox: Sandbox) =>
  sandbox.requests.filter(({ method }) => method === 'POST').length;

describe('the client in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  async function open(context: BrowserContext, url: string): Promise<Page> {
    const page = await context.newPage();
    await page.goto(url);
    await page.waitForFunction(() => typeof window.submit === 'function');
    return page;
  }
  const submit = (page: Page, prompt = 'A cat') =>
    page.evaluate((text) => window.submit(text), prompt).catch(() => 'the page was left');
  const made = (page: Page, taskId: string) =>
    page.waitForFunction((id) => window.videos.includes(id), taskId);

  it('pays once when the page is reloaded during a submit', async () => {
    await using site = await startSite();
    const context = await browser.newContext();
    const page = await open(context, site.url);

    void submit(page, '#slow-answer');
    const taskId = await nextTask(site.sandbox);
    await page.reload();
    await page.waitForFunction(() => typeof window.resume === 'function');
    const pending = await page.evaluate(() => window.resume());
    site.sandbox.answer(taskId);
    await site.sandbox.complete(taskId);

    await made(page, taskId);
    expect(pending).toBe(1);
    expect(countSubmits(site.sandbox)).toBe(1);
    expect(await page.evaluate('Object.keys(localStorage)')).toEqual(['longtake.cursor']);
    await context.close();
  });

  it('makes a film once when the page is reloaded before and after the answer', async () => {
    await using site = await startSite();
    const context = await browser.newContext();
    const page = await open(context, site.url);
    const arrived = Promise.withResolvers<void>();
    // The gateway has answered, and the page never learns it.
    await page.route('**/graphql', async (route) => {
      await route.fetch();
      arrived.resolve();
    });

    await page.evaluate(() => window.createFilm(['One', 'Two']));
    await arrived.promise;
    await page.unroute('**/graphql');
    const pending: number[] = [];
    for (const _ of ['original', 'One', 'Two']) {
      await page.reload();
      await page.waitForFunction(() => typeof window.resume === 'function');
      pending.push(await page.evaluate(() => window.resume()));
      await site.sandbox.complete(await nextTask(site.sandbox));
    }

    await page.waitForFunction(() => window.films.length === 1);
    const film = await page.evaluate(() => window.films[0]);
    expect(pending).toEqual([1, 1, 1]);
    expect(film?.shots.map(({ prompt, video }) => [prompt, video?.state])).toEqual([
      ['One', 'SUCCEEDED'],
      ['Two', 'SUCCEEDED'],
    ]);
    expect(countSubmits(site.sandbox)).toBe(3);
    expect(await page.evaluate('Object.keys(localStorage)')).toEqual([]);
    await context.close();
  });

  it('goes on when the browser is online again', async () => {
    await using site = await startSite();
    const context = await browser.newContext();
    const page = await open(context, site.url);
    await context.setOffline(true);

    void submit(page);
    await page.waitForFunction(() => window.retries.length > 0);
    await context.setOffline(false);
    const taskId = await nextTask(site.sandbox);
    await site.sandbox.complete(taskId);

    await made(page, taskId);
    expect(await page.evaluate(() => window.retries[0])).toBe('NO_ANSWER');
    expect(countSubmits(site.sandbox)).toBe(1);
    await context.close();
  });

  it('tells two tabs of every completion, and keeps their submits apart', async () => {
    await using site = await startSite();
    const context = await browser.newContext();
    const tabs = [await open(context, site.url), await open(context, site.url)];
    const [first, second] = tabs as [Page, Page];

    for (const tab of tabs) {
      const opened = tab.waitForResponse((response) =>
        String(response.headers()['content-type']).includes('event-stream'),
      );
      await tab.evaluate(() => window.listen());
      await opened;
    }

    void submit(first);
    const one = await nextTask(site.sandbox);
    void submit(second);
    const two = await nextTask(site.sandbox);
    await site.sandbox.complete(one);
    await made(first, one);
    await site.sandbox.complete(two);
    await made(second, two);
    for (const tab of tabs) await tab.waitForFunction(() => window.completed.length === 2);
    expect(await first.evaluate(() => [window.videos, window.completed])).toEqual([
      [one],
      [one, two],
    ]);
    expect(await second.evaluate(() => window.videos)).toEqual([two]);
    expect(countSubmits(site.sandbox)).toBe(2);
    await context.close();
  });

  it('reconnects to a gateway that has been restarted', async () => {
    await using site = await startSite();
    const context = await browser.newContext();
    const page = await open(context, site.url);

    void submit(page);
    const taskId = await nextTask(site.sandbox);
    await site.gateway.restart();
    await site.sandbox.complete(taskId);

    await made(page, taskId);
    expect(countSubmits(site.sandbox)).toBe(1);
    await context.close();
  });
});
