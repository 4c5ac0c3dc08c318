import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGatewayBelowAPath } from '../support/below-a-path.ts';
import { HAS_NGINX } from '../support/nginx.ts';
import { launchBrowser, openPage } from './support/browser.ts';

describe.skipIf(!HAS_NGINX)('GraphiQL below a path of nginx', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  it('sends its queries and subscriptions there', async () => {
    await using site = await startGatewayBelowAPath();
    await using shown = await openPage(browser, `${site.url}/graphql`);
    const { page } = shown;
    await page.locator('.graphiql-query-editor', { hasText: 'mutation' }).waitFor();

    const execute = () => page.getByRole('button', { name: /^Execute query/ }).click();
    await execute();
    await page.locator('.result-window', { hasText: '"GenerateVideoSuccess"' }).waitFor();
    await page.getByRole('button', { name: 'VideoExtended', exact: true }).click();
    await page.waitForURL((url) =>
      Boolean(url.searchParams.get('query')?.includes(' VideoExtended(')),
    );
    const { promise: acknowledged, resolve } = Promise.withResolvers<string>();
    // Listens before the first frame can arrive.
    page.once('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => {
        if (String(payload).includes('connection_ack')) resolve(socket.url());
      }),
    );
    await execute();

    expect(await acknowledged).toBe(`${site.url.replace('http', 'ws')}/graphql`);
    expect(shown.complaints).toEqual([]);
  });
});
