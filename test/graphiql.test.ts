import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { startScriptedUpstream } from './support/scripted-upstream.ts';

const CHROMIUM = '/usr/bin/chromium';
const HAS_CHROMIUM = existsSync(CHROMIUM);
/** What browsers send when somebody types an address. */
const ACCEPT = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

describe('the GraphiQL page', () => {
  it('is compressed, and allows nothing but itself', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream);

    const response = await fetch(`${gateway.url}/graphql`, { headers: { accept: ACCEPT } });
    const html = await response.text();

    const { headers } = response;
    expect(response.status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('content-encoding')).toBe('gzip');
    expect(Number(headers.get('content-length') ?? 0)).toBeLessThan(html.length / 2);
    const policy = new Map(
      (headers.get('content-security-policy') ?? '').split('; ').map((directive) => {
        const [name = '', ...sources] = directive.split(' ');
        return [name, sources.join(' ')];
      }),
    );
    expect(policy.get('default-src')).toBe("'none'");
    expect(policy.get('script-src')).toMatch(/^'sha256-[A-Za-z0-9+/]+='$/);
    expect(policy.get('connect-src')).toBe("'self'");
    expect(policy.get('frame-ancestors')).toBe("'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(html).toContain('<title>Longtake</title>');
  });

  it('is for browsers: programs that take anything get JSON', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream);

    const plain = await fetch(`${gateway.url}/graphql`, { headers: { accept: '*/*' } });
    const query = await fetch(`${gateway.url}/graphql?query=%7B__typename%7D`);

    expect(plain.headers.get('content-type')).toContain('json');
    expect(await query.json()).toEqual({ data: { __typename: 'Query' } });
  });
});

describe.skipIf(!HAS_CHROMIUM)(`GraphiQL in a browser (needs ${CHROMIUM})`, () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  });
  afterAll(() => browser.close());

  /** The page as a newcomer opens it, with all that it asked for and complained of. */
  async function open(gateway: TestGateway) {
    const context = await browser.newContext();
    const page = await context.newPage();
    const complaints: string[] = [];
    const hosts = new Set<string>();
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => hosts.add(new URL(request.url()).host));
    page.on('websocket', (socket) => hosts.add(new URL(socket.url()).host));
    await page.goto(`${gateway.url}/graphql`);
    await page.getByRole('tab').first().waitFor();
    await page.locator('.graphiql-query-editor', { hasText: 'mutation' }).waitFor();
    return {
      page,
      complaints,
      hosts,
      [Symbol.asyncDispose]: () => context.close(),
    };
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

    expect(tabs).toEqual(['ExtendVideo', 'VideoExtended', 'Video']);
    expect(shown.complaints).toEqual([]);
  });

  it('does the main job from tab to tab, without a request to another host', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    await using shown = await open(gateway);
    const { page } = shown;

    await execute(page);
    await answered(page, '"ExtendVideoSuccess"');
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
      expect.arrayContaining(['ExtendVideo', 'VideoExtended', 'Video']),
    );
  });
});
