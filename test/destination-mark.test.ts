/** The file with which a database marks the folder of its copies. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { openOwnDestination } from '../src/files/destination-mark.ts';
import { openDatabase } from '../src/store/database.ts';
import { makeFolder } from './support/folder.ts';

it('is there once, although the first process to write it died before it was recorded', async () => {
  await using folder = await makeFolder();
  const kept = join(folder.path, 'kept');
  const { db, close } = await openDatabase(`sqlite:${join(folder.path, 'gateway.db')}`);
  const url = { kind: 'file', path: kept } as const;
  const destination = await openOwnDestination(db, url, { NO_PROXY: [], KEEP_MAX_BYTES: 1_000 });
  await sql`create trigger death before insert on meta when new.name = 'keep_mark'
    begin select raise(abort, 'died'); end`.execute(db);
  await expect(destination.check?.()).rejects.toThrow('died');
  await sql`drop trigger death`.execute(db);

  await destination.check?.();

  expect(await readdir(kept)).toHaveLength(1);
  destination.close();
  await close();
});
