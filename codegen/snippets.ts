/** Code blocks of the pages that are regions of tested files, so that what is shown is what runs. */

import { readFile } from 'node:fs/promises';

/** `<!-- examples/clients/urql.ts#setup -->`, and the block below it. */
const SNIPPET = /(<!-- (\S+)#(\S+) -->\n+```(\w+)\n).*?(?<=\n)(```\n)/gs;

/**
 * The page with each such block as its region now is.
 *
 * @throws Error where a page names a region that there is not.
 */
export async function fillSnippets(page: string): Promise<string> {
  const filled: string[] = [];
  let end = 0;
  for (const match of page.matchAll(SNIPPET)) {
    const [whole, head = '', path = '', region = '', , tail = ''] = match;
    filled.push(page.slice(end, match.index), head, await readRegion(path, region), tail);
    end = match.index + whole.length;
  }
  return [...filled, page.slice(end)].join('');
}

async function readRegion(path: string, name: string): Promise<string> {
  const lines = (await readFile(path, 'utf8')).split('\n');
  const begin = lines.findIndex((line) => line.trim().endsWith(`#region ${name}`));
  if (begin < 0) throw new Error(`${path} has no region ${name}.`);
  const length = lines.slice(begin).findIndex((line) => line.trim().endsWith('#endregion'));
  if (length < 0) throw new Error(`The region ${name} of ${path} does not end.`);
  return `${lines.slice(begin + 1, begin + length).join('\n')}\n`;
}
