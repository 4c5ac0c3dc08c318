/** What the statements of the store cost an engine, as the engine itself counts it. */

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type TransactionSettings,
} from 'kysely';
import { createPostgresDialect } from '../../src/store/postgres.ts';
import type { Database, Tables } from '../../src/store/schema.ts';
import { createSqliteDialect, openSqliteFile } from '../../src/store/sqlite.ts';

export interface Statement {
  readonly sql: string;
  readonly plan: string;
  /** Rows that PostgreSQL visits, or instructions that SQLite executes. */
  readonly work: number;
}

export interface WatchedDatabase {
  readonly db: Database;
  /** What has been run so far. */
  readonly statements: Statement[];
}

/** A database with its tables made already, whose statements are explained before they run. */
export function watchDatabase(url: string): WatchedDatabase {
  const statements: Statement[] = [];
  const file = url.startsWith('sqlite:') ? openSqliteFile(url.slice('sqlite:'.length)) : null;
  const dialect = file
    ? createSqliteDialect(file)
    : createPostgresDialect(url, { size: 2, statementTimeoutMs: 60_000 });

  function createDriver(): Driver {
    const driver = dialect.createDriver();
    const transactions = new WeakSet<DatabaseConnection>();
    const watched = new WeakMap<DatabaseConnection, DatabaseConnection>();

    function watch(connection: DatabaseConnection): DatabaseConnection {
      const known = watched.get(connection);
      if (known) return known;
      const created: DatabaseConnection = {
        async executeQuery<R>(query: CompiledQuery) {
          // They have no plan.
          if (/^(analyze|lock) /.test(query.sql)) return connection.executeQuery<R>(query);
          const isOpen = transactions.has(created);
          const statement = file
            ? explainOnSqlite(file, query)
            : await explainOnPostgres(connection, query, isOpen);
          statements.push(statement);
          return connection.executeQuery<R>(query);
        },
        streamQuery() {
          throw new Error('Nothing is streamed here.');
        },
      };
      watched.set(connection, created);
      originals.set(created, connection);
      return created;
    }

    const originals = new WeakMap<DatabaseConnection, DatabaseConnection>();
    const toOriginal = (connection: DatabaseConnection) => originals.get(connection) ?? connection;
    return {
      init: () => driver.init(),
      acquireConnection: async () => watch(await driver.acquireConnection()),
      async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings) {
        await driver.beginTransaction(toOriginal(connection), settings);
        transactions.add(connection);
      },
      async commitTransaction(connection) {
        transactions.delete(connection);
        await driver.commitTransaction(toOriginal(connection));
      },
      async rollbackTransaction(connection) {
        transactions.delete(connection);
        await driver.rollbackTransaction(toOriginal(connection));
      },
      releaseConnection: (connection) => driver.releaseConnection(toOriginal(connection)),
      destroy: () => driver.destroy(),
    };
  }

  const watchedDialect: Dialect = {
    createDriver,
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
  };
  return { db: new Kysely<Tables>({ dialect: watchedDialect }), statements };
}

/** Runs the statement once, counts its instructions, and undoes it. */
function explainOnSqlite(file: DatabaseSync, { sql, parameters }: CompiledQuery): Statement {
  const values = parameters as (string | number | null)[];
  const lines = file.prepare(`explain query plan ${sql}`).all(...values);
  const plan = lines.map(({ detail }) => String(detail)).join('\n');
  const statement = file.prepare(sql) as StatementSync & { stat(counter: 'vmStep'): number };
  file.exec('savepoint explained');
  try {
    statement.all(...values);
    return { sql, plan, work: statement.stat('vmStep') };
  } finally {
    file.exec('rollback to explained; release explained');
  }
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** The same by EXPLAIN ANALYZE, which counts rows. */
async function explainOnPostgres(
  connection: DatabaseConnection,
  { sql, parameters }: CompiledQuery,
  isInTransaction: boolean,
): Promise<Statement> {
  const run = (text: string, values: readonly unknown[] = []) =>
    connection.executeQuery<{ 'QUERY PLAN': readonly { Plan: PlanNode }[] }>(
      CompiledQuery.raw(text, [...values]),
    );
  await run(isInTransaction ? 'savepoint explained' : 'begin');
  try {
    const { rows } = await run(`explain (analyze, format json) ${sql}`, parameters);
    const plans = rows[0]?.['QUERY PLAN'] ?? [];
    const work = plans.reduce((sum, { Plan }) => sum + countRows(Plan), 0);
    return { sql, plan: JSON.stringify(plans, null, 1), work };
  } finally {
    await run(isInTransaction ? 'rollback to savepoint explained' : 'rollback');
  }
}

function countRows(node: PlanNode): number {
  const rows =
    node['Actual Rows'] +
    (node['Rows Removed by Filter'] ?? 0) +
    (node['Rows Removed by Index Recheck'] ?? 0) +
    (node['Rows Removed by Join Filter'] ?? 0);
  const below = (node.Plans ?? []).reduce((sum, child) => sum + countRows(child), 0);
  return rows * node['Actual Loops'] + below;
}
