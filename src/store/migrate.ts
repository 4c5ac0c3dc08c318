/** Applies the migrations, in the schema in which the connection creates tables. */

import { CompiledQuery, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { FORMER_TABLE, findFault, readLanded, TABLE } from './applied-migrations.ts';
import type { Database } from './schema.ts';
import { isEmbedded } from './sqlite.ts';

export type Migrations = Readonly<Record<string, Migration>>;

/** For commands that must not create a database. */
export const UNUSED = 'no gateway has used it. Set DATABASE_URL to the database of the gateway.';

/** An error that a retry does not fix. */
export class MigrationError extends Error {}

export interface MigrationOptions {
  /** Refuses a database without the gateway's tables instead of creating them. */
  readonly mustExist?: boolean;
  /** Applies only the first missing one if the tables are there. */
  readonly oneByOne?: boolean;
}

/**
 * Applies missing migrations in the caller's transaction.
 *
 * @returns whether others are still missing.
 * @throws MigrationError; the database's error.
 */
export async function applyMigrations(
  trx: Database,
  migrations: Migrations,
  { mustExist = false, oneByOne = false }: MigrationOptions = {},
): Promise<boolean> {
  const known = Object.keys(migrations).sort();
  const landed = await readLanded(isEmbedded(trx) ? 'sqlite' : 'postgres', async (statement) => {
    const { rows } = await trx.executeQuery<Record<string, unknown>>(CompiledQuery.raw(statement));
    return rows;
  });
  const fault = findFault(landed, known);
  if (fault) throw new MigrationError(`${fault.problem}. ${fault.remedy}`);
  if (landed.table === null && mustExist) throw new MigrationError(UNUSED);
  if (landed.table === null) await createTable(trx);
  else if (landed.table === FORMER_TABLE) await takeFormerTable(trx, landed.schema);
  const missing = known.slice(landed.names.length);
  const applied = oneByOne && landed.table !== null ? missing.slice(0, 1) : missing;
  for (const name of applied) {
    await migrations[name]?.up(trx);
    const timestamp = new Date().toISOString();
    await sql`insert into ${sql.table(TABLE)} (name, timestamp)
      values (${name}, ${timestamp})`.execute(trx);
  }
  return applied.length < missing.length;
}

/** The same columns as Kysely's table, which earlier versions left behind. */
async function createTable(trx: Database): Promise<void> {
  await trx.schema
    .createTable(TABLE)
    .addColumn('name', 'varchar(255)', (column) => column.primaryKey())
    .addColumn('timestamp', 'varchar(255)', (column) => column.notNull())
    .execute();
}

/** Renames the table of earlier versions. Names the schema, because the search path could find another program's table. */
async function takeFormerTable(trx: Database, schema: string | null): Promise<void> {
  const prefix = sql.raw(schema === null ? '' : `${schema}.`);
  await sql`alter table ${prefix}${sql.table(FORMER_TABLE)} rename to ${sql.table(TABLE)}`.execute(
    trx,
  );
  await sql`drop table if exists ${prefix}${sql.table(`${FORMER_TABLE}_lock`)}`.execute(trx);
}
