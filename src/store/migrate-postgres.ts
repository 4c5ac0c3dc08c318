/** Migrates the tables on PostgreSQL, one process at a time and without a time limit. */

import { setTimeout as delay } from 'node:timers/promises';
import { Kysely, sql } from 'kysely';
import { applyMigrations, type Migrations } from './migrate.ts';
import { createPostgresDialect, type PoolOptions } from './postgres.ts';
import type { Tables } from './schema.ts';

/** The lock that Kysely uses, so that earlier versions of the gateway wait for it, too. */
const LOCK_ID = 3_853_314_791_062_309_107n;
const RETRY_MS = 200;

export interface Start {
  /** Another process is migrating, which may take minutes. */
  onWait?(): void;
  /** Ends the wait. */
  readonly signal?: AbortSignal;
}

/**
 * Uses a connection of its own without time limits: a migration may take minutes, and so may the wait
 * for another process's.
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
    // Must see what other processes have committed by the time of the lock, whatever the default isolation.
    await db
      .transaction()
      .setIsolationLevel('read committed')
      .execute(async (trx) => {
        // The role or the database may have a limit, too.
        await sql`set local statement_timeout = 0`.execute(trx);
        await takeLock(trx, start);
        await applyMigrations(trx, migrations);
      });
  } finally {
    await db.destroy();
  }
}

/**
 * Polls for the lock, because a waiting statement cannot be aborted. The lock belongs to the
 * transaction: behind a pooler, a session's lock could end up with another client.
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
