/**
 * Databases that hold the gateway's tables and no rows. Each engine's is made once for a whole run, and
 * tests start from copies: running all migrations takes longer than many tests.
 */

import { Kysely } from 'kysely';
import { POSTGRES_MIGRATIONS, SQLITE_MIGRATIONS } from '../../src/store/database.ts';
import { applyMigrations } from '../../src/store/migrate.ts';
import { migratePostgres } from '../../src/store/migrate-postgres.ts';
import type { Tables } from '../../src/store/schema.ts';
import { createSqliteDialect, openSqliteFile } from '../../src/store/sqlite.ts';

export async function makeSqliteTables(path: string): Promise<void> {
  const db = new Kysely<Tables>({ dialect: createSqliteDialect(openSqliteFile(path)) });
  await db.transaction().execute((trx) => applyMigrations(trx, SQLITE_MIGRATIONS));
  await db.destroy();
}

export async function makePostgresTables(url: string): Promise<void> {
  await migratePostgres(url, { size: 1, statementTimeoutMs: 0 }, POSTGRES_MIGRATIONS, {});
}
