/** Brings the tables of PostgreSQL up to date: one process at a time, and for as long as it takes. */

import { setTimeout as delay } from 'node:timers/promises';
import { Kysely, sql } from 'kysely';
import { applyMigrations, type Migrations } from './migrate.ts';
import { createPostgresDialect, type PoolOptions } from './postgres.ts';
import type { Tables } from './schema.ts';

/** Kysely's own, so that earlier versions of the gateway, which take it, wait as well. */
const LOCK_ID = 3_853_314_791_062_309_107n;
const RETRY_MS = 200;

export interface Start {
  /** Another process is at it, which may take minutes. */
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
    // What another process has committed by the time of the lock has to be seen, whatever the default.
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
 * Asks again and again, because a statement that waits could not be ended. The lock is one of the
 * transaction: a pooler could leave a session's with another client.
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
