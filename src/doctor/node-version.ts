/** Which Node the gateway needs. cli.ts loads this file on any Node, so its syntax stays old. */

import { readFileSync } from 'node:fs';

/** @returns a sentence that says what to do; null if the gateway runs on this Node. */
export function explainUnsupportedNode(version: string): string | null {
  const file = new URL('../../package.json', import.meta.url);
  const engines: string = JSON.parse(readFileSync(file, 'utf8')).engines.node;
  const major = Number(version.replace('v', '').split('.')[0]);
  // `^24 || >=26`: one major, and all from another on.
  const isSupported = engines.split('||').some((range) => {
    const least = Number(range.replace(/\D/g, ''));
    return range.includes('^') ? major === least : major >= least;
  });
  if (isSupported) return null;
  return `Longtake needs Node ${engines}, and this is ${version}: install Node 24 or 26 from https://nodejs.org and run the command again.`;
}
