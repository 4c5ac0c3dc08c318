import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { launchBrowser, openPage, type Shown } from './support/browser.ts';

describe('GraphiQL in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  /** The page as a newcomer opens it. */
  async function open(gateway: TestGateway, options?: BrowserContextOptions): Promise<Shown> {
    const shown = await openPage(browser, `${gateway.url}/graphql`, options);
    await shown.page.getByRole('tab').first().waitFor();
    await shown.page.locator('.graphiql-query-editor', { hasText: 'mutation' }).waitFor();
    return shown;
  }

  const execute = (page: Page) => page.getByRole('button', { name: /^Execute query/ }).click();
  const findTab = (page: Page, name: string) =>
    page.getByRole('tab').filter({ has: page.getByRole('button', { name, exact: true }) });
  async function openTab(page: Page, name: string): Promise<void> {
    await page.getByRole('button', { name, exact: true }).click();
    await page.getByRole('tab', { selected: true }).filter({ hasText: name }).waitFor();
    // The operation's name follows some time later, as does the query in the address.
    await page.waitForURL((url) => Boolean(url.searchParams.get('query')?.match(`[ ]${name}[(]`)));
  }
  async function writeVariables(page: Page, variables: object): Promise<void> {
    await page.locator('.graphiql-editor-tool .view-lines').first().click();
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText(JSON.stringify(variables));
    // The editor closes quotes and braces that were closed already.
    await page.keyboard.press('Control+Shift+End');
    await page.keyboard.press('Delete');
  }
  const readTabs = async (page: Page) =>
    (await page.getByRole('tab').allInnerTexts()).map((name) => name.trim());
  /** Resolves when the result pane shows the text, which must not contain a space. */
  const answered = (page: Page, text: string) =>
    page.locator('.result-window', { hasText: text }).waitFor();

  it('has tabs for the main operations, with their names', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    await using shown = await open(gateway);

    const tabs = await readTabs(shown.page);

    expect(tabs).toEqual(['GenerateVideo', 'ExtendVideo', 'VideoExtended', 'Video']);
    expect(shown.complaints).toEqual([]);
  });

  it('runs them from tab to tab, without a request to another host', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    await using shown = await open(gateway);
    const { page } = shown;

    await execute(page);
    await answered(page, '"GenerateVideoSuccess"');
    const { taskId } = await sandbox.nextRequest(({ method }) => method === 'POST');
    await answered(page, taskId ?? 'no task was made');
    const answer = await page.locator('.result-window').innerText();
    const cursor = /"cursor":\s*"([^"]+)"/.exec(answer)?.[1];

    await openTab(page, 'VideoExtended');
    await writeVariables(page, { after: cursor });
    await execute(page);
    await sandbox.complete(taskId ?? '');
    await answered(page, '"SUCCEEDED"');
    await answered(page, taskId ?? '');
    // Leaving the tab would stop it too, but some time later, and what runs there then with it.
    await page.getByRole('button', { name: /^Stop query/ }).click();

    await openTab(page, 'Video');
    await writeVariables(page, { taskId });
    await execute(page);
    await answered(page, 'dances');

    expect([...shown.hosts].filter((host) => host !== '')).toEqual([new URL(gateway.url).host]);
    expect(shown.complaints).toEqual([]);
  });

  it('opens another tab at the first click of a mouse', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    for (const name of ['ExtendVideo', 'VideoExtended', 'Video']) {
      await using shown = await open(gateway);
      const { page } = shown;
      const tab = findTab(page, name);
      const box = await tab.boundingBox();
      if (!box) throw new Error(`The tab ${name} is not to be seen.`);

      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
      await page.mouse.down();
      // A hand takes some frames between the two, and the page may move in each of them.
      await page.evaluate(() => new Promise((done) => setTimeout(done, 80)));
      expect(await tab.boundingBox()).toEqual(box);
      await page.mouse.up();

      await page.getByRole('tab', { selected: true }).filter({ hasText: name }).waitFor();
    }
  });

  it('pays once for an example however often it runs, with a separate key per browser', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    for (let visitors = 1; visitors <= 2; visitors += 1) {
      await using shown = await open(gateway);
      const { page } = shown;
      await execute(page);
      await answered(page, '"GenerateVideoSuccess"');
      await execute(page);
      await answered(page, '"GenerateVideoSuccess"');
      await openTab(page, 'ExtendVideo');
      await execute(page);
      await answered(page, '"ExtendVideoSuccess"');

      expect(sandbox.requests.filter(({ method }) => method === 'POST')).toHaveLength(2 * visitors);
    }
  });

  it('shows its examples without truncated lines at 1280 px', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    for (const colorScheme of ['light', 'dark'] as const) {
      const viewport = { width: 1280, height: 800 };
      await using shown = await open(gateway, { colorScheme, viewport });
      const { page } = shown;
      for (const name of ['GenerateVideo', 'ExtendVideo', 'VideoExtended', 'Video']) {
        if (name !== 'GenerateVideo') await openTab(page, name);
        await page.screenshot({ path: `artifacts/graphiql/${name}-${colorScheme}-1280.png` });
        const cut = await page.locator('.graphiql-query-editor').evaluate((editor) => {
          const right = editor
            .querySelector('.monaco-scrollable-element')
            ?.getBoundingClientRect().right;
          return [...editor.querySelectorAll('.view-line > span')]
            .filter((line) => line.getBoundingClientRect().right > (right ?? 0))
            .map((line) => line.textContent);
        });
        expect(cut).toEqual([]);
      }
    }
  });

  it('keeps its tabs after a reload', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    await using shown = await open(gateway);
    await openTab(shown.page, 'Video');

    await shown.page.reload();
    await shown.page.getByRole('tab').first().waitFor();

    expect(await readTabs(shown.page)).toEqual(
      expect.arrayContaining(['GenerateVideo', 'ExtendVideo', 'VideoExtended', 'Video']),
    );
  });
});
