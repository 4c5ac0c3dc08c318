/** The shared database: PostgreSQL through `pg`, for any number of replicas. */

import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresDialect,
  type PostgresDialectConfig,
  PostgresDriver,
  type TransactionSettings,
} from 'kysely';
import pg from 'pg';
import { GatewayUnavailableError } from '../errors.ts';
import { findStatementName } from './prepared-statements.ts';

export interface PoolOptions {
  /** Connections per replica, in addition to the one that listens. */
  readonly size: number;
  /** 0 for no limit. */
  readonly statementTimeoutMs: number;
  /**
   * `DATABASE_LISTEN_URL`: a direct connection for notifications. The other connections may then lead
   * to a pooler in transaction mode. Such a pooler may give the session to another client after each
   * transaction, so nothing may be set for a session.
   */
  readonly listenUrl?: string | undefined;
}

/** How long a statement waits for a connection, and a connection for the server, in milliseconds. */
const CONNECT_TIMEOUT_MS = 3_000;
const IDLE_IN_TRANSACTION_MS = 10_000;

/**
 * Classes of SQLSTATE after which the same statement fails again: the feature is not supported, or the data,
 * the text or the rights of the statement are wrong. After any other error it may succeed later: a lock or a
 * resource was not available, a time limit has passed, or a standby takes over.
 */
const PERMANENT = /^(0A|2[0-3]|4[24]|P0)/;

/** Kysely closes the pool with `destroy`. */
export function createPostgresDialect(url: string, options: PoolOptions): Dialect {
  const isPooled = options.listenUrl !== undefined;
  const pool = new GuardedPool({
    ...toClientConfig(url, options),
    Client: isPooled ? GuardedClient : PreparingClient,
    max: options.size,
    idleTimeoutMillis: 30_000,
    // pgbouncer refuses these limits as parameters of the connection.
    ...(!isPooled && {
      onConnect: (client) =>
        client.query(`${toLimits(options, 'session')}; ${ISOLATION}; ${KEEPABLE_PLANS}`),
    }),
  });
  // An error of a connection must not end the process. The next query on that connection rejects.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return isPooled
    ? new PooledDialect({ pool }, toLimits(options, 'local'))
    : new PostgresDialect({ pool });
}

/** Behind a pooler in transaction mode, `postgres-settings.ts` checks the default instead. */
const ISOLATION = 'set session characteristics as transaction isolation level read committed';

/**
 * PostgreSQL may keep the plan of a prepared statement that it made while the tables were small. Without
 * sequential scans such a plan uses an index. Only `lane` and `pause` are read without one, and they are
 * small. Before version 18 such a scan seems so costly that the server would compile the statement.
 */
const KEEPABLE_PLANS = 'set session enable_seqscan = off; set session jit = off';

function toLimits(options: PoolOptions, scope: 'session' | 'local'): string {
  return `set ${scope} statement_timeout = ${options.statementTimeoutMs};
    set ${scope} idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_MS}`;
}

/** Only the client limits the time of statements outside of transactions. */
class PooledDialect extends PostgresDialect {
  readonly #createDriver: () => Driver;

  constructor(config: PostgresDialectConfig, limits: string) {
    super(config);
    this.#createDriver = () => new PooledDriver(config, limits);
  }

  override createDriver(): Driver {
    return this.#createDriver();
  }
}

class PooledDriver extends PostgresDriver {
  readonly #limits: string;

  constructor(config: PostgresDialectConfig, limits: string) {
    super(config);
    this.#limits = limits;
  }

  override async beginTransaction(
    connection: DatabaseConnection,
    settings: TransactionSettings,
  ): Promise<void> {
    await super.beginTransaction(connection, settings);
    await connection.executeQuery(CompiledQuery.raw(this.#limits));
  }
}

export function toClientConfig(url: string, options: PoolOptions): pg.ClientConfig {
  return {
    connectionString: toStrictTls(url),
    application_name: 'longtake',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    // The server's own timeout works only while the server answers.
    query_timeout: options.statementTimeoutMs && options.statementTimeoutMs + 1_000,
    keepAlive: true,
    types: {
      // bigint as a number: times in milliseconds and counts stay far below 2^53.
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format as 'text'),
    },
  };
}

/**
 * Every sslmode except `disable` and `no-verify` requires a trusted certificate that names the host. pg
 * does the same today, with a warning that its next version will not. `uselibpqcompat=true` selects the
 * meanings of libpq, where `sslrootcert=system` means the default.
 *
 * @see https://www.postgresql.org/docs/current/libpq-ssl.html
 */
function toStrictTls(url: string): string {
  if (/[?&]uselibpqcompat=true(&|$)/.test(url)) return url;
  return url
    .replace(/([?&]sslmode=)(?:allow|prefer|require|verify-ca)(?=&|$)/, '$1verify-full')
    .replace(/([?&])sslrootcert=system(?:&|$)/, '$1');
}

class GuardedClient extends pg.Client {
  // biome-ignore lint/suspicious/noExplicitAny: pg overloads `query` in ten ways; this passes all on.
  override query(...args: any[]): any {
    // @ts-expect-error the same overloads
    const result: unknown = super.query(...args);
    return result instanceof Promise ? result.catch((error) => this.fail(error)) : result;
  }

  /**
   * Destroys a connection that the pool must not reuse: one whose answer timed out is still busy, and one that
   * refuses writes may lead to a server that is not the primary any more.
   */
  private fail(error: unknown): never {
    if (error instanceof Error && (isTimeout(error) || isReadOnly(error))) {
      this.connection.stream.destroy();
    }
    return rethrow(error);
  }
}

function isTimeout(error: Error): boolean {
  return error.message === 'Query read timeout';
}

function isReadOnly(error: Error): boolean {
  return error instanceof pg.DatabaseError && error.code === '25006';
}

/** Prepares statements for its session, so not for a pooler in transaction mode. */
class PreparingClient extends GuardedClient {
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  override query(...args: any[]): any {
    const [text, values] = args;
    const name = typeof text === 'string' ? findStatementName(text) : undefined;
    return name === undefined ? super.query(...args) : super.query({ name, text, values });
  }
}

class GuardedPool extends pg.Pool {
  // biome-ignore lint/suspicious/noExplicitAny: called with a callback too, by pg itself.
  override connect(...args: any[]): any {
    // @ts-expect-error the same overloads
    const result: unknown = super.connect(...args);
    return result instanceof Promise ? result.catch(toUnavailable) : result;
  }
}

/** Whatever the reason, such as a password that is being replaced, no statement has begun. */
function toUnavailable(error: unknown): never {
  throw error instanceof TypeError ? error : new GatewayUnavailableError({ cause: error });
}

/** Converts an unavailable database, which is not the caller's fault, to a typed error. */
function rethrow(error: unknown): never {
  throw isTemporary(error) ? new GatewayUnavailableError({ cause: error }) : error;
}

/** Every error that is not an answer of the server is a connection failure. */
function isTemporary(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof TypeError) return false;
  // Judged by class, because Node has error codes of five letters too (EPIPE).
  return !(error instanceof pg.DatabaseError) || !PERMANENT.test(error.code ?? '');
}
