import { existsSync } from 'node:fs';
import { ELSEWHERE } from './elsewhere.ts';
import { type Block, ROOT, readPages } from './pages.ts';

/** Every fenced block that is executed here, in the order of its page. */
export function readBlocks(): Block[] {
  return readPages()
    .flatMap(({ blocks }) => blocks)
    .filter((block) => !isElsewhere(block));
}

function isElsewhere({ page, language }: Block): boolean {
  return ELSEWHERE.some(
    ({ pages, languages, by }) =>
      (page === pages || (pages.endsWith('/') && page.startsWith(pages))) &&
      languages.includes(language) &&
      existsSync(`${ROOT}${by}`),
  );
}

export function groupByPage(blocks: readonly Block[]): [string, Block[]][] {
  return Object.entries(Object.groupBy(blocks, ({ page }) => page)).map(([page, own]) => [
    page,
    own ?? [],
  ]);
}
