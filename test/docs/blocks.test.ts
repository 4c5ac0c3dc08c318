import { describe, expect, it } from 'vitest';
import { readBlocks } from './support/blocks.ts';
import { readPages } from './support/pages.ts';

/** Each has a test beside this one. */
const EXECUTED = ['sh', 'graphql', 'json', 'ts', 'mermaid'];

describe('the code blocks of the pages', () => {
  it('are found', () => {
    const languages = new Set(readBlocks().map(({ language }) => language));

    expect([...languages].sort()).toEqual(EXECUTED.toSorted());
  });

  it('are in languages that a test executes', () => {
    const strange = readBlocks().filter(({ language }) => !EXECUTED.includes(language));

    expect(strange.map(({ at, language }) => `${at} ${language}`)).toEqual([]);
  });

  it('are closed, and none is hidden by its indentation', () => {
    for (const { file, prose } of readPages()) {
      expect(prose, file).not.toMatch(/^\s*(```|~~~)/m);
    }
  });
});
