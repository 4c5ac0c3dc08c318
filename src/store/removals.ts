/** Copies that must be removed from the destination. Their rows remain until then. */

import { type SqlBool, sql } from 'kysely';
import { countRows } from './count.ts';
import { type FileCopyRow, leaseFiles } from './file-leases.ts';
import { now } from './rows.ts';
import type { Database } from './schema.ts';

/** Marks the copies of these videos for removal. Call it after the change of the videos, in its transaction. */
export async function requestRemovals(trx: Database, videoIds: readonly string[]): Promise<void> {
  if (videoIds.length === 0) return;
  await trx
    .updateTable('file_copy')
    .set({ state: 'REMOVING', try_after: now })
    .where('video_row', 'in', videoIds)
    .execute();
}

/** A video whose copies were marked for removal. */
export interface ExpiredCopies {
  readonly id: string;
  readonly owner: string;
}

/**
 * Marks the copies of up to `limit` videos for removal whose film was kept for `keepMs`. The cover stays as
 * long as the film, and counts only if the film was given up.
 */
export async function expireCopies(
  db: Database,
  keepMs: number,
  limit: number,
): Promise<ExpiredCopies[]> {
  return db.transaction().execute(async (trx) => {
    const old = await trx
      .selectFrom('file_copy')
      .select('video_row')
      // A literal, because a partial index is not used for a parameter.
      .where('state', '=', sql.lit('KEPT'))
      .where('kept_at', '<', sql<number>`now_ms() - ${keepMs}`)
      // A nested value instead of `not exists`, for which PostgreSQL may read the whole table.
      .where(
        sql<SqlBool>`(part = 'film' or coalesce((
          select film.state from file_copy as film where film.id = file_copy.video_row || '/film'
        ), 'FAILED') = 'FAILED')`,
      )
      .orderBy('kept_at')
      .limit(limit)
      .execute();
    const ids = [...new Set(old.map(({ video_row }) => video_row))];
    if (ids.length === 0) return [];
    const videos = await trx
      .updateTable('video')
      .set({
        keep_state: sql`case when keep_state in ('KEPT', 'PENDING') then 'REMOVED' else keep_state end`,
        kept_film: null,
        kept_cover: null,
      })
      .where('id', 'in', ids)
      .returning(['id', 'owner'])
      .execute();
    await requestRemovals(trx, ids);
    return videos;
  });
}

/** A copy that is leased to this caller for removal. */
export type LeasedRemoval = Pick<FileCopyRow, 'id' | 'attempts' | 'names' | 'video_row'>;

/**
 * Leases up to `limit` removals to this caller. A copy that is still being written is leased only after its
 * own lease has ended.
 *
 * @param videoId leases only the copies of this video.
 */
export function leaseRemovals(
  db: Database,
  limit: number,
  leaseMs: number,
  videoId?: string,
): Promise<LeasedRemoval[]> {
  return leaseFiles(
    db,
    (due) =>
      due
        .where('state', '=', sql.lit('REMOVING'))
        .$if(videoId !== undefined, (query) => query.where('video_row', '=', videoId ?? ''))
        .orderBy('try_after'),
    limit,
    leaseMs,
  );
}

/** Counts copies that are still to be removed, up to 1,000. */
export async function countRemovals(db: Database): Promise<number> {
  return countRows(
    db,
    db
      .selectFrom('file_copy')
      .select('id')
      .where('state', '=', sql.lit('REMOVING'))
      .where('try_after', '>', 0)
      .limit(1_000),
  );
}

/** Deletes the rows of copies that have been removed. */
export async function endRemoval(
  db: Database,
  { id, attempts }: Pick<LeasedRemoval, 'id' | 'attempts'>,
): Promise<void> {
  await db
    .deleteFrom('file_copy')
    .where('id', '=', id)
    .where('attempts', '=', attempts)
    .where('state', '=', 'REMOVING')
    .execute();
}

/** Ends a lease, and schedules the next attempt. */
export async function postponeRemoval(
  db: Database,
  { id, attempts }: Pick<LeasedRemoval, 'id' | 'attempts'>,
  afterMs: number,
): Promise<void> {
  await db
    .updateTable('file_copy')
    .set({ lease_until: 0, try_after: sql<number>`now_ms() + ${afterMs}` })
    .where('id', '=', id)
    .where('attempts', '=', attempts)
    .execute();
}
