/** A look at the embedded database that changes nothing: no file is made, locked or brought up to date. */

import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { SQLITE_MIGRATIONS } from '../store/database.ts';
import { type Landed, readLanded } from '../store/landed.ts';
import { primaryCode } from '../store/sqlite.ts';
import { examineDailySubmits } from './account.ts';
import { type Finding, fault, ok, toReason } from './finding.ts';
import { judgeMigrations } from './migrations.ts';
import { examinePauses } from './pauses.ts';

/** @param cap `SUBMITS_PER_DAY`. */
export async function examineSqlite(path: string, cap: number): Promise<Finding[]> {
  if (path === ':memory:') return [];
  const folder = dirname(resolve(path));
  if (!existsSync(path)) {
    const existing = toExisting(folder);
    return [
      statSync(existing).isDirectory() && isWritable(existing)
        ? ok('database', `${path} is not there yet, and will be made at the first start`)
        : fault(
            'database',
            `${path} is not there, and cannot be made`,
            `Give this user the right to write in ${existing}, or set DATABASE_URL to another place.`,
          ),
    ];
  }
  try {
    if (isHeld(path)) {
      return [
        ok('database', `${path} is in use by another process, a running gateway most likely`),
      ];
    }
    const { landed, uses } = await readTables(path, cap);
    if (!isWritable(path) || !isWritable(folder)) {
      return [
        fault(
          'database',
          `${path} cannot be written`,
          'Give this user the right to write the file and its folder.',
        ),
      ];
    }
    return [judgeMigrations(path, landed, SQLITE_MIGRATIONS), ...uses];
  } catch (error) {
    const isSound = ![11, 26].includes(primaryCode(error) ?? 0);
    return [
      fault(
        'database',
        `${path} ${isSound ? `cannot be read: ${toReason(error)}` : 'is not a sound SQLite database'}`,
        isSound
          ? 'See what DATABASE_URL names.'
          : 'Restore a backup, or set DATABASE_URL to another file.',
      ),
    ];
  }
}

/**
 * Reading under a lock of one's own would make files beside the database. A reader who asks for an
 * exclusive lock makes none: it is refused as busy where a gateway holds the file, and in another
 * way where none does, because a reader may not have that lock.
 */
function isHeld(path: string): boolean {
  const file = new DatabaseSync(path, { readOnly: true, timeout: 0 });
  try {
    file.exec('pragma locking_mode = exclusive');
    file.prepare('select count(*) from sqlite_schema').get();
    return false;
  } catch (error) {
    if (primaryCode(error) === 5) return true;
    if (primaryCode(error) === 10) return false;
    throw error;
  } finally {
    file.close();
  }
}

/** `immutable` reads past all locks, and leaves no trace. */
async function readTables(path: string, cap: number): Promise<{ landed: Landed; uses: Finding[] }> {
  const url = pathToFileURL(path);
  url.search = 'immutable=1';
  const file = new DatabaseSync(url, { readOnly: true });
  try {
    const ask = async (statement: string) => file.prepare(statement).all();
    const landed = await readLanded('sqlite', ask);
    const daily = await examineDailySubmits(cap, landed.names, ask);
    return { landed, uses: [...daily, ...(await examinePauses(landed.names, ask))] };
  } finally {
    file.close();
  }
}

function toExisting(folder: string): string {
  return existsSync(folder) ? folder : toExisting(dirname(folder));
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
