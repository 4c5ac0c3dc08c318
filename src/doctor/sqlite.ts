/** Checks the SQLite file without creating, locking or migrating it. */

import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { type Landed, readLanded } from '../store/applied-migrations.ts';
import { SQLITE_MIGRATIONS } from '../store/database.ts';
import { primaryCode } from '../store/sqlite.ts';
import { examineDailySubmits } from './account.ts';
import { type Finding, fault, ok, toReason } from './finding.ts';
import { judgeMigrations } from './migrations.ts';
import { examinePauses } from './pauses.ts';
import { examineQueue } from './queue.ts';

/** @param cap `SUBMITS_PER_DAY`. */
export async function examineSqlite(path: string, cap: number): Promise<Finding[]> {
  if (path === ':memory:') return [];
  const folder = dirname(resolve(path));
  if (!existsSync(path)) {
    const existing = toExisting(folder);
    return [
      statSync(existing).isDirectory() && isWritable(existing)
        ? ok('database', `${path} does not exist yet; the first start creates it`)
        : fault(
            'database',
            `${path} does not exist and cannot be created`,
            `Give this user write permission on ${existing}, or set DATABASE_URL to another path.`,
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
          'Give this user write permission on the file and its folder.',
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
          ? 'Check the path in DATABASE_URL.'
          : 'Restore a backup, or set DATABASE_URL to another file.',
      ),
    ];
  }
}

/**
 * Whether a gateway holds the file. Reading under a normal lock would create files next to the database.
 * A read-only connection in exclusive mode creates none: SQLite answers BUSY if a gateway holds the file,
 * and another error if not, because a read-only connection cannot get that lock.
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

/** `immutable` ignores locks and creates no files. */
async function readTables(path: string, cap: number): Promise<{ landed: Landed; uses: Finding[] }> {
  const url = pathToFileURL(path);
  url.search = 'immutable=1';
  const file = new DatabaseSync(url, { readOnly: true });
  try {
    const ask = async (statement: string) => file.prepare(statement).all();
    const landed = await readLanded('sqlite', ask);
    const daily = await examineDailySubmits(cap, landed.names, ask);
    const pauses = await examinePauses(landed.names, ask);
    const queue = await examineQueue(landed.names, ask);
    return { landed, uses: [...daily, ...pauses, ...queue] };
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
