/** Opens the database of `DATABASE_URL` and migrates its tables. */

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { CompiledQuery, Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { takeMeta, writeMeta } from './meta.ts';
import { applyMigrations, MigrationError, UNUSED } from './migrate.ts';
import type { Start } from './migrate-postgres.ts';
import * as videos from './migrations/0001-videos.ts';
import * as traces from './migrations/0003-traces.ts';
import * as postBegun from './migrations/0004-post-begun.ts';
import * as lists from './migrations/0005-lists.ts';
import * as attempts from './migrations/0008-attempts.ts';
import * as pauses from './migrations/0008-pauses.ts';
import * as taskIndex from './migrations/0008-task-index.ts';
import * as originals from './migrations/0010-originals.ts';
import * as account from './migrations/0011-account.ts';
import * as queue from './migrations/0012-queue.ts';
import * as sequences from './migrations/0013-sequences.ts';
import * as copies from './migrations/0014-copies.ts';
import * as dueIndexes from './migrations/0016-due-indexes.ts';
import * as listed from './migrations/0016-listed.ts';
import * as logOrigin from './migrations/0017-log-origin.ts';
import * as forgottenLanes from './migrations/0018-forgotten-lanes.ts';
import * as dropDueIndex from './migrations/0019-drop-due-index.ts';
import {
  clock,
  copyNotifications,
  durableCommits,
  notifications,
  sequenceTriggers,
} from './migrations/postgres.ts';
import type { PoolOptions } from './postgres.ts';
import { explainPostgres, ListenError, SetupError } from './postgres-trouble.ts';
import type { Database, Tables } from './schema.ts';
import { createSqliteDialect, explainSqlite, openSqliteFile } from './sqlite.ts';

/** For both engines. Applied in the order of their names. A released migration is never changed. */
const MIGRATIONS: Record<string, Migration> = {
  '0001-videos': videos,
  '0003-traces': traces,
  '0004-post-begun': postBegun,
  '0005-lists': lists,
  '0008-attempts': attempts,
  '0008-pauses': pauses,
  '0008-task-index': taskIndex,
  '0010-originals': originals,
  '0011-account': account,
  '0012-queue': queue,
  '0013-sequences': sequences,
  '0014-copies': copies,
  '0016-due-indexes': dueIndexes,
  '0017-log-origin': logOrigin,
  '0018-forgotten-lanes': forgottenLanes,
  '0019-drop-due-index': dropDueIndex,
};
export const SQLITE_MIGRATIONS: Record<string, Migration> = {
  ...MIGRATIONS,
  '0016-listed': listed,
};
export const POSTGRES_MIGRATIONS: Record<string, Migration> = inOrder({
  ...MIGRATIONS,
  '0000-clock': clock,
  '0002-notifications': notifications,
  '0004-durable-commits': durableCommits,
  '0013-sequences-triggers': sequenceTriggers,
  '0015-copy-notifications': copyNotifications,
});

function inOrder(migrations: Record<string, Migration>): Record<string, Migration> {
  return Object.fromEntries(Object.entries(migrations).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Whether other processes may share the database. */
export function isShared(url: string): boolean {
  return /^postgres(ql)?:/.test(url);
}

export function toPoolOptions(config: {
  readonly DATABASE_POOL_SIZE: number;
  readonly DATABASE_TIMEOUT_MS: number;
  readonly DATABASE_LISTEN_URL?: string | undefined;
}): PoolOptions {
  return {
    size: config.DATABASE_POOL_SIZE,
    statementTimeoutMs: config.DATABASE_TIMEOUT_MS,
    listenUrl: config.DATABASE_LISTEN_URL,
  };
}

export interface OpenDatabase {
  readonly db: Database;
  /** Random, created with the tables. Cursors contain it, so that those of another database are rejected. */
  readonly id: string;
  close(): Promise<void>;
}

/**
 * @param url `postgres://…`; or `sqlite:PATH`, the path relative to the working directory, or
 * `sqlite::memory:`.
 * @param pool for PostgreSQL.
 * @throws Error with a sentence for the operator when the database cannot be used.
 */
export async function openDatabase(
  url: string,
  pool: PoolOptions = { size: 10, statementTimeoutMs: 4_000 },
  start: Start = {},
): Promise<OpenDatabase> {
  const path = isShared(url) ? null : resolve(url.slice('sqlite:'.length));
  if (start.mustExist && path !== null && !existsSync(path)) {
    throw new Error(`DATABASE_URL: ${path} does not exist: ${UNUSED}`);
  }
  // Loaded only when needed: a gateway on SQLite does not need pg.
  const dialect = isShared(url)
    ? (await import('./postgres.ts')).createPostgresDialect(url, pool)
    : createSqliteDialect(openSqliteFile(url.slice('sqlite:'.length)));
  const db = new Kysely<Tables>({ dialect });
  try {
    await migrate(db, url, pool, start);
    return {
      db,
      id: await takeMeta(db, 'database_id', randomBytes(16).toString('hex')),
      close: () => db.destroy(),
    };
  } catch (error) {
    await db.destroy();
    if (start.signal?.aborted) throw error;
    if (error instanceof SetupError || error instanceof ListenError) throw error;
    const reason = explainDatabase(error, url);
    throw new Error(`DATABASE_URL: the database could not be brought up to date: ${reason}`, {
      cause: error,
    });
  }
}

async function migrate(db: Database, url: string, pool: PoolOptions, start: Start): Promise<void> {
  if (isShared(url)) {
    const { proveNotifications } = await import('./notifications-proof.ts');
    const { migratePostgres } = await import('./migrate-postgres.ts');
    // Before anything is set or changed, because a pooler may share its sessions with other clients.
    await proveNotifications(url, pool);
    await requireSettings(db, pool);
    await migratePostgres(url, pool, POSTGRES_MIGRATIONS, start);
    return;
  }
  await db.transaction().execute((trx) => applyMigrations(trx, SQLITE_MIGRATIONS, start));
}

/** @throws SetupError */
async function requireSettings(db: Database, { listenUrl }: PoolOptions): Promise<void> {
  const { findUnusableSettings, READ_SETTINGS } = await import('./postgres-settings.ts');
  const { rows } = await db.executeQuery<Record<string, unknown>>(CompiledQuery.raw(READ_SETTINGS));
  const [error] = findUnusableSettings(rows[0] ?? {}, listenUrl !== undefined);
  if (error) throw error;
}

/** Why the database cannot be used, in a sentence for the operator. */
export function explainDatabase(error: unknown, url: string): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof MigrationError) return error.message;
  const cause = error.cause instanceof Error ? error.cause : error;
  return isShared(url) ? explainPostgres(cause, url) : explainSqlite(cause);
}

/** Whether the database answers. Never throws. */
export async function isReachable(db: Database): Promise<boolean> {
  try {
    await db.selectFrom('meta').select('name').limit(1).execute();
    return true;
  } catch {
    return false;
  }
}

/**
 * Writes a row that nothing reads.
 *
 * @throws when the database is read-only, its disk is full, or it cannot be reached.
 */
export async function writeProbe(db: Database): Promise<void> {
  // SQLite writes nothing when the value stays the same.
  await writeMeta(db, 'write_probe', String(performance.now()));
}
