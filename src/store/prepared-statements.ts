/** Statements of the hot paths: Kysely builds them once, and PostgreSQL plans them once per connection. */

import { type Compilable, type CompiledQuery, type QueryResult, sql } from 'kysely';
import type { Database } from './schema.ts';

const names = new Map<string, string>();

/** The name under which PostgreSQL keeps a prepared statement; undefined for any other. */
export function findStatementName(sql: string): string | undefined {
  return names.get(sql);
}

function nameStatement(sql: string): void {
  if (!names.has(sql)) names.set(sql, `longtake_${names.size + 1}`);
}

/** All statements that were prepared in this process. */
export function listPreparedStatements(): string[] {
  return [...names.keys()];
}

/** Runs the statement on a database or in a transaction, with a value for each parameter. */
export type Prepared<Params, Row> = (db: Database, params: Params) => Promise<QueryResult<Row>>;

/**
 * The limit of a prepared statement that reads one row. For a limit that is a parameter PostgreSQL expects a
 * tenth of all rows: a plan for any value then seems so costly that it plans each execution instead.
 */
export const ONE = sql.lit(1);

/** A placeholder for a value while the statement is built. */
export type Param<Params> = <Name extends keyof Params>(name: Name) => Params[Name];

/**
 * For statements on the hot paths: building one takes longer than SQLite takes to run it.
 *
 * @param build builds the statement, once per database, with `param(name)` in place of each value.
 */
export function prepare<Params extends object, Row>(
  build: (db: Database, param: Param<Params>) => Compilable<Row>,
): Prepared<Params, Row> {
  // Keyed by adapter, which a database shares with its transactions.
  const known = new WeakMap<object, CompiledQuery<Row>>();

  function compile(db: Database): CompiledQuery<Row> {
    // Kysely does not look at values, so a placeholder can take the place of one.
    return build(db, (name) => new Placeholder(name) as never).compile();
  }

  return (db, params) => {
    const { adapter } = db.getExecutor();
    let compiled = known.get(adapter);
    if (!compiled) {
      compiled = compile(db);
      known.set(adapter, compiled);
      nameStatement(compiled.sql);
    }
    const parameters = compiled.parameters.map((value) =>
      value instanceof Placeholder ? params[value.name as keyof Params] : value,
    );
    return db.executeQuery({ ...compiled, parameters });
  };
}

class Placeholder {
  readonly name: PropertyKey;

  constructor(name: PropertyKey) {
    this.name = name;
  }
}
