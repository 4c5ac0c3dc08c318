/** Serves the GraphiQL page, built from the offline bundle with example operations in its tabs. */

import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { ROOT } from '../root.ts';

const EXAMPLES = new URL('examples/graphiql/', ROOT);

/** Placeholder in the variables of paid examples; each browser replaces it by a new key. */
const FRESH_KEY = 'a-fresh-key';
/** Not `randomUUID`, which browsers offer only to pages from HTTPS or localhost. */
const MAKE_KEY =
  "Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')";

/**
 * GraphiQL animates its tabs when their names become known, and the offset appears only while a tab has
 * the focus. So pressing the mouse moved the tab away from the pointer, and the click was lost.
 */
const STEADY_TABS = '.graphiql-tab { transform: none !important; }';

interface Page {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

export type SendGraphiQL = (response: ServerResponse) => Promise<void>;

/** The page has 9 MB before compression, so it is built at the first request and cached. */
export function createGraphiQL(): SendGraphiQL {
  let page: Promise<Page> | undefined;
  return async (response) => {
    page ??= render();
    const { headers, body } = await page;
    response.writeHead(200, headers).end(body);
  };
}

async function render(): Promise<Page> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const tabs = readTabs();
  const html = renderGraphiQL({
    title: 'Longtake',
    subscriptionsProtocol: 'WS',
    defaultTabs: tabs,
  })
    .replace('</head>', `<style>${STEADY_TABS}</style></head>`)
    .replace('"defaultTabs":', (option) => `"variables":${toFirst(tabs)},${option}`)
    .replaceAll(FRESH_KEY, `" + ${MAKE_KEY} + "`);
  return {
    body: gzipSync(html, { level: 6 }),
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-encoding': 'gzip',
      'cache-control': 'no-cache',
      'content-security-policy': toPolicy(html),
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      vary: 'accept',
    },
  };
}

/** GraphiQL's first tab takes its variables from this option, and after a first visit from localStorage. */
function toFirst([first]: readonly { variables: string }[]): string {
  return `localStorage.getItem('graphiql:tabState') ? undefined : ${JSON.stringify(first?.variables)}`;
}

/** One tab per example, ordered by file name, with its variables. */
function readTabs(): { query: string; variables: string }[] {
  const read = (name: string) => readFileSync(new URL(name, EXAMPLES), 'utf8');
  const names = readdirSync(EXAMPLES).sort();
  return names
    .filter((name) => name.endsWith('.graphql'))
    .map((name) => {
      const variables = name.replace(/\.graphql$/, '.json');
      return {
        query: read(name),
        variables: names.includes(variables) ? read(variables) : '',
      };
    });
}

/** Allows only the page's one script, by its hash, and requests to its own origin. */
function toPolicy(html: string): string {
  const script = /<script>([\s\S]*)<\/script>/.exec(html)?.[1] ?? '';
  return [
    "default-src 'none'",
    `script-src 'sha256-${hash('sha256', script, 'base64')}'`,
    'worker-src blob:',
    "style-src 'unsafe-inline'",
    'font-src data:',
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
