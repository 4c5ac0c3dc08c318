/** A submit whose answer did not come. */

import { sql } from 'kysely';
import { now } from '../rows.ts';
import type { Database } from '../schema.ts';

/**
 * Gives up waiting for a submit's answer: it may have been paid. The row keeps its key, and is
 * looked at again when the time to give up the task itself has come.
 */
export async function markUnconfirmed(
  db: Database,
  id: string,
  giveUpAfterMs: number,
): Promise<boolean> {
  const result = await toUnconfirmed(db, giveUpAfterMs).where('id', '=', id).executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** The same for a row whose time has passed: the process that was to settle it is gone. */
export async function markOverdueUnconfirmed(
  db: Database,
  id: string,
  giveUpAfterMs: number,
): Promise<boolean> {
  const result = await toUnconfirmed(db, giveUpAfterMs)
    .where('id', '=', id)
    .where('submit_until', '<=', now)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/**
 * At the start of the only process that uses this database: whatever was being submitted or looked
 * at died with the process before.
 */
export async function recoverOrphans(db: Database, giveUpAfterMs: number): Promise<void> {
  // Those that upkeep still looks after, along its index, and not all that were ever stored.
  await toUnconfirmed(db, giveUpAfterMs).where('check_after', '>', 0).execute();
  await db
    .updateTable('video')
    .set({ lease_until: 0 })
    .where('lease_until', '>', 0)
    .where('check_after', '>', 0)
    .execute();
}

function toUnconfirmed(db: Database, giveUpAfterMs: number) {
  return db
    .updateTable('video')
    .set({
      state: 'UNCONFIRMED',
      check_after: sql<number>`created_at + ${giveUpAfterMs}`,
      lease_until: 0,
    })
    .where('state', '=', 'SUBMITTING');
}
