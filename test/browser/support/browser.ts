/** A real browser, and pages that keep what they asked for and complained of. */

import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

export const CHROMIUM = '/usr/bin/chromium';

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

export interface Shown extends AsyncDisposable {
  readonly page: Page;
  /** Errors and warnings in the console, and uncaught exceptions. */
  readonly complaints: readonly string[];
  /** Every host that was asked for something. */
  readonly hosts: ReadonlySet<string>;
}

/** A page of a browser that has never been here, and leaves with its scope. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Shown> {
  const context = await browser.newContext(options);
  // Only to end what hangs.
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  const hosts = new Set<string>();
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => hosts.add(new URL(request.url()).host));
  page.on('websocket', (socket) => hosts.add(new URL(socket.url()).host));
  await page.goto(url);
  return { page, complaints, hosts, [Symbol.asyncDispose]: () => context.close() };
}
