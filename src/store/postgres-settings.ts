/** Settings of a PostgreSQL database with which the gateway would lose tasks or fail requests. */

import { SetupError } from './postgres-trouble.ts';

/** SQL_ASCII stores bytes unchanged, and `pg` sends UTF-8. */
const LOSSLESS_ENCODINGS = ['UTF8', 'SQL_ASCII'];

/** With these, a statement fails after it has waited for a concurrent commit. */
const STRICT_ISOLATION = ['repeatable read', 'serializable'];

/** The statement that reads the settings. */
export const READ_SETTINGS = `
  select current_setting('server_encoding') as encoding,
    current_setting('default_transaction_isolation') as isolation,
    quote_ident(current_user) as role,
    quote_ident(current_database()) as database`;

/**
 * @param row of `READ_SETTINGS`.
 * @param isPooled whether a pooler in transaction mode may be in front of the database: the gateway sets
 * nothing in its sessions.
 */
export function findUnusableSettings(
  row: Readonly<Record<string, unknown>>,
  isPooled: boolean,
): SetupError[] {
  const errors: SetupError[] = [];
  if (!LOSSLESS_ENCODINGS.includes(String(row.encoding))) {
    errors.push(
      new SetupError(
        `DATABASE_URL: the database has the encoding ${row.encoding}, which cannot store every character: failure texts and prompts would be lost`,
        "Create a database with UTF8 (create database NAME encoding 'UTF8' template template0) and name it in DATABASE_URL; pg_dump and psql move existing data.",
      ),
    );
  }
  if (isPooled && STRICT_ISOLATION.includes(String(row.isolation))) {
    errors.push(
      new SetupError(
        `DATABASE_URL: the default isolation level is ${row.isolation}, with which concurrent submits and callbacks fail`,
        `Run alter role ${row.role} in database ${row.database} set default_transaction_isolation = 'read committed', then have the pooler connect anew (RECONNECT in pgbouncer).`,
      ),
    );
  }
  return errors;
}
