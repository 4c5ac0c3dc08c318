/** The example app, built and served, before a gateway and the sandbox. */

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { serveWeb } from '../../../examples/web/serve.ts';
import { ORIGINAL_TASK_ID, type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { openPage, type Shown } from './browser.ts';
import { type Line, startLine } from './line.ts';

export interface App extends AsyncDisposable {
  readonly url: string;
  readonly sandbox: Sandbox;
  readonly gateway: TestGateway;
  readonly line: Line;
  /** On the page of the sandbox's own video, ready to be extended. */
  open(browser: Browser, options?: BrowserContextOptions): Promise<Shown>;
  /** On the first page, as a newcomer sees it. */
  openStart(browser: Browser, options?: BrowserContextOptions): Promise<Shown>;
  /** The task of the next submit that the sandbox accepts. */
  nextTaskId(): Promise<string>;
  /** How many submits have reached it. */
  countSubmits(): number;
}

/** No task moves by itself: each test says when. */
export async function startApp(env: Record<string, string> = {}): Promise<App> {
  await using stack = new AsyncDisposableStack();
  const sandbox = stack.use(await startSandbox({ autoplay: false }));
  const web = await serveWeb('127.0.0.1', 0);
  stack.defer(() => web.close());
  const gateway = stack.use(await startGateway(sandbox, { CORS_ORIGINS: web.url, ...env }));
  const line = stack.use(await startLine(gateway.url));
  web.connect({
    gateway: `${line.url}/graphql`,
    files: `${sandbox.url} ${gateway.url}`,
    sandboxOriginal: ORIGINAL_TASK_ID,
  });
  const owned = stack.move();

  const isSubmit = ({ method }: { method: string }) => method === 'POST';
  return {
    url: web.url,
    sandbox,
    gateway,
    line,
    open: (browser, options) => openPage(browser, `${web.url}/#/${ORIGINAL_TASK_ID}`, options),
    openStart: (browser, options) => openPage(browser, web.url, options),
    async nextTaskId() {
      const { taskId } = await sandbox.nextRequest((request) => request.taskId !== null);
      return taskId ?? '';
    },
    countSubmits: () => sandbox.requests.filter(isSubmit).length,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Leads to the sandbox's own video, from any page. */
export async function openOriginal(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Longtake' }).click();
  await page.getByRole('link', { name: 'Extend the sandbox’s original' }).click();
}

/** Writes a prompt and sends it, as soon as the app lets it. */
export async function extend(page: Page, prompt: string): Promise<void> {
  await page.getByLabel('Prompt').fill(prompt);
  await page.getByRole('button', { name: /^(Make it|Extend|Try again)$/ }).click();
}

/** Resolves when the progress bar says this. */
export const making = (page: Page, label: string) =>
  page.locator('.state', { hasText: label }).waitFor();

/** Resolves when a film is there that the browser can play. */
export async function playable(page: Page): Promise<void> {
  await page.locator('video').waitFor();
  await page.waitForFunction(() => {
    const video = document.querySelector('video');
    return video !== null && video.readyState >= video.HAVE_CURRENT_DATA && video.duration > 0;
  });
}
