/** Run by `npm version`: gives the unreleased changes of CHANGELOG.md the new version and the date. */

import { readFile, writeFile } from 'node:fs/promises';

const FILE = new URL('CHANGELOG.md', import.meta.url);
const HEADING = '## [Unreleased]\n';

const version = process.env.npm_package_version;
const text = await readFile(FILE, 'utf8');
const [, unreleased = ''] = text.split(/^## .*$/m);
if (!version || !text.includes(HEADING) || !unreleased.includes('\n- ')) {
  process.stderr.write('CHANGELOG.md has no unreleased changes, so there is nothing to release.\n');
  process.exit(1);
}
const date = new Date().toISOString().slice(0, 10);
await writeFile(FILE, text.replace(HEADING, `${HEADING}\n## [${version}] - ${date}\n`));
