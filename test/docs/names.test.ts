import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isEnumType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { VARIABLE_NAMES } from '../../src/config.ts';
import { schema } from '../../src/schema/index.ts';
import { ROOT, readPages } from './support/pages.ts';

const Package = z.object({ scripts: z.record(z.string(), z.string()) });
const readScripts = (folder: string) =>
  Package.parse(JSON.parse(readFileSync(`${ROOT}${folder}package.json`, 'utf8'))).scripts;

/** Words in capitals that are neither variables of the gateway nor values of the schema. */
const OTHERS = new Set([
  // Of the document, or of a request for a trusted one.
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'BAD_REQUEST',
  'PERSISTED_QUERY_NOT_FOUND',
  // Codes of longtake/client.
  'NO_ANSWER',
  'VIDEO_FAILED',
  'VIDEO_WITHDRAWN',
  'SEQUENCE_PAUSED',
  'STORAGE_FAILED',
  // Of the machine.
  'EX_CONFIG',
  'EX_USAGE',
  'SQL_ASCII',
  'NODE_OPTIONS',
  'ERR_UNKNOWN_FILE_EXTENSION',
  // Of the tests and the bench.
  'TEST_DATABASE_URL',
  'TEST_BUILT',
  'SOAK_SECONDS',
  'CRASH_ROUNDS',
]);

const SANDBOX = Array.from(
  readFileSync(`${ROOT}src/sandbox/main.ts`, 'utf8').matchAll(/^ {2}([A-Z_]+): z\./gm),
  ([, name = '']) => name,
);
const VALUES = Object.values(schema.getTypeMap())
  .filter(isEnumType)
  .flatMap((type) => type.getValues().map(({ name }) => name));
const KNOWN = new Set([...VARIABLE_NAMES, ...SANDBOX, ...VALUES, ...OTHERS]);

/** Code has names of its own, which the compiler checks. */
const pages = readPages().map(({ file, text, prose, blocks }) => {
  const commands = blocks.filter(({ language }) => language === 'sh').map((block) => block.text);
  return { file, text, prose, told: [prose, ...commands].join('\n') };
});

const NAME = /\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g;
const SCRIPT = /npm run (\w[\w:-]*)(?: --prefix (\S+))?/g;
const FILE = /`((?:src|test|bench|docs|examples|codegen)\/[\w./-]+)`/g;

describe('the names on the pages', () => {
  it.each([NAME, SCRIPT, FILE])('are found by %s', (pattern) => {
    expect(pages.flatMap(({ text }) => [...text.matchAll(pattern)]).length).toBeGreaterThan(20);
  });

  it.each(pages)('that look like variables or values exist: $file', ({ told }) => {
    const names = Array.from(told.matchAll(NAME), ([name]) => name);

    const unknown = names.filter((name) => !KNOWN.has(name) && !name.startsWith('OTEL_'));

    expect(unknown).toEqual([]);
  });

  it.each(pages)('of npm scripts exist: $file', ({ file, text }) => {
    // The page of an example speaks of its own scripts too.
    const folder = /^examples\/\w+\//.exec(file)?.[0];
    const scripts = { ...readScripts(''), ...(folder && readScripts(folder)) };

    for (const [, name = '', prefix] of text.matchAll(SCRIPT)) {
      expect(Object.keys(prefix ? readScripts(`${prefix}/`) : scripts), file).toContain(name);
    }
  });

  it.each(pages)('of files exist: $file', ({ file, prose }) => {
    const places = [ROOT, `${ROOT}${dirname(file)}/`];
    const paths = Array.from(prose.matchAll(FILE), ([, path = '']) => path);

    const isThere = (path: string) => places.some((place) => existsSync(`${place}${path}`));
    expect(paths.filter((path) => !isThere(path))).toEqual([]);
  });
});
