/** A scheduled submit that was taken and not sent, or refused for a while, comes back. */

import { sql } from 'kysely';
import { enterLane, pauseLane } from '../lanes.ts';
import type { VideoRow } from '../rows.ts';
import type { Database } from '../schema.ts';
import { lockOwner } from '../spending.ts';
import type { Ended } from './end-columns.ts';
import { concludeEnd, withdrawRow } from './follow-up.ts';

export interface Returned {
  readonly row: VideoRow;
  readonly ended: Ended | null;
}

/**
 * A submit that was taken from the queue has certainly started nothing, and may be sent again later. It
 * keeps its place in its lane, and the lane waits.
 *
 * @param row as it was taken: its token tells this try from a later one, so the write can be repeated
 * when its outcome is unknown.
 * @returns the row, and its end where it was withdrawn instead because its sequence does not need it any
 * more; undefined when the row has learned of a task meanwhile, was never scheduled, or has returned.
 */
export async function returnToQueue(
  db: Database,
  { id, token_hash: tokenHash }: Pick<VideoRow, 'id' | 'token_hash'>,
  waitMs: number,
): Promise<Returned | undefined> {
  return db.transaction().execute(async (trx) => {
    const row = await trx
      .updateTable('video')
      .set({
        state: 'SCHEDULED',
        waiting: 'LATER',
        post_begun: 0,
        sent_at: null,
        rejection: null,
        queue_tries: sql<number>`queue_tries + 1`,
        check_after: sql<number>`queue_until`,
        lease_until: 0,
      })
      .where('id', '=', id)
      .where('token_hash', '=', tokenHash)
      .where('state', 'in', ['SUBMITTING', 'UNCONFIRMED'])
      .where('task_id', 'is', null)
      .where('queue_until', 'is not', null)
      .returningAll()
      .executeTakeFirst();
    if (!row) return undefined;
    if (!(await isNeeded(trx, row))) {
      const withdrawn = await withdrawRow(trx, id);
      return { row: withdrawn, ended: await concludeEnd(trx, withdrawn) };
    }
    const lane = { owner: row.owner, kind: 'LATER' } as const;
    await enterLane(trx, lane, id);
    await pauseLane(trx, lane, waitMs);
    return { row, ended: null };
  });
}

/**
 * Whether the sequence of a try, where it has one, still waits for it. Meanwhile it may have been
 * cancelled, or an earlier try may have succeeded.
 */
async function isNeeded(trx: Database, row: VideoRow): Promise<boolean> {
  if (row.sequence_id === null) return true;
  await lockOwner(trx, row.owner);
  const sequence = await trx
    .selectFrom('sequence')
    .select(['state', 'current'])
    .where('id', '=', row.sequence_id)
    .executeTakeFirst();
  return sequence?.state === 'RUNNING' && sequence.current === row.shot_number;
}
