/** The shape of src/: which folder may import which, no cycles, and no file that holds two subjects. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = new URL('../src/', import.meta.url).pathname;
const MAX_LINES = 250;

const files = readdirSync(SRC, { recursive: true })
  .map(String)
  .filter((file) => file.endsWith('.ts'));

/** What each file imports of src/, types included. */
const imports = new Map(
  files.map((file) => {
    const text = readFileSync(join(SRC, file), 'utf8');
    const found = text.matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+\.ts)'/g);
    const targets = Array.from(found, ([, path = '']) => normalize(join(dirname(file), path)));
    return [file, targets.filter((target) => !target.startsWith('..'))];
  }),
);

/** The folder below src/, or the file itself where it lies directly in it. */
const folderOf = (file: string) => file.split('/')[0] ?? '';

/** From the top down: a folder may import those below it in this list, and itself. */
const LAYERS = [
  ['cli.ts', 'index.ts'],
  ['main.ts', 'demo', 'doctor', 'sandbox', 'token.ts', 'forget-owner.ts'],
  ['gateway.ts'],
  ['fast'],
  ['server'],
  ['schema'],
  ['resolvers'],
  ['context.ts'],
  ['callbacks', 'files', 'sequences', 'submit', 'upkeep'],
  ['delivery'],
  ['telemetry', 'auth'],
  ['store', 'upstream'],
];

const layerOf = (file: string) => LAYERS.findIndex((layer) => layer.includes(folderOf(file)));

function findCycle(): string[] | null {
  const done = new Set<string>();
  const path: string[] = [];
  function visit(file: string): string[] | null {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    path.push(file);
    for (const target of imports.get(file) ?? []) {
      const cycle = visit(target);
      if (cycle) return cycle;
    }
    path.pop();
    done.add(file);
    return null;
  }
  for (const file of files) {
    const cycle = visit(file);
    if (cycle) return cycle;
  }
  return null;
}

describe('the sources', () => {
  it('import only downwards', () => {
    const upwards = [...imports].flatMap(([file, targets]) =>
      targets
        .filter((target) => {
          const [from, to] = [layerOf(file), layerOf(target)];
          // Files outside of the layers are the ground: anybody may import them, and they no layer.
          return from === -1 ? to !== -1 : to !== -1 && to < from;
        })
        .map((target) => `${file} → ${target}`),
    );
    expect(upwards).toEqual([]);
  });

  it('have no cycle of imports, types included', () => {
    expect(findCycle()).toBeNull();
  });

  it('keep the fast paths removable: gateway.ts alone imports them', () => {
    const users = [...imports].filter(
      ([file, targets]) =>
        folderOf(file) !== 'fast' && targets.some((target) => folderOf(target) === 'fast'),
    );
    expect(users.map(([file]) => file)).toEqual(['gateway.ts']);
  });

  it('keep GraphQL out of resolvers, and SQL in the store', () => {
    const uses = (folder: string, pattern: RegExp) =>
      files.filter(
        (file) => file.startsWith(folder) && pattern.test(readFileSync(join(SRC, file), 'utf8')),
      );
    expect(uses('resolvers/', /from 'graphql/)).toEqual([]);
    expect(
      files.filter(
        (file) =>
          folderOf(file) !== 'store' &&
          /from '(?:kysely|node:sqlite)/.test(readFileSync(join(SRC, file), 'utf8')),
      ),
    ).toEqual(['doctor/sqlite.ts']);
  });

  it(`have no file above ${MAX_LINES} lines`, () => {
    const long = files
      .filter((file) => statSync(join(SRC, file)).isFile())
      .map((file) => ({
        file,
        lines: readFileSync(join(SRC, file), 'utf8').split('\n').length - 1,
      }))
      .filter(({ lines }) => lines > MAX_LINES);
    expect(long).toEqual([]);
  });

  it('of the client import only each other', () => {
    const folder = join(SRC, '../client');
    const foreign = readdirSync(folder).flatMap((file) =>
      Array.from(
        readFileSync(join(folder, file), 'utf8').matchAll(/from '(?!\.\/)([^']+)'/g),
        ([, target]) => `${file} → ${target}`,
      ),
    );
    expect(foreign).toEqual([]);
  });

  it('are all checked by this test', () => {
    expect(files.length).toBeGreaterThan(100);
    expect(imports.get('gateway.ts')).toContain(relative(SRC, join(SRC, 'config.ts')));
  });
});
