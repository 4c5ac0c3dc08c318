/** The driver of SQLite's single connection, which makes many transactions durable with one commit. */

import type { DatabaseSync } from 'node:sqlite';
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely';
import { GatewayUnavailableError } from '../errors.ts';
import { markRolledBack } from './rolled-back.ts';
import type { Wal } from './wal.ts';

/** How long a busy queue may block the event loop, in milliseconds. */
const TURN_MS = 4;

/**
 * The writes of one event loop tick are committed together at its end, or as soon as the previous commit
 * is on disk: one disk write instead of many. Each transaction after the first is a savepoint, so it can
 * fail without the others. No transaction is acknowledged before its commit is on disk: Kysely awaits
 * `releaseConnection`, which waits for the disk, before it returns a result. Reads in between wait as well,
 * because they may have seen uncommitted data. A transaction that changed nothing causes no disk write.
 *
 * @param wal makes the commits of `file` durable. After it has failed, every statement is refused with
 * GatewayUnavailableError until the process is restarted and reads what is on disk.
 * @param execute runs one statement on the file; throws GatewayUnavailableError when the file fails.
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
  /** Settles when the open transaction is on disk; null when none is open. */
  let group: PromiseWithResolvers<void> | null = null;
  /** Settles when the last committed transaction is on disk; null once it is. */
  let uncertain: Promise<void> | null = null;
  let hasChanges = false;
  let isMember = false;
  let isRolledBack = false;

  const connection: DatabaseConnection = {
    async executeQuery<R>(query: CompiledQuery) {
      // A full disk rolls the transaction back (sqlite.org/lang_transaction.html). Its later statements
      // must not run outside of it.
      if (group && !file.isTransaction) throw new GatewayUnavailableError();
      if (wal.failure) throw new GatewayUnavailableError({ cause: wal.failure });
      // A write outside of a transaction begins one that others join.
      if (!group && query.query.kind !== 'SelectQueryNode') begin();
      const result = execute(query);
      hasChanges ||= mayChange(query, result);
      return result as QueryResult<R>;
    },
    streamQuery() {
      throw new Error('Streaming is not supported.');
    },
  };

  function run(sql: string): void {
    execute({ sql, parameters: [] } as unknown as CompiledQuery);
  }

  function begin(): void {
    // A plain `begin` takes the write lock at the first write, and SQLite could not wait for it then.
    run('begin immediate');
    hasChanges = false;
    group = Promise.withResolvers();
    // Every member awaits it and sees the rejection.
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

  /** A transaction that holds the connection commits when it releases it. */
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
      markRolledBack(error);
      members.reject(error);
      return;
    }
    // By now the previous commit is on disk, or has failed permanently.
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
    // Commits transactions that arrived meanwhile.
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
      // The members of the group handle a failure themselves.
      await uncertain?.catch(() => undefined);
      if (group) commit(group);
      await uncertain?.catch(() => undefined);
      file.close();
      wal.close();
    },
  };
}

const ROW_CHANGES = new Set(['InsertQueryNode', 'UpdateQueryNode', 'DeleteQueryNode']);

/** The result of a statement on rows shows whether it changed any. Other statements are assumed to. */
function mayChange(
  { query }: CompiledQuery,
  { rows, numAffectedRows = 0n }: QueryResult<unknown>,
): boolean {
  if (query.kind === 'SelectQueryNode') return false;
  return !ROW_CHANGES.has(query.kind) || rows.length > 0 || numAffectedRows > 0n;
}
