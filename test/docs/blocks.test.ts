import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readBlocks } from './support/blocks.ts';
import { ROOT, readPages } from './support/pages.ts';

/** The languages of the pages, and the test that executes each. Another kind of block needs its own. */
const EXECUTED_BY: Readonly<Record<string, string>> = {
  sh: 'commands.test.ts',
  graphql: 'graphql.test.ts',
  json: 'graphql.test.ts',
  ts: 'typescript.test.ts',
  sql: 'sql.test.ts',
  mermaid: 'lifecycle.test.ts',
};

const all = readPages().flatMap(({ blocks }) => blocks);

describe('the code blocks of the pages', () => {
  it('are in languages that a test executes', () => {
    const strange = readBlocks().filter(({ language }) => !(language in EXECUTED_BY));

    expect(all.length).toBeGreaterThan(20);
    expect(strange.map(({ at, language }) => `${at} ${language}`)).toEqual([]);
    for (const test of Object.values(EXECUTED_BY)) {
      expect(existsSync(`${ROOT}test/docs/${test}`), test).toBe(true);
    }
  });

  it('are, where they name a region of a file, that region', () => {
    for (const { at, text, region } of all) {
      if (region) expect(text, at).toBe(readRegion(region.path, region.name));
    }
  });

  it('are closed, and none is hidden by its indentation', () => {
    for (const { file, prose } of readPages()) {
      expect(prose, file).not.toMatch(/^\s*(```|~~~)/m);
    }
  });
});

/** The lines between `#region name` and `#endregion`. */
function readRegion(path: string, name: string): string {
  const lines = readFileSync(`${ROOT}${path}`, 'utf8').split('\n');
  const begin = lines.findIndex((line) => line.trim().endsWith(`#region ${name}`));
  const end = lines.findIndex((line, n) => n > begin && line.trim().endsWith('#endregion'));
  if (begin < 0 || end < 0) return expect.unreachable(`${path} has no region ${name}`);
  return `${lines.slice(begin + 1, end).join('\n')}\n`;
}
