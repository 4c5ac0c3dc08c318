/** Tells a transaction that was certainly rolled back from one that may have been committed. */

import { GatewayUnavailableError } from '../errors.ts';

/** Errors of SQLite transactions that were rolled back. */
const rolledBack = new WeakSet<WeakKey>();

/** Records that SQLite has rolled back the transaction that fails with this error. */
export function markRolledBack(error: unknown): void {
  if (typeof error === 'object' && error !== null) rolledBack.add(error);
}

/** Whether nothing is stored of a transaction that has failed with this error. */
export function isRolledBack(error: unknown): boolean {
  if (typeof error === 'object' && error !== null && rolledBack.has(error)) return true;
  const state = findSqlState(error);
  // A PostgreSQL server that shuts down may end the connection between the commit and its answer.
  return state !== null && !/^(08|57P)/.test(state);
}

/** The SQLSTATE of an error with which PostgreSQL has answered; null for any other error. */
export function findSqlState(error: unknown): string | null {
  const cause = error instanceof GatewayUnavailableError ? error.cause : error;
  const isOfServer = cause instanceof Error && 'severity' in cause && 'code' in cause;
  return isOfServer ? String(cause.code) : null;
}
