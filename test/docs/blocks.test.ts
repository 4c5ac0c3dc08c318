import { existsSync } from 'node:fs';
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
  yaml: 'yaml.test.ts',
  nginx: 'nginx.test.ts',
  text: '../package.test.ts',
  mermaid: 'diagrams.test.ts',
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

  it('are closed and not indented', () => {
    for (const { file, prose } of readPages()) {
      expect(prose, file).not.toMatch(/^\s*(```|~~~)/m);
    }
  });
});
