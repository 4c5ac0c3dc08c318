/**
 * Where new completion logs begin. An owner that was forgotten may come back, and its new log must not use a
 * number of its old log again: an old cursor would skip completions. Nothing may be stored about a forgotten
 * owner, so one number is remembered for all: every new log begins after every number of a forgotten log.
 */

import { sql } from 'kysely';
import { GatewayUnavailableError } from '../errors.ts';
import { findMeta, writeMeta } from './meta.ts';
import type { Database } from './schema.ts';
import { isEmbedded } from './sqlite.ts';

const META_NAME = 'log_origin';

/** A literal, so that PostgreSQL keeps its plan. */
export const origin = sql<number>`coalesce(
  (select cast(meta.value as bigint) from meta where meta.name = ${sql.lit(META_NAME)}), 0)`;

/** The values of an owner's new row, whose log contains this many completions. */
export function toNewLog(completions: 0 | 1) {
  const head = completions === 0 ? origin : sql<number>`${origin} + 1`;
  return { head, pruned: sql<number>`0`, origin };
}

/** The same for `insert … select`. */
export function selectNewLog(completions: 0 | 1) {
  const { head, pruned } = toNewLog(completions);
  return [head.as('head'), pruned.as('pruned'), origin.as('origin')] as const;
}

/**
 * Keeps every other transaction from inserting an owner's row until this one ends. Call it first, so that it
 * waits without holding another lock. Otherwise a statement that waits for the deleted row would insert it with
 * the origin from before the deletion. SQLite has only one writer.
 *
 * @param waitMs how long to wait for the table. Other writes of the table wait behind this one.
 * @throws an error for which `isLockTimeout` is true.
 */
export async function lockNewLogs(trx: Database, waitMs: number): Promise<void> {
  if (isEmbedded(trx)) return;
  const limitWaits = (ms: number) =>
    sql`select set_config('lock_timeout', ${String(ms)}, true)`.execute(trx);
  await limitWaits(waitMs);
  await sql`lock table owner in share row exclusive mode`.execute(trx);
  await limitWaits(0);
}

export function isLockTimeout(error: unknown): boolean {
  const cause = error instanceof GatewayUnavailableError ? error.cause : error;
  return cause instanceof Error && 'code' in cause && cause.code === '55P03';
}

/** Deletes the owner's row. Logs that begin later use none of its numbers. Needs `lockNewLogs`. */
export async function deleteLog(trx: Database, owner: string): Promise<void> {
  const deleted = await trx
    .deleteFrom('owner')
    .where('owner', '=', owner)
    .returning('head')
    .executeTakeFirst();
  if (!deleted) return;
  const known = Number((await findMeta(trx, META_NAME)) ?? 0);
  // One more, so that the last cursor is refused like the others.
  await writeMeta(trx, META_NAME, String(Math.max(known, deleted.head + 1)));
}
