/** Writes of a sequence and its shots. Call them under the lock on the owner's row. */

import { type Insertable, sql, type Updateable } from 'kysely';
import { now, type VideoRow } from '../rows.ts';
import type { Database } from '../schema.ts';
import type { SequenceRow, ShotRow } from '../sequence-rows.ts';
import type { SequenceTable, ShotTable } from '../sequence-tables.ts';
import { isEmbedded } from '../sqlite.ts';

/** Locks the row of the video from which a sequence starts. Call it before the owner's row is locked. */
export async function lockStart(
  trx: Database,
  owner: string,
  id: string,
): Promise<VideoRow | undefined> {
  return trx
    .selectFrom('video')
    .selectAll()
    .where('id', '=', id)
    .where('owner', '=', owner)
    .where('state', 'not in', ['REJECTED', 'DELETED'])
    .$if(!isEmbedded(trx), (query) => query.forUpdate())
    .executeTakeFirst();
}

/** Finds the owner's sequence and locks it against the pruner, which does not lock owners. */
export async function lockSequence(
  trx: Database,
  owner: string,
  id: string,
): Promise<SequenceRow | undefined> {
  return trx
    .selectFrom('sequence')
    .selectAll()
    .where('id', '=', id)
    .where('owner', '=', owner)
    .$if(!isEmbedded(trx), (query) => query.forUpdate())
    .executeTakeFirst();
}

/** Marks that a sequence waits for the end of this video, whose row is locked. */
export async function markStart(trx: Database, id: string): Promise<void> {
  await trx.updateTable('video').set({ starts_sequences: 1 }).where('id', '=', id).execute();
}

export type NewSequence = Omit<
  Insertable<SequenceTable>,
  'revision' | 'created_at' | 'changed_at' | 'state'
>;

/** Undefined when another sequence of the owner has the key. */
export async function insertSequence(
  trx: Database,
  sequence: NewSequence,
): Promise<SequenceRow | undefined> {
  return trx
    .insertInto('sequence')
    .values({ ...sequence, state: 'RUNNING', revision: 1, created_at: now, changed_at: now })
    .onConflict((conflict) => conflict.columns(['owner', 'idempotency_key']).doNothing())
    .returningAll()
    .executeTakeFirst();
}

/** Replaces the shots from this number on. */
export async function replaceShots(
  trx: Database,
  sequenceId: string,
  from: number,
  shots: readonly ShotRow[],
): Promise<void> {
  await trx
    .deleteFrom('shot')
    .where('sequence_id', '=', sequenceId)
    .where('number', '>=', from)
    .execute();
  await trx.insertInto('shot').values(shots).execute();
}

/** Writes the columns and increments the change counter, which notifies listeners on other replicas. */
export async function setSequence(
  trx: Database,
  id: string,
  columns: Updateable<SequenceTable>,
): Promise<void> {
  const isFinal = columns.state === 'COMPLETED' || columns.state === 'CANCELLED';
  await trx
    .updateTable('sequence')
    .set({
      ...columns,
      ...(isFinal ? { finished_at: now } : {}),
      revision: sql<number>`revision + 1`,
      changed_at: now,
    })
    .where('id', '=', id)
    .execute();
}

export async function setShot(
  trx: Database,
  { sequence_id, number }: Pick<ShotRow, 'sequence_id' | 'number'>,
  columns: Updateable<ShotTable>,
): Promise<void> {
  await trx
    .updateTable('shot')
    .set(columns)
    .where('sequence_id', '=', sequence_id)
    .where('number', '=', number)
    .execute();
}

/** Stores the key of a resume. */
export async function insertResume(
  trx: Database,
  sequenceId: string,
  idempotencyKey: string,
  fingerprint: string,
): Promise<void> {
  await trx
    .insertInto('sequence_resume')
    .values({ sequence_id: sequenceId, idempotency_key: idempotencyKey, fingerprint })
    .execute();
}
