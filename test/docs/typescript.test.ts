import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SETTINGS } from './settings.ts';
import { groupByPage, readBlocks } from './support/blocks.ts';
import { ROOT } from './support/pages.ts';

const run = promisify(execFile);

const blocks = groupByPage(readBlocks().filter(({ language }) => language === 'ts')).flatMap(
  ([page, own]) => own.map((block, n) => ({ ...block, name: `${page} ${n + 1}` })),
);

/** Where programs find the packages and sources as the tests do. */
const folder = join(ROOT, 'artifacts', `docs-${process.pid}`);
const toFile = (name: string) => join(folder, `${name.replaceAll(/\W+/g, '-')}.ts`);

/** A test each, so that a slow machine has time for all of them. */
describe('the TypeScript of the pages', () => {
  beforeAll(async () => {
    await mkdir(folder, { recursive: true });
    for (const { name, text } of blocks) {
      const { before, after, replace = [] } = SETTINGS[name] ?? expect.unreachable(name);
      let body = text;
      for (const [shown, own] of replace) {
        expect(body, name).toContain(shown);
        body = body.replace(shown, own);
      }
      await writeFile(toFile(name), `${before}\n${body}\n${after}`);
    }
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../../tsconfig.json', include: ['*.ts'] }),
    );
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('has one setting per block', () => {
    expect(Object.keys(SETTINGS).sort()).toEqual(blocks.map(({ name }) => name).sort());
  });

  it('type-checks', async () => {
    // By default several checkers each check what they share: faster by the clock, with more work.
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    await run(tsc, ['-p', folder, '--checkers', '1']).catch(fail);
  });

  it.each(blocks)('runs as described: $name', async ({ name }) => {
    const NODE_COMPILE_CACHE = process.env.TEST_COMPILE_CACHE ?? '';
    const env = { ...process.env, NODE_COMPILE_CACHE };
    await run(process.execPath, [toFile(name)], { env }).catch(fail);
  });
});

/** With what the program has said. */
function fail(error: Error & { stdout?: string; stderr?: string }): never {
  throw new Error([error.message, error.stdout, error.stderr].join('\n'));
}
