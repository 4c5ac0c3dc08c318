/**
 * Whether the destination of `KEEP_URL` is the one in which this database has its copies. In a folder whose
 * disk is not mounted, or in the wrong bucket, copies would be stored in the wrong place, and kept ones would
 * seem to be lost.
 */

import { hash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { KeepUrl } from '../config/keep-url.ts';
import { findNewestCopy } from '../store/lost-copies.ts';
import { findMeta, takeMeta } from '../store/meta.ts';
import type { Database } from '../store/schema.ts';
import { type Destination, DestinationError, type DestinationSettings } from './destination.ts';
import { guard } from './file-destination.ts';
import { openDestination } from './open-destination.ts';

/** The name of the mark. Set once it has been stored. */
const MARK = 'keep_mark';
const MARK_NAME = /^longtake-[0-9a-f]{32}$/;
const TEXT =
  'Here are copies of files of a Longtake database. Keep this file or object with them.\n';

/** The destination of a gateway, which is checked before it is used. */
export async function openOwnDestination(
  db: Database,
  url: KeepUrl,
  settings: DestinationSettings,
): Promise<Destination> {
  const destination = await openDestination(url, settings);
  let marking: Promise<void> | null = null;

  async function check(): Promise<void> {
    if (await isMarked(db, destination)) return;
    // Several copies begin at the same time.
    marking ??= mark(db, url, destination).finally(() => {
      marking = null;
    });
    await marking;
  }

  return {
    ...destination,
    check,
    async has(name) {
      if (await destination.has(name)) return true;
      await check();
      // The disk may have been mounted meanwhile.
      return destination.has(name);
    },
    async remove(name) {
      await check();
      await destination.remove(name);
    },
  };
}

/** Whether a file marks a folder with copies of a gateway. */
export function isMark(fileName: string): boolean {
  return MARK_NAME.test(fileName);
}

/** Once a destination is marked, the mark must be there. */
async function isMarked(db: Database, destination: Destination): Promise<boolean> {
  const known = await findMeta(db, MARK);
  // Earlier versions made no mark.
  const expected = known ?? (await findNewestCopy(db));
  if (expected !== null && !(await destination.has(expected))) {
    const remedy = known === null ? '' : '. If the copies are lost, create this file or object';
    throw new DestinationError(
      `${destination.name} does not contain the copies of this database: ${expected} is missing. Mount its disk, or correct KEEP_URL${remedy}`,
    );
  }
  return known !== null;
}

async function mark(db: Database, url: KeepUrl, destination: Destination): Promise<void> {
  const name = await toMarkName(db);
  if (url.kind === 'file') await guard(mkdir(resolve(url.path), { recursive: true, mode: 0o700 }));
  try {
    await destination.write(name, toSource(TEXT), new AbortController().signal);
  } catch (error) {
    // Another replica may have written the same mark at the same time.
    if (!(await destination.has(name))) throw error;
  }
  await takeMeta(db, MARK, name);
}

/** The same for each attempt: the next one replaces what an attempt has left whose process died. */
async function toMarkName(db: Database): Promise<string> {
  // Hashed, because cursors are sealed with the id.
  const id = await findMeta(db, 'database_id');
  return `longtake-${hash('sha256', `mark of ${id}`).slice(0, 32)}`;
}

async function* toSource(text: string): AsyncGenerator<Buffer, void, void> {
  yield Buffer.from(text);
}
