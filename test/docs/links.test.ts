import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, readPages } from './support/pages.ts';

const pages = readPages();
const anchorsOf = new Map(pages.map(({ file, anchors }) => [file, anchors]));

/** Null where it leads somewhere. */
function findFault(from: string, link: string): string | null {
  if (/^https?:/.test(link)) return URL.canParse(link) ? null : 'not a URL';
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? from : posix.normalize(posix.join(posix.dirname(from), path));
  if (!existsSync(`${ROOT}${target}`)) return 'no such file';
  if (anchor === undefined) return null;
  return anchorsOf.get(target)?.has(anchor) ? null : 'no such heading';
}

describe('the links', () => {
  it.each(pages.map(({ file, links }) => ({ file, links })))(
    'of $file lead to existing pages and headings',
    ({ file, links }) => {
      const faults = links.flatMap((link) => {
        const fault = findFault(file, link);
        return fault ? [`${link}: ${fault}`] : [];
      });

      expect(faults).toEqual([]);
    },
  );

  it('lead from the README to the index, and from the index to every page below docs/', () => {
    const linksOf = (name: string) =>
      new Set(
        pages
          .find(({ file }) => file === name)
          ?.links.map((link) => posix.join(posix.dirname(name), link.split('#')[0] ?? '')),
      );
    const own = pages
      .map(({ file }) => file)
      .filter((file) => /^docs\/(operations\/)?[^/]+\.md$/.test(file) && file !== 'docs/README.md');

    expect([...linksOf('README.md')]).toContain('docs/README.md');
    expect([...linksOf('docs/README.md')]).toEqual(expect.arrayContaining(own));
  });
});
