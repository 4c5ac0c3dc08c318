/** Brings the tables of PostgreSQL up to date: one process at a time, and for as long as it takes. */

import { setTimeout as delay } from 'node:timers/promises';
import { type Dialect, Kysely, PostgresAdapter, sql } from 'kysely';
import { type MigrationProvider, Migrator } from 'kysely/migration';
import { createPostgresDialect } from './postgres.ts';
import type { Tables } from './schema.ts';

/** Kysely's own, which older versions of the gateway take, too. */
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
  provider: MigrationProvider,
  start: Start,
): Promise<void> {
  let firstError: unknown;
  const db = new Kysely<Tables>({
    dialect: createMigrationDialect(url),
    log(event) {
      if (event.level === 'error') firstError ??= event.error;
    },
  });
  try {
    await db.transaction().execute(async (trx) => {
      // The role or the database may have a limit, too.
      await sql`set local statement_timeout = 0`.execute(trx);
      await takeLock(trx, start);
      const { error } = await new Migrator({ db: trx, provider }).migrateToLatest();
      if (error) throw error;
    });
  } catch (error) {
    // Kysely goes on after a failed statement, and then reports only that the transaction is aborted.
    throw firstError ?? error;
  } finally {
    await db.destroy();
  }
}

/** Asks again and again, because a statement that waits could not be ended. */
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

function createMigrationDialect(url: string): Dialect {
  const dialect = createPostgresDialect(url, { size: 1, statementTimeoutMs: 0 });
  return {
    createDriver: () => dialect.createDriver(),
    createAdapter: () => new LockedAdapter(),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
  };
}

/** `takeLock` does it. Kysely's own lock is the session's, which a pooler would hand to somebody else. */
class LockedAdapter extends PostgresAdapter {
  override async acquireMigrationLock(): Promise<void> {}
  override async releaseMigrationLock(): Promise<void> {}
}
