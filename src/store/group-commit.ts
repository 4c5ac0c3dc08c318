/** The embedded engine's one connection, taken in turns, with one durable commit for many. */

import type { DatabaseSync } from 'node:sqlite';
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely';
import { GatewayUnavailableError } from '../errors.ts';
import type { Wal } from './wal.ts';

/** How long a busy queue may keep the event loop from its sockets. */
const TURN_MS = 4;

/**
 * What is written in one turn of the event loop is committed at its end, or when the commit before it
 * is on disk: one write to the disk instead of many. Each transaction after the first is a savepoint,
 * so that one can fail and the others not. None is acknowledged before its commit is on disk, and
 * neither is a read made in between, which may have seen what is not certain yet: `releaseConnection`,
 * which Kysely awaits before it hands out a result, waits for it. What has changed nothing waits for
 * no disk of its own.
 *
 * @param wal what the commits of `file` are made durable with. Once it has failed every statement
 * is refused with GatewayUnavailableError, until a new process finds out what the disk holds.
 * @param execute runs one statement on the file; throws GatewayUnavailableError where the file fails.
 */
export function createGroupCommitDriver(
  file: DatabaseSync,
  wal: Wal,
  execute: (query: CompiledQuery) => QueryResult<unknown>,
): Driver {
  const queue: (() => void)[] = [];
  let isTaken = false;
  let isScheduled = false;
  let turnEnds = 0;
  /** Settles when the open transaction is on disk; null while none is open. */
  let group: PromiseWithResolvers<void> | null = null;
  /** The same of the last one that was committed; null once it is certain. */
  let uncertain: Promise<void> | null = null;
  let hasChanges = false;
  let isMember = false;
  let isRolledBack = false;

  const connection: DatabaseConnection = {
    async executeQuery<R>(query: CompiledQuery) {
      // A full disk rolls back by itself (sqlite.org/lang_transaction.html). What comes after it
      // must not be taken for a statement of its own.
      if (group && !file.isTransaction) throw new GatewayUnavailableError();
      if (wal.failure) throw new GatewayUnavailableError({ cause: wal.failure });
      // A write by itself begins what others join.
      if (!group && query.query.kind !== 'SelectQueryNode') begin();
      const result = execute(query);
      hasChanges ||= mayChange(query, result);
      return result as QueryResult<R>;
    },
    streamQuery() {
      throw new Error('Nothing is streamed here.');
    },
  };

  function run(sql: string): void {
    execute({ sql, parameters: [] } as unknown as CompiledQuery);
  }

  function begin(): void {
    // Plain `begin` takes the write lock late, where SQLite can only refuse: take it at once.
    run('begin immediate');
    hasChanges = false;
    group = Promise.withResolvers();
    // Each member waits for it by itself.
    group.promise.catch(() => undefined);
  }

  function isTurnOver(): boolean {
    return performance.now() >= turnEnds;
  }

  function takeTurn(): void {
    turnEnds = performance.now() + TURN_MS;
  }

  function commitAtEndOfTurn(): void {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      commitIfFree();
    });
  }

  /** Who has the connection in its hands commits when it gives it back. */
  function commitIfFree(): void {
    if (group && !isTaken && !wal.isSyncing) commit(group);
  }

  function handOver(): void {
    const next = queue.shift();
    if (!next) {
      isTaken = false;
    } else if (isTurnOver()) {
      setImmediate(() => {
        takeTurn();
        next();
      });
    } else {
      next();
    }
  }

  function commit(members: PromiseWithResolvers<void>): void {
    group = null;
    try {
      if (!file.isTransaction) throw new GatewayUnavailableError();
      run('commit');
    } catch (error) {
      if (file.isTransaction) file.exec('rollback');
      members.reject(error);
      return;
    }
    // What came before it is certain by now, or has failed for good.
    if (!hasChanges) {
      if (wal.failure) members.reject(new GatewayUnavailableError({ cause: wal.failure }));
      else members.resolve();
      return;
    }
    uncertain = members.promise;
    void sync(members);
  }

  async function sync(members: PromiseWithResolvers<void>): Promise<void> {
    try {
      await wal.sync();
      members.resolve();
    } catch (cause) {
      members.reject(new GatewayUnavailableError({ cause }));
    }
    if (uncertain === members.promise) uncertain = null;
    // Those who came meanwhile.
    commitIfFree();
  }

  return {
    async init() {},

    acquireConnection() {
      if (isTaken) return new Promise((resolve) => queue.push(() => resolve(connection)));
      isTaken = true;
      takeTurn();
      return Promise.resolve(connection);
    },

    async beginTransaction() {
      isMember = group !== null;
      isRolledBack = false;
      if (isMember) run('savepoint member');
      else begin();
    },

    async commitTransaction() {
      if (isMember) run('release member');
    },

    async rollbackTransaction() {
      isRolledBack = true;
      if (!file.isTransaction) return;
      if (isMember) {
        run('rollback to member');
        run('release member');
      } else {
        run('rollback');
        group = null;
      }
    },

    async releaseConnection() {
      const members = group;
      const seen = members?.promise ?? uncertain;
      const isWaiting = seen !== null && !isRolledBack;
      isRolledBack = false;
      if (members && !file.isTransaction) commit(members);
      else if (members && isTurnOver() && !wal.isSyncing) commit(members);
      else if (members && queue.length === 0) commitAtEndOfTurn();
      handOver();
      if (isWaiting) await seen;
    },

    async destroy() {
      // Its members are told by themselves of what fails here.
      await uncertain?.catch(() => undefined);
      if (group) commit(group);
      await uncertain?.catch(() => undefined);
      file.close();
      wal.close();
    },
  };
}

const ROW_CHANGES = new Set(['InsertQueryNode', 'UpdateQueryNode', 'DeleteQueryNode']);

/** Statements on rows tell by what they return or count; of any other nothing is known. */
function mayChange(
  { query }: CompiledQuery,
  { rows, numAffectedRows = 0n }: QueryResult<unknown>,
): boolean {
  if (query.kind === 'SelectQueryNode') return false;
  return !ROW_CHANGES.has(query.kind) || rows.length > 0 || numAffectedRows > 0n;
}
