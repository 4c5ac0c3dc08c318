import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { SETTINGS } from './settings.ts';
import { groupByPage, readBlocks } from './support/blocks.ts';
import { ROOT } from './support/pages.ts';

const run = promisify(execFile);

const blocks = groupByPage(readBlocks().filter(({ language }) => language === 'ts')).flatMap(
  ([page, own]) => own.map((block, n) => ({ ...block, name: `${page} ${n + 1}` })),
);

/** A folder in which programs find the packages and sources as the tests do; gone with its scope. */
async function makeFolder() {
  const path = join(ROOT, 'artifacts', `docs-${process.pid}`);
  await mkdir(path, { recursive: true });
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

describe('the TypeScript of the pages', () => {
  it('has one setting per block', () => {
    expect(Object.keys(SETTINGS).sort()).toEqual(blocks.map(({ name }) => name).sort());
  });

  it('type-checks and runs as described', async () => {
    await using folder = await makeFolder();
    const files: string[] = [];
    for (const { name, text } of blocks) {
      const { before, after, replace = [] } = SETTINGS[name] ?? expect.unreachable(name);
      let body = text;
      for (const [shown, own] of replace) {
        expect(body, name).toContain(shown);
        body = body.replace(shown, own);
      }
      const file = join(folder.path, `${name.replaceAll(/\W+/g, '-')}.ts`);
      await writeFile(file, `${before}\n${body}\n${after}`);
      files.push(file);
    }
    await writeFile(
      join(folder.path, 'tsconfig.json'),
      JSON.stringify({ extends: '../../tsconfig.json', include: ['*.ts'] }),
    );

    await run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder.path]).catch(fail);
    for (const file of files) await run(process.execPath, [file]).catch(fail);
  });
});

/** With what the program has said. */
function fail(error: Error & { stdout?: string; stderr?: string }): never {
  throw new Error([error.message, error.stdout, error.stderr].join('\n'));
}
