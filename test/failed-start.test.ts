/** A start that fails within another program, which goes on and may try again. */

import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { startGateway } from '../src/gateway.ts';
import { openDatabase } from '../src/store/database.ts';
import { queryDatabase } from './support/database-query.ts';
import { makeFolder } from './support/folder.ts';

it.runIf(process.platform === 'linux')('leaves no file of the database open', async () => {
  await using folder = await makeFolder();
  const DATABASE_URL = `sqlite:${join(folder.path, 'gateway.db')}`;
  await (await openDatabase(DATABASE_URL)).close();
  await queryDatabase(DATABASE_URL, 'drop table allowance');
  const config = readConfig({ DATABASE_URL, APIKLEY_API_KEY: 'key', LOG_LEVEL: 'silent' });

  await expect(startGateway(config)).rejects.toThrow('allowance');

  const handles = await readdir('/proc/self/fd');
  // The one of the list itself is gone by then.
  const paths = handles.map((handle) => readlink(`/proc/self/fd/${handle}`).catch(() => ''));
  expect((await Promise.all(paths)).filter((path) => path.startsWith(folder.path))).toEqual([]);
});
