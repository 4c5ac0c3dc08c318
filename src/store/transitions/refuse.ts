/** A submit that has certainly started nothing. */

import { sql } from 'kysely';
import type { VideoRow } from '../rows.ts';
import type { Database } from '../schema.ts';
import { ENDED } from './end-columns.ts';

/**
 * Frees the key of a submit that has certainly started nothing, however late that is learned. The row
 * becomes a tombstone; one that was already given up stays FAILED, because its end was delivered.
 *
 * @param hasLeft whether the POST may have left: such a tombstone is kept as long as any row, because a
 * callback may still prove that a task exists.
 * @returns false when the row has learned of a task, or was released before.
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
 * Refuses a submit that waits for its turn, for example because its caller's patience is over.
 *
 * @returns false when it does not wait any more: it is being sent.
 */
export async function refuseWaiting(db: Database, id: string, rejection: string): Promise<boolean> {
  const result = await releaseUnsent(db, rejection)
    .where('id', '=', id)
    .where('waiting', '=', 'NOW')
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/**
 * Refuses a submit that was taken and will not be sent.
 *
 * @param row as it was taken: its token tells this try from that of another process.
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

/** The answer of a row whose process died while the submit waited for its turn: safe to repeat. */
const NEVER_SENT = JSON.stringify({
  code: 'GATEWAY_UNAVAILABLE',
  upstreamCode: null,
  upstreamMessage: null,
  retryAfter: null,
});

const RELEASED = { ...ENDED, state: 'REJECTED', key_held: 0 } as const;

/** Frees the key of a submit whose time is over and whose POST has not begun. */
export function releaseUnsent(db: Database, rejection: string = NEVER_SENT) {
  return db
    .updateTable('video')
    .set({ ...RELEASED, rejection })
    .where('state', '=', 'SUBMITTING')
    .where('post_begun', '=', 0);
}
