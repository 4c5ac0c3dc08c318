/**
 * Whether the folder of `KEEP_URL` is the one in which this database has its copies. Without its disk, an
 * empty folder is in its place: copies would be stored on the wrong disk, and kept ones seem to be lost.
 */

import { mkdir, open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { KeepUrl } from '../keep-url.ts';
import { findNewestCopy } from '../store/lost-copies.ts';
import { findMeta, writeMeta } from '../store/meta.ts';
import type { Database } from '../store/schema.ts';
import type { Destination, DestinationSettings } from './destination.ts';
import { exists, guard, syncFolder } from './file-destination.ts';
import { openDestination } from './open-destination.ts';

/** Set once the folder has been marked. */
const IS_MARKED = 'keep_folder_marked';
const MARK = /^longtake-[0-9a-f]{32}$/;
const TEXT =
  'This folder contains copies of files of a Longtake database. Keep this file with them.\n';

export interface KeptDatabase {
  readonly db: Database;
  /** Of the database. */
  readonly id: string;
}

/** The destination of a gateway, which is checked before it is used. */
export async function openOwnDestination(
  database: KeptDatabase,
  url: KeepUrl,
  settings: DestinationSettings,
): Promise<Destination> {
  const destination = await openDestination(url, settings);
  if (url.kind !== 'file') return destination;
  const check = () => guard(checkFolder(database, resolve(url.path)));
  return {
    ...destination,
    check,
    async has(name) {
      await check();
      return destination.has(name);
    },
    async remove(name) {
      await check();
      await destination.remove(name);
    },
  };
}

/** Whether a folder contains copies of a gateway. */
export function isMark(fileName: string): boolean {
  return MARK.test(fileName);
}

/** Marks the folder with a file at the first use. From then on it must contain that file. */
async function checkFolder({ db, id }: KeptDatabase, folder: string): Promise<void> {
  const mark = join(folder, `longtake-${id}`);
  if (await exists(mark)) return;
  if (await isInUse(db, folder)) {
    throw new Error(
      `${folder} does not contain the copies of this database: the file longtake-${id} is missing. Mount its disk, or correct KEEP_URL. If the copies are lost, create this file`,
    );
  }
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = await open(mark, 'w', 0o600);
  try {
    await file.writeFile(TEXT);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(folder);
  await writeMeta(db, IS_MARKED, 'yes');
}

async function isInUse(db: Database, folder: string): Promise<boolean> {
  if ((await findMeta(db, IS_MARKED)) !== null) return true;
  // Earlier versions made no mark.
  const newest = await findNewestCopy(db);
  return newest !== null && !(await exists(join(folder, newest)));
}
