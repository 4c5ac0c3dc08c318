import { type Block, readPages } from './pages.ts';

/** Every fenced block that is executed here, in the order of its page: regions run where they are. */
export function readBlocks(): Block[] {
  return readPages()
    .flatMap(({ blocks }) => blocks)
    .filter(({ region }) => region === null);
}

export function groupByPage(blocks: readonly Block[]): [string, Block[]][] {
  return Object.entries(Object.groupBy(blocks, ({ page }) => page)).map(([page, own]) => [
    page,
    own ?? [],
  ]);
}
