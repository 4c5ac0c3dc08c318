import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeClone, runInShell } from './docs/support/shell.ts';

describe('npm run start:built', () => {
  let clone: Awaited<ReturnType<typeof makeClone>>;
  beforeAll(async () => {
    clone = await makeClone();
  });
  afterAll(() => clone[Symbol.asyncDispose]());
  const run = (command: string) =>
    runInShell(command, { cwd: clone.path, env: { PATH: process.env.PATH ?? '' } });

  it('asks for a build if there is none, and starts the one that npm run build makes', async () => {
    const without = await run('npm run -s start:built');
    const building = await run('npm run -s build');
    // It gets as far as its environment, which is empty here.
    const withIt = await run('npm run -s start:built');

    expect(without.output).toBe('There is no build to start. Make one: npm run build\n');
    expect(without.code).toBe(1);
    expect(building.output).toMatch(
      /^Built dist\/gateway in [\d.]+ s: \d+ files of [\d.]+ MB, with source maps\.\nStart it: npm run start:built\n$/,
    );
    expect(withIt.output).toContain('APIKLEY_API_KEY: is required');
    expect(withIt.code).toBe(78);
  });
});
