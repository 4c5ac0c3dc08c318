/** Reads of rows in any state, tombstones included, for submits and callbacks. */

import { sql } from 'kysely';
import { prepare } from './prepared.ts';
import type { VideoRow } from './rows.ts';
import type { Database } from './schema.ts';

/** The row that holds the owner's idempotency key. */
export async function findKeyHolder(
  db: Database,
  owner: string,
  idempotencyKey: string,
): Promise<VideoRow | undefined> {
  const { rows } = await findRowOfKey(db, { owner, idempotencyKey });
  return rows[0];
}

const findRowOfKey = prepare<{ owner: string; idempotencyKey: string }, VideoRow>((db, param) =>
  db
    .selectFrom('video')
    .selectAll()
    .where('owner', '=', param('owner'))
    .where('idempotency_key', '=', param('idempotencyKey'))
    .where('key_held', '=', 1),
);

/**
 * The row for the owner's idempotency key: its holder, otherwise the newest row that has freed it. One
 * statement, because between two a callback may give the key back to a tombstone.
 */
export async function findAnswerer(
  db: Database,
  owner: string,
  idempotencyKey: string,
): Promise<VideoRow | undefined> {
  const ofKey = (held: 0 | 1) =>
    db
      .selectFrom('video')
      .select('id')
      .where('owner', '=', owner)
      .where('idempotency_key', '=', idempotencyKey)
      // A literal, because a partial index is not used for a parameter.
      .where('key_held', '=', sql.lit(held));
  const freed = ofKey(0).orderBy('id', 'desc').limit(1);
  return db
    .selectFrom('video')
    .selectAll()
    .where('id', '=', ({ fn }) => fn.coalesce(ofKey(1), freed))
    .executeTakeFirst();
}

/** The row in any state, for its own submit and its callback. */
export async function findRow(db: Database, id: string): Promise<VideoRow | undefined> {
  const { rows } = await findRowById(db, { id });
  return rows[0];
}

const findRowById = prepare<{ id: string }, VideoRow>((db, param) =>
  db.selectFrom('video').selectAll().where('id', '=', param('id')),
);
