/** Opens the database that `DATABASE_URL` names, with its tables brought up to date. */

import { randomBytes } from 'node:crypto';
import { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import * as videos from './migrations/0001-videos.ts';
import type { Database, Tables } from './schema.ts';
import { createSqliteDialect, openSqliteFile } from './sqlite.ts';

/** In the order of their names; a landed one is never changed. */
const MIGRATIONS: Record<string, Migration> = {
  '0001-videos': videos,
};

export interface OpenDatabase {
  readonly db: Database;
  /** Random, made with the tables: cursors of another database are recognised by it. */
  readonly id: string;
  close(): Promise<void>;
}

/**
 * @param url `sqlite:PATH`, the path relative to the working directory, or `sqlite::memory:`.
 * @throws Error with a sentence for the operator when the database cannot be used.
 */
export async function openDatabase(url: string): Promise<OpenDatabase> {
  const path = url.slice('sqlite:'.length);
  const db = new Kysely<Tables>({ dialect: createSqliteDialect(openSqliteFile(path)) });
  try {
    await migrate(db);
    return { db, id: await takeDatabaseId(db), close: () => db.destroy() };
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

async function migrate(db: Database): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const { error } = await migrator.migrateToLatest();
  if (!error) return;
  const reason = error instanceof Error ? error.message : String(error);
  throw new Error(`The database could not be brought up to date: ${reason}`, { cause: error });
}

async function takeDatabaseId(db: Database): Promise<string> {
  await db
    .insertInto('meta')
    .values({ name: 'database_id', value: randomBytes(16).toString('hex') })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = await db
    .selectFrom('meta')
    .select('value')
    .where('name', '=', 'database_id')
    .executeTakeFirstOrThrow();
  return row.value;
}

/** Whether the database answers; never throws. */
export async function isReachable(db: Database): Promise<boolean> {
  try {
    await db.selectFrom('meta').select('name').limit(1).execute();
    return true;
  } catch {
    return false;
  }
}
