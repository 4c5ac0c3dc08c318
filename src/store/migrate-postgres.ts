/** Migrates the tables on PostgreSQL, one process at a time and without a time limit. */

import { setTimeout as delay } from 'node:timers/promises';
import { Kysely, sql } from 'kysely';
import { applyMigrations, type MigrationOptions, type Migrations } from './migrate.ts';
import { createPostgresDialect, type PoolOptions } from './postgres.ts';
import type { Tables } from './schema.ts';

/** Kysely's own lock, which earlier versions of the gateway wait for. */
const LOCK_ID = 3_853_314_791_062_309_107n;
const RETRY_MS = 200;

export interface Start extends Pick<MigrationOptions, 'mustExist'> {
  /** Called when another process is migrating, which may take minutes. */
  onWait?(): void;
  /** Ends the wait. */
  readonly signal?: AbortSignal;
}

/**
 * Uses its own connection without time limits, because a migration, or the wait for another process to
 * migrate, may take minutes.
 *
 * @throws the signal's reason.
 */
export async function migratePostgres(
  url: string,
  pool: PoolOptions,
  migrations: Migrations,
  start: Start,
): Promise<void> {
  const dialect = createPostgresDialect(url, { ...pool, size: 1, statementTimeoutMs: 0 });
  const db = new Kysely<Tables>({ dialect });
  try {
    while (await migrateOnce(db, migrations, start));
  } finally {
    await db.destroy();
  }
}

/**
 * Applies one migration, or all of them to a new database. Older replicas use the tables meanwhile: a
 * migration that locks several tables could wait for one of their transactions, which waits for it.
 *
 * @returns whether others are still missing.
 */
function migrateOnce(db: Kysely<Tables>, migrations: Migrations, start: Start): Promise<boolean> {
  // After the lock was taken, statements must see what other processes have committed.
  const transaction = db.transaction().setIsolationLevel('read committed');
  return transaction.execute(async (trx) => {
    // The role or the database may set a limit as well.
    await sql`set local statement_timeout = 0`.execute(trx);
    await takeLock(trx, start);
    return applyMigrations(trx, migrations, { ...start, oneByOne: true });
  });
}

/**
 * Polls for the lock, because a waiting statement cannot be aborted. The lock belongs to the transaction,
 * because a pooler may give the session, and its locks, to another client.
 */
async function takeLock(trx: Kysely<Tables>, { onWait, signal }: Start): Promise<void> {
  const tryLock = sql<{ isTaken: boolean }>`
    select pg_try_advisory_xact_lock(${sql.lit(LOCK_ID)}) as "isTaken"`;
  let hasWaited = false;
  while (!(await tryLock.execute(trx)).rows[0]?.isTaken) {
    if (!hasWaited) onWait?.();
    hasWaited = true;
    await delay(RETRY_MS, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
}
