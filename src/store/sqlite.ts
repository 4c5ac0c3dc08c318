/** The embedded database: `node:sqlite` behind Kysely's SQLite dialect. */

import { accessSync, closeSync, constants, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import {
  type CompiledQuery,
  type Dialect,
  type QueryResult,
  SqliteAdapter,
  SqliteDialect,
} from 'kysely';
import { GatewayUnavailableError } from '../errors.ts';
import { createGroupCommitDriver } from './group-commit.ts';
import type { Database } from './schema.ts';
import { NO_WAL, openWal } from './wal.ts';

/** Primary result codes after which the same statement may succeed later (sqlite.org/rescode.html). */
const UNAVAILABLE = new Set([5, 6, 7, 8, 10, 11, 13, 14, 26]); // busy, locked, no memory, read-only, I/O, corrupt, full, cannot open, not a database

/**
 * Opens the file exclusively for this process until `close`, in WAL mode. The dialect acknowledges a
 * commit only when it is on disk.
 *
 * @throws Error with a sentence for the operator when the file cannot be used: held by another
 * process, not writable, or not a sound database. It is never replaced by a fresh one.
 */
export function openSqliteFile(path: string): DatabaseSync {
  try {
    if (path !== ':memory:') makeFile(path);
    const file = new DatabaseSync(path, { timeout: 200 });
    try {
      // The lock is held from here on, so a second gateway cannot start on the same file.
      file.exec('pragma locking_mode = exclusive');
      file.exec('pragma journal_mode = wal');
      // wal.ts adds the durability of `full`.
      file.exec('pragma synchronous = normal');
      // The default is 1,000 pages, about 70 submits. A checkpoint blocks the event loop while it writes the
      // pages to the file. The log grows to 16 MiB.
      file.exec('pragma wal_autocheckpoint = 4000');
      // Without this, SQLite may write undo data to a temporary file outside of the database's folder.
      file.exec('pragma temp_store = memory');
      // Overwrites deleted content, because users may ask for the deletion of their prompts.
      file.exec('pragma secure_delete = fast');
      file.exec('begin immediate; commit');
      if (isSmall(path)) checkPages(file);
      // Deterministic, so that it is evaluated once per statement instead of once per row.
      file.function('now_ms', { deterministic: true }, () => Date.now());
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  } catch (error) {
    throw new Error(
      `DATABASE_URL: the SQLite file ${path} cannot be used: ${explainSqlite(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** The check reads the whole file, and takes about 8 s for 1 GiB. */
const MAX_CHECKED_BYTES = 64 * 1024 * 1024;

function isSmall(path: string): boolean {
  return path === ':memory:' || statSync(path).size <= MAX_CHECKED_BYTES;
}

function checkPages(file: DatabaseSync): void {
  const fault = String(Object.values(file.prepare('pragma quick_check(1)').get() ?? {})[0]);
  if (fault !== 'ok') throw new Error(fault);
}

/** Readable by this user only, because it holds prompts and URLs in clear text. SQLite would use the umask. */
function makeFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // SQLite would open it read-only and fail later with an I/O error.
    accessSync(path, constants.W_OK);
  }
}

/** Explains in a sentence for the operator why the file cannot be used. */
export function explainSqlite(error: unknown): string {
  switch (toTrouble(error)) {
    case 'held':
      return 'another process is using it. One file serves one gateway: stop the other process, or name another file.';
    case 'unsound':
      return 'it is not a sound SQLite database. Restore a backup.';
    case 'full':
      return 'its disk is full. Free space, or name a file on another disk.';
    case 'read-only':
      return 'it is read-only. Check the rights of the file, and whether its file system is mounted read-only.';
    case 'forbidden':
      return 'it cannot be written. Check the folder and its owner.';
  }
  return error instanceof Error ? error.message : String(error);
}

type Trouble = 'held' | 'unsound' | 'full' | 'read-only' | 'forbidden';

/** By SQLite's primary code, or by Node's code while the folder or the file is created. */
function toTrouble(error: unknown): Trouble | undefined {
  switch (primaryCode(error) ?? (error as NodeJS.ErrnoException | null)?.code) {
    case 5:
      return 'held';
    case 11:
    case 26:
      return 'unsound';
    case 13:
    case 'ENOSPC':
    case 'EDQUOT':
      return 'full';
    case 8:
    case 'EROFS':
      return 'read-only';
    case 14:
    case 'EACCES':
    case 'EPERM':
      return 'forbidden';
  }
  return undefined;
}

export function primaryCode(error: unknown): number | undefined {
  const extended = (error as { errcode?: unknown } | null)?.errcode;
  return typeof extended === 'number' ? extended & 0xff : undefined;
}

/** The dialect on an open file. Kysely closes the file in `destroy`. */
export function createSqliteDialect(file: DatabaseSync): Dialect {
  // The other parts of Kysely's dialect need no database.
  const dialect = new SqliteDialect({ database: async () => Promise.reject() });
  const path = file.location();
  const wal = path === null ? NO_WAL : openWal(path);
  return {
    createDriver: () => createGroupCommitDriver(file, wal, createExecutor(file)),
    createAdapter: () => new FileAdapter(),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
  };
}

/** Whether the database is SQLite. */
export function isEmbedded(db: Database): boolean {
  return db.getExecutor().adapter instanceof FileAdapter;
}

class FileAdapter extends SqliteAdapter {
  /** Kysely assumes false, and would leave a failed migration half applied. */
  override get supportsTransactionalDdl(): boolean {
    return true;
  }

  /** The driver has a queue for its one connection. Kysely's own queue would wake all waiters each time. */
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

function createExecutor(file: DatabaseSync): (query: CompiledQuery) => QueryResult<unknown> {
  const statements = new Map<string, { statement: StatementSync; isReader: boolean }>();

  // Statement texts are few because values are parameters, but lists in `in (…)` vary: bound the cache.
  function prepare(sql: string) {
    const known = statements.get(sql);
    if (known) return known;
    const statement = file.prepare(sql);
    if (statements.size >= 500) statements.delete(statements.keys().next().value ?? '');
    const prepared = { statement, isReader: statement.columns().length > 0 };
    statements.set(sql, prepared);
    return prepared;
  }

  return ({ sql, parameters }) =>
    guard(() => {
      const { statement, isReader } = prepare(sql);
      const values = parameters.map(toSql);
      if (isReader) return { rows: statement.all(...values) };
      const { changes, lastInsertRowid } = statement.run(...values);
      return {
        rows: [],
        numAffectedRows: BigInt(changes),
        insertId: BigInt(lastInsertRowid),
      };
    });
}

/** Converts failures of the disk or the file, which are not the caller's fault, to a typed error. */
function guard<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (UNAVAILABLE.has(primaryCode(error) ?? -1))
      throw new GatewayUnavailableError({ cause: error });
    throw error;
  }
}

/** node:sqlite reads an object as named parameters, so a Date would silently bind null. */
function toSql(value: unknown): SQLInputValue {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (
    value === null ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'bigint' ||
    value instanceof Uint8Array
  ) {
    return value;
  }
  throw new TypeError(`SQLite cannot store a value of type ${typeof value}.`);
}
