import type { Browser, Page } from 'playwright-core';
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
  async function open(gateway: TestGateway): Promise<Shown> {
    const shown = await openPage(browser, `${gateway.url}/graphql`);
    await shown.page.getByRole('tab').first().waitFor();
    await shown.page.locator('.graphiql-query-editor', { hasText: 'mutation' }).waitFor();
    return shown;
  }

  const execute = (page: Page) => page.getByRole('button', { name: /^Execute query/ }).click();
  /** The first click may be taken for the beginning of a drag. */
  async function openTab(page: Page, name: string): Promise<void> {
    const button = page.getByRole('button', { name, exact: true });
    const tab = page.getByRole('tab').filter({ has: button });
    do await button.click();
    while ((await tab.getAttribute('aria-selected')) !== 'true');
    // The operation's name follows some time later, as does the query in the address.
    await page.waitForURL((url) => Boolean(url.searchParams.get('query')?.includes(` ${name}(`)));
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
  /** Resolves when the answer beside the editor shows the text, which may not hold a space. */
  const answered = (page: Page, text: string) =>
    page.locator('.result-window', { hasText: text }).waitFor();

  it('offers the main job in its tabs, by the names of their operations', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    await using shown = await open(gateway);

    const tabs = await readTabs(shown.page);

    expect(tabs).toEqual(['GenerateVideo', 'ExtendVideo', 'VideoExtended', 'Video']);
    expect(shown.complaints).toEqual([]);
  });

  it('does the main job from tab to tab, without a request to another host', async () => {
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
    await answered(page, 'colorful');

    expect([...shown.hosts].filter((host) => host !== '')).toEqual([new URL(gateway.url).host]);
    expect(shown.complaints).toEqual([]);
  });

  it('is there again, with its tabs, after a reload', async () => {
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
