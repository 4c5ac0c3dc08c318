/** Returns a scheduled submit to the queue when it was taken and not sent, or temporarily refused. */

import { sql } from 'kysely';
import { takeBackDailySubmit } from '../daily-submits.ts';
import { enterLane, pauseLane } from '../lanes.ts';
import { lockOwner, takeBackAttempt } from '../owner-limits.ts';
import type { VideoRow } from '../rows.ts';
import type { Database } from '../schema.ts';
import type { Ended } from './end-columns.ts';
import { concludeEnd, withdrawRow } from './follow-up.ts';
import { SCHEDULED } from './schedule.ts';

export interface Returned {
  readonly row: VideoRow;
  readonly ended: Ended | null;
}

/**
 * Returns a submit that has certainly started no task to the queue. It keeps its position in its lane, and
 * the lane is paused. It no longer counts against the spending limits: its next try does.
 *
 * @param row as it was taken. Its token tells this try from a later one, so the write can be repeated when
 * its outcome is unknown.
 * @param dailyCap SUBMITS_PER_DAY; 0: no limit, so nothing was counted.
 * @returns the row, and its end if it was withdrawn instead because its sequence no longer needs it;
 * undefined when the row has a task by now, was never scheduled, or has already returned.
 */
export async function returnToQueue(
  db: Database,
  { id, token_hash: tokenHash }: Pick<VideoRow, 'id' | 'token_hash'>,
  waitMs: number,
  dailyCap: number,
): Promise<Returned | undefined> {
  return db.transaction().execute(async (trx) => {
    const row = await trx
      .updateTable('video')
      .set({
        ...SCHEDULED,
        sent_at: null,
        rejection: null,
        queue_tries: sql<number>`queue_tries + 1`,
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
    // A submit that was sent at once may be the owner's first: this adds the owner's row.
    await lockOwner(trx, row.owner);
    await takeBackAttempt(trx, row);
    if (dailyCap > 0) await takeBackDailySubmit(trx, row.unfinished_at);
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
 * Whether the sequence of a try still waits for it; true for a submit without a sequence. The sequence may
 * have been cancelled, or an earlier try may have succeeded.
 */
async function isNeeded(trx: Database, row: VideoRow): Promise<boolean> {
  if (row.sequence_id === null) return true;
  const sequence = await trx
    .selectFrom('sequence')
    .select(['state', 'current'])
    .where('id', '=', row.sequence_id)
    .executeTakeFirst();
  return sequence?.state === 'RUNNING' && sequence.current === row.shot_number;
}
