/** Refuses submits that have certainly started no task. */

import { sql } from 'kysely';
import type { VideoRow } from '../rows.ts';
import type { Database } from '../schema.ts';
import { ENDED } from './end-columns.ts';

/**
 * Frees the key of a submit that has certainly started no task, even if this becomes known late. The row
 * becomes a tombstone; a row that was already given up stays FAILED, because its end was delivered.
 *
 * @param hasLeft whether the POST may have left. Such a tombstone is kept as long as other rows, because a
 * callback may still prove that a task exists.
 * @returns false when the row has a task, or when its key was freed before.
 */
export async function rejectSubmit(
  db: Database,
  id: string,
  rejection: string,
  hasLeft = true,
): Promise<boolean> {
  const ended = sql<boolean>`state = 'FAILED'`;
  const result = await db
    .updateTable('video')
    .set({
      state: sql`case when ${ended} then state else 'REJECTED' end`,
      rejection,
      ...(hasLeft ? {} : { post_begun: 0 }),
      key_held: 0,
      finished_at: sql<number>`coalesce(finished_at, now_ms())`,
      check_after: null,
      lease_until: 0,
      waiting: null,
    })
    .where('id', '=', id)
    .where('task_id', 'is', null)
    .where((eb) =>
      eb.or([
        eb('state', 'in', ['SUBMITTING', 'UNCONFIRMED']),
        eb('failure_reason', '=', 'NEVER_CONFIRMED').and('key_held', '=', 1),
      ]),
    )
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/**
 * Refuses a submit that waits for its turn, for example after the longest wait of its caller.
 *
 * @returns false when it no longer waits: it is being sent.
 */
export async function refuseWaiting(db: Database, id: string, rejection: string): Promise<boolean> {
  const result = await releaseUnsent(db, rejection)
    .where('id', '=', id)
    .where('waiting', '=', 'NOW')
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/**
 * Refuses a submit that was taken from the queue and will not be sent.
 *
 * @param row as it was taken. Its token tells this try from one of another process.
 */
export async function releaseTaken(
  db: Database,
  { id, token_hash: tokenHash }: Pick<VideoRow, 'id' | 'token_hash'>,
  rejection: string,
): Promise<boolean> {
  const result = await db
    .updateTable('video')
    .set({ ...RELEASED, rejection, post_begun: 0 })
    .where('id', '=', id)
    .where('token_hash', '=', tokenHash)
    .where('state', 'in', ['SUBMITTING', 'UNCONFIRMED'])
    .where('task_id', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** The answer for a submit whose process died while it waited for its turn. It is safe to repeat. */
const NEVER_SENT = JSON.stringify({
  code: 'GATEWAY_UNAVAILABLE',
  upstreamCode: null,
  upstreamMessage: null,
  retryAfter: null,
});

const RELEASED = { ...ENDED, state: 'REJECTED', key_held: 0 } as const;

/** Frees the key of a submit whose deadline has passed before its POST began. */
export function releaseUnsent(db: Database, rejection: string = NEVER_SENT) {
  return db
    .updateTable('video')
    .set({ ...RELEASED, rejection })
    .where('state', '=', 'SUBMITTING')
    .where('post_begun', '=', 0);
}
