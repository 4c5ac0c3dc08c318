/** Database files for SQLite. */

import { constants } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The URL of a database file in this folder. A file that is not there yet is made as a copy of the one
 * that test/support/global-setup.ts has made for the run: it has the gateway's tables and no rows.
 */
export async function makeDatabaseFile(folder: string): Promise<string> {
  const path = join(folder, 'gateway.db');
  const tables = process.env.TEST_SQLITE_TABLES;
  if (tables) {
    await copyFile(tables, path, constants.COPYFILE_EXCL).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
  return `sqlite:${path}`;
}
