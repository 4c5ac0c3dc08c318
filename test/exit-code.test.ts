import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

/** Below the root, so that the test in it finds vitest. */
const FOLDER = join('artifacts', `exit-code-${process.pid}`);
const VITEST = join('node_modules', 'vitest', 'vitest.mjs');
afterAll(() => rm(FOLDER, { recursive: true, force: true }));

it.each([
  { result: 2, code: 1, means: 'fails when a test fails' },
  { result: 1, code: 0, means: 'passes when all tests pass' },
])('a run of the tests $means', async ({ result, code }) => {
  await mkdir(join(FOLDER, 'test'), { recursive: true });
  const test = `import { expect, it } from 'vitest';\nit('is one', () => expect(1).toBe(${result}));\n`;
  await writeFile(join(FOLDER, 'test', 'some.test.ts'), test);
  // As a shell would start it: not as a worker of this run.
  const env = Object.entries(process.env).filter(
    ([name]) => !/^(VITEST|TEST|FORCE_COLOR)/.test(name),
  );

  const child = spawn(process.execPath, [VITEST, 'run', '--dir', FOLDER], {
    env: { ...Object.fromEntries(env), TEST_BUILT: 'off', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const output = child.stdout.setEncoding('utf8').toArray();
  const [exitCode] = await once(child, 'exit');

  expect((await output).join('')).toContain(code === 0 ? '1 passed (1)' : '1 failed (1)');
  expect(exitCode).toBe(code);
});
