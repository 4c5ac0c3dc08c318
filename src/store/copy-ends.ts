/** Ends an attempt to copy a file: it is kept, tried again later, or given up. */

import { sql } from 'kysely';
import type { KeptFilm } from '../video.ts';
import type { CopyLease } from './copies.ts';
import type { FileCopyRow } from './file-leases.ts';
import { now } from './rows.ts';
import type { Database } from './schema.ts';
import { isEmbedded } from './sqlite.ts';

/**
 * Records a verified copy; from now on the video shows it.
 *
 * @returns when it was recorded; null when the lease was lost.
 */
export async function finishCopy(
  db: Database,
  copy: CopyLease & Pick<FileCopyRow, 'video_row' | 'part'>,
  file: Omit<KeptFilm, 'keptAt'>,
): Promise<number | null> {
  return db.transaction().execute(async (trx) => {
    // The video first, in the order of all transactions.
    const video = await trx
      .selectFrom('video')
      .select(['id', now.as('at')])
      .where('id', '=', copy.video_row)
      .where('keep_state', 'is not', null)
      .$if(!isEmbedded(db), (query) => query.forUpdate())
      .executeTakeFirst();
    if (!video) return null;
    const recorded = await trx
      .updateTable('file_copy')
      .set({
        state: 'KEPT',
        names: JSON.stringify([file.name]),
        kept_at: video.at,
        lease_until: 0,
        reason: null,
      })
      .where('id', '=', copy.id)
      .where('attempts', '=', copy.attempts)
      .where('state', '=', 'PENDING')
      .executeTakeFirst();
    if (recorded.numUpdatedRows === 0n) return null;
    const film: KeptFilm = { ...file, keptAt: video.at };
    await trx
      .updateTable('video')
      .set(
        copy.part === 'film'
          ? { keep_state: 'KEPT', kept_film: JSON.stringify(film) }
          : { kept_cover: file.name },
      )
      .where('id', '=', video.id)
      .execute();
    return video.at;
  });
}

/** Ends a lease, and schedules the next attempt. */
export async function retryCopy(
  db: Database,
  { id, attempts }: CopyLease,
  retry: { readonly afterMs: number; readonly reason: string; readonly isFailure: boolean },
): Promise<void> {
  await db
    .updateTable('file_copy')
    .set({
      lease_until: 0,
      try_after: sql<number>`now_ms() + ${retry.afterMs}`,
      failures: sql<number>`failures + ${retry.isFailure ? 1 : 0}`,
      reason: retry.reason,
    })
    .where('id', '=', id)
    .where('attempts', '=', attempts)
    .where('state', '=', 'PENDING')
    .execute();
}

/** Ends a lease of a copy that is no longer wanted, so that it can be removed at once. */
export async function releaseCopy(db: Database, { id, attempts }: CopyLease): Promise<void> {
  await db
    .updateTable('file_copy')
    .set({ lease_until: 0 })
    .where('id', '=', id)
    .where('attempts', '=', attempts)
    .execute();
}

/** Gives a file up. Its video shows that when it is the film. */
export async function giveUpCopy(
  db: Database,
  copy: CopyLease & Pick<FileCopyRow, 'video_row' | 'part'>,
  reason: string,
): Promise<boolean> {
  return db
    .transaction()
    .execute(async (trx) => {
      // The video first, in the order of all transactions.
      if (copy.part === 'film') {
        await trx
          .updateTable('video')
          .set({ keep_state: 'FAILED' })
          .where('id', '=', copy.video_row)
          .where('keep_state', '=', 'PENDING')
          .execute();
      }
      const result = await trx
        .updateTable('file_copy')
        .set({ state: 'FAILED', names: '[]', lease_until: 0, reason })
        .where('id', '=', copy.id)
        .where('attempts', '=', copy.attempts)
        .where('state', '=', 'PENDING')
        .executeTakeFirst();
      if (result.numUpdatedRows === 0n) throw new LeaseLostError();
      return true;
    })
    .catch((error: unknown) => {
      if (error instanceof LeaseLostError) return false;
      throw error;
    });
}

/** Thrown to roll a transaction back. */
class LeaseLostError extends Error {}
