import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeClone, runInShell } from './docs/support/shell.ts';
import { toNpmEnvironment } from './support/npm.ts';

describe('npm version', () => {
  it('dates the changelog, commits and tags, and refuses a release without changes', async () => {
    await using clone = await makeClone();
    const changelog = join(clone.path, 'CHANGELOG.md');
    const run = (command: string) =>
      runInShell(command, {
        cwd: clone.path,
        env: {
          ...toNpmEnvironment(process.execPath),
          GIT_AUTHOR_NAME: 'a',
          GIT_AUTHOR_EMAIL: 'a@example.com',
          GIT_COMMITTER_NAME: 'a',
          GIT_COMMITTER_EMAIL: 'a@example.com',
        },
      });
    await writeFile(
      changelog,
      '# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A thing.\n\n## [0.2.0] - 2026-11-28\n\n- Another.\n',
    );
    await run('git init -q && git add . && git commit -qm first');

    const first = await run('npm version 7.0.0');
    const log = await run('git log --format=%s -1 && git tag && git status --short');
    const second = await run('npm version 7.0.1');

    expect(first.code).toBe(0);
    expect(log.output).toBe('7.0.0\nv7.0.0\n');
    const date = new Date().toISOString().slice(0, 10);
    expect(await readFile(changelog, 'utf8')).toBe(
      `# Changelog\n\n## [Unreleased]\n\n## [7.0.0] - ${date}\n\n### Added\n\n- A thing.\n\n## [0.2.0] - 2026-11-28\n\n- Another.\n`,
    );
    expect(second.output).toContain('CHANGELOG.md has no unreleased changes');
    expect(second.code).not.toBe(0);
  });
});
