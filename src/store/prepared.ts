/** Statements that are built once. */

import type { Compilable, CompiledQuery, QueryResult } from 'kysely';
import type { Database } from './schema.ts';

/** Runs the statement on a database or in a transaction, with a value for each parameter. */
export type Prepared<Params, Row> = (db: Database, params: Params) => Promise<QueryResult<Row>>;

/** What stands for a value while the statement is built. */
export type Param<Params> = <Name extends keyof Params>(name: Name) => Params[Name];

/**
 * For statements that every submit, callback or read runs: building one takes longer than an embedded
 * database takes to run it, above all where the last one is a while ago.
 *
 * @param build makes the statement, once for each database, with `param(name)` wherever a value goes.
 */
export function prepare<Params extends object, Row>(
  build: (db: Database, param: Param<Params>) => Compilable<Row>,
): Prepared<Params, Row> {
  // A database has one adapter, which its transactions share.
  const known = new WeakMap<object, CompiledQuery<Row>>();

  function compile(db: Database): CompiledQuery<Row> {
    // Kysely looks into no value: it hands each on to where it belongs.
    return build(db, (name) => new Placeholder(name) as never).compile();
  }

  return (db, params) => {
    const { adapter } = db.getExecutor();
    const compiled = known.get(adapter) ?? compile(db);
    known.set(adapter, compiled);
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
