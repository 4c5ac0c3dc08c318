/** The embedded engine: `node:sqlite` behind Kysely's own SQLite dialect. */

import { accessSync, closeSync, constants, mkdirSync, openSync } from 'node:fs';
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
 * Opens the file, and takes it for this process alone until `close`: WAL, whose commits
 * the dialect puts on disk before they are acknowledged.
 *
 * @throws Error with a sentence for the operator when the file cannot be used: held by another
 * process, not writable, or not a sound database. It is never replaced by a fresh one.
 */
export function openSqliteFile(path: string): DatabaseSync {
  try {
    if (path !== ':memory:') makeFile(path);
    const file = new DatabaseSync(path, { timeout: 200 });
    try {
      // With the lock held from here on, a second gateway cannot start on the same file.
      file.exec('pragma locking_mode = exclusive');
      file.exec('pragma journal_mode = wal');
      // What `full` adds to it is done by wal.ts.
      file.exec('pragma synchronous = normal');
      // What a statement would undo is otherwise kept in a file elsewhere: once it has been large, always.
      file.exec('pragma temp_store = memory');
      file.exec('begin immediate; commit');
      const fault = String(Object.values(file.prepare('pragma quick_check(1)').get() ?? {})[0]);
      if (fault !== 'ok') throw new Error(fault);
      // Asked once for a statement, and not for each of its rows.
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

/** Prompts and addresses lie in it in clear text, so it is for this user alone. SQLite would heed the umask. */
function makeFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // SQLite would open it for reading, and fail later with an I/O error.
    accessSync(path, constants.W_OK);
  }
}

/** Why the file cannot be used, in a sentence for the operator. */
export function explainSqlite(error: unknown): string {
  switch (toTrouble(error)) {
    case 'held':
      return 'another process is using it. One file serves one gateway: end the other, or name another file.';
    case 'unsound':
      return 'it is not a sound SQLite database. Restore a backup.';
    case 'full':
      return 'its disk is full. Make room, or name a file on another disk.';
    case 'read-only':
      return 'it is read-only. Check the rights of the file, and whether its file system is mounted read-only.';
    case 'forbidden':
      return 'it cannot be written. Check the folder and its owner.';
  }
  return error instanceof Error ? error.message : String(error);
}

type Trouble = 'held' | 'unsound' | 'full' | 'read-only' | 'forbidden';

/** By SQLite's primary code, or Node's while the folder or the file is made. */
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

/** The dialect over an open file. Kysely closes the file with `destroy`. */
export function createSqliteDialect(file: DatabaseSync): Dialect {
  // The rest of Kysely's own dialect never asks for a database.
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

/** Whether it is this engine that the database is on. */
export function isEmbedded(db: Database): boolean {
  return db.getExecutor().adapter instanceof FileAdapter;
}

class FileAdapter extends SqliteAdapter {
  /** Kysely assumes otherwise, and would leave a failed migration half applied. */
  override get supportsTransactionalDdl(): boolean {
    return true;
  }

  /** There is one, and the driver itself queues for it: Kysely wakes the whole queue at each turn. */
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

function createExecutor(file: DatabaseSync): (query: CompiledQuery) => QueryResult<unknown> {
  const statements = new Map<string, { statement: StatementSync; isReader: boolean }>();

  // Kysely's texts are few (values are parameters), but lists in `in (…)` vary: keep a bound.
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

/** A full disk or a lost file is the gateway's trouble and not the caller's: typed here, once. */
function guard<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (UNAVAILABLE.has(primaryCode(error) ?? -1))
      throw new GatewayUnavailableError({ cause: error });
    throw error;
  }
}

/** node:sqlite takes an object for named parameters, so a Date would silently bind null. */
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
