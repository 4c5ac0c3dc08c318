import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openSqliteFile } from '../src/store/sqlite.ts';
import { makeFolder } from './support/folder.ts';

const PAGE_BYTES = 4_096;

/** A file of so many MiB, with garbage in its last page. */
async function makeDamagedFile(path: string, mib: number): Promise<void> {
  const file = new DatabaseSync(path);
  file.exec('create table filler (bytes blob)');
  file.prepare('insert into filler values (zeroblob(?))').run(mib * 1024 * 1024);
  file.close();
  const handle = await open(path, 'r+');
  const { size } = await handle.stat();
  // The number of the page after this one, which does not exist.
  await handle.write(Buffer.alloc(4, 0x5a), 0, 4, size - 2 * PAGE_BYTES);
  await handle.close();
}

describe('an SQLite file', () => {
  it('of usual size is refused if a page is damaged', async () => {
    await using folder = await makeFolder();
    const path = join(folder.path, 'small.db');
    await makeDamagedFile(path, 1);
    expect(() => openSqliteFile(path)).toThrow(`${path} cannot be used`);
  });

  it('above 64 MiB is opened without reading all of it, so that a long history delays no start', async () => {
    await using folder = await makeFolder();
    const path = join(folder.path, 'large.db');
    await makeDamagedFile(path, 65);
    openSqliteFile(path).close();
    await rm(path);
  });
});
