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

/** The newest row that has freed the owner's idempotency key. */
export async function findLatestOfKey(
  db: Database,
  owner: string,
  idempotencyKey: string,
): Promise<VideoRow | undefined> {
  return (
    db
      .selectFrom('video')
      .selectAll()
      .where('owner', '=', owner)
      .where('idempotency_key', '=', idempotencyKey)
      // A literal, as the partial index has it.
      .where('key_held', '=', sql.lit(0))
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst()
  );
}

/** The row in any state, for its own submit and its callback. */
export async function findRow(db: Database, id: string): Promise<VideoRow | undefined> {
  const { rows } = await findRowById(db, { id });
  return rows[0];
}

const findRowById = prepare<{ id: string }, VideoRow>((db, param) =>
  db.selectFrom('video').selectAll().where('id', '=', param('id')),
);
