import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { startGateway } from '../support/gateway.ts';
import { launchBrowser, openPage } from './support/browser.ts';

/** What tracing and client libraries send along. */
const HEADERS = {
  'content-type': 'application/json',
  authorization: 'Bearer none-is-asked-for',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  baggage: 'key=value',
  'sentry-trace': '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1',
  'apollographql-client-name': 'web',
  'x-apollo-operation-name': 'Typename',
};

/** An empty page on an origin of its own. */
async function startSite() {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<link rel="icon" href="data:">');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What a page gets: the answer's text, or the name of the error that it sees. */
function fetchFrom(page: Page, url: string): Promise<string> {
  return page.evaluate(
    async ([target, headers]) => {
      const init = { method: 'POST', headers, body: '{"query":"{ __typename }"}' };
      return fetch(target, init).then(
        (response) => response.text(),
        (error: Error) => error.name,
      );
    },
    [`${url}/graphql`, HEADERS] as const,
  );
}

/** The close code, or 0 where the WebSocket was opened. */
function connectFrom(page: Page, url: string): Promise<number> {
  return page.evaluate(
    async (target) => {
      const socket = new WebSocket(target, 'graphql-transport-ws');
      return new Promise<number>((resolve) => {
        socket.onopen = () => resolve(0);
        socket.onclose = ({ code }) => resolve(code);
      });
    },
    `${url.replace('http', 'ws')}/graphql`,
  );
}

describe('a page of another origin, in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  it('may send any headers and open a WebSocket if it is listed', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using site = await startSite();
    await using gateway = await startGateway(sandbox, { CORS_ORIGINS: site.url });
    await using shown = await openPage(browser, site.url);

    expect(await fetchFrom(shown.page, gateway.url)).toBe('{"data":{"__typename":"Query"}}');
    expect(await connectFrom(shown.page, gateway.url)).toBe(0);
    expect(shown.complaints).toEqual([]);
  });

  it('may do so if it has the origin of PUBLIC_URL', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using site = await startSite();
    await using gateway = await startGateway(sandbox, { PUBLIC_URL: `${site.url}/api` });
    await using shown = await openPage(browser, site.url);

    expect(await fetchFrom(shown.page, gateway.url)).toBe('{"data":{"__typename":"Query"}}');
    expect(await connectFrom(shown.page, gateway.url)).toBe(0);
  });

  it('may do neither if it is not listed', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using site = await startSite();
    await using gateway = await startGateway(sandbox);
    await using shown = await openPage(browser, site.url);

    expect(await fetchFrom(shown.page, gateway.url)).toBe('TypeError');
    expect(await connectFrom(shown.page, gateway.url)).toBe(1006);
  });

  it('receives the close code when its WebSocket is refused', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using site = await startSite();
    await using gateway = await startGateway(sandbox, {
      CORS_ORIGINS: site.url,
      AUTH_API_KEYS: `web:${'0'.repeat(64)}`,
    });
    await using shown = await openPage(browser, site.url);

    const code = await shown.page.evaluate(
      async (target) => {
        const socket = new WebSocket(target, 'graphql-transport-ws');
        socket.onopen = () => socket.send('{"type":"connection_init"}');
        return new Promise<number>((resolve) => {
          socket.onclose = (event) => resolve(event.code);
        });
      },
      `${gateway.url.replace('http', 'ws')}/graphql`,
    );

    expect(code).toBe(4403);
  });
});
