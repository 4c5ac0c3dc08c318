/** Copies of finished files: which files must be copied, and which replica copies each of them. */

import { sql } from 'kysely';
import { FILE_LIFETIME_MS } from '../video.ts';
import { type DueFiles, type FileCopyRow, type LeasedFile, leaseFiles } from './file-leases.ts';
import type { VideoRow } from './rows.ts';
import type { Database, FilePart } from './schema.ts';
import { isEmbedded } from './sqlite.ts';

/** A file that this caller may copy until its lease ends. */
export interface LeasedCopy extends LeasedFile {
  readonly owner: string;
  /** Where the upstream has the file. */
  readonly url: string;
}

/** Identifies a lease: a later one has another number. */
export type CopyLease = Pick<FileCopyRow, 'id' | 'attempts'>;

const STILL_AVAILABLE = sql<number>`now_ms() - ${sql.lit(FILE_LIFETIME_MS)}`;

/**
 * Plans the copies of up to `limit` finished videos, starting with those that expire first.
 *
 * @returns how many videos.
 */
export async function planCopies(db: Database, limit: number): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const rows = await trx
      .updateTable('video')
      .set({ keep_state: 'PENDING' })
      .where('id', 'in', (eb) =>
        eb
          .selectFrom('video')
          .select('id')
          // Literals, because a partial index is not used for parameters.
          .where('state', '=', sql.lit('SUCCEEDED'))
          .where('keep_state', 'is', null)
          .where('expire_flag', '=', sql.lit(0))
          .where('unfinished_at', '>', STILL_AVAILABLE)
          .orderBy('unfinished_at')
          .limit(limit)
          .$if(!isEmbedded(db), (query) => query.forUpdate().skipLocked()),
      )
      .where('keep_state', 'is', null)
      .returning(['id', 'video_url', 'cover_url', 'unfinished_at'])
      .execute();
    const copies = rows.flatMap((row) => toPlanned(row));
    if (copies.length > 0) {
      const insert = trx.insertInto('file_copy').values(copies);
      await insert.onConflict((conflict) => conflict.doNothing()).execute();
    }
    return rows.length;
  });
}

function toPlanned(
  row: Pick<VideoRow, 'id' | 'video_url' | 'cover_url' | 'unfinished_at'>,
): FileCopyRow[] {
  const parts: FilePart[] = [];
  if (row.video_url !== null) parts.push('film');
  if (row.cover_url !== null) parts.push('cover');
  return parts.map((part) => ({
    id: `${row.id}/${part}`,
    video_row: row.id,
    part,
    state: 'PENDING',
    attempts: 0,
    failures: 0,
    names: '[]',
    reason: null,
    expires_at: row.unfinished_at + FILE_LIFETIME_MS,
    kept_at: null,
    try_after: 0,
    lease_until: 0,
  }));
}

/** Leases up to `limit` files to copy, starting with those that expire first. */
export async function leaseCopies(
  db: Database,
  limit: number,
  leaseMs: number,
): Promise<LeasedCopy[]> {
  const choose = (due: DueFiles) =>
    due
      // A literal, because a partial index is not used for a parameter.
      .where('state', '=', sql.lit('PENDING'))
      .where('expires_at', '>', 0)
      .orderBy('expires_at');
  const leased = await leaseFiles(db, choose, limit, leaseMs);
  if (leased.length === 0) return [];
  const videos = await db
    .selectFrom('video')
    .select(['id', 'owner', 'video_url', 'cover_url'])
    .where(
      'id',
      'in',
      leased.map(({ video_row }) => video_row),
    )
    .execute();
  const byId = new Map(videos.map((video) => [video.id, video]));
  return leased
    .sort((a, b) => a.expires_at - b.expires_at)
    .map((copy) => {
      const video = byId.get(copy.video_row);
      const url = (copy.part === 'film' ? video?.video_url : video?.cover_url) ?? '';
      return { ...copy, owner: video?.owner ?? '', url };
    });
}

/**
 * Extends a lease, and records which objects may exist at the destination.
 *
 * @returns false when the lease was lost: the caller must stop and publish nothing.
 */
export async function renewCopyLease(
  db: Database,
  { id, attempts }: CopyLease,
  leaseMs: number,
  names?: readonly string[],
): Promise<boolean> {
  const result = await db
    .updateTable('file_copy')
    .set({
      lease_until: sql<number>`now_ms() + ${leaseMs}`,
      ...(names && { names: JSON.stringify(names) }),
    })
    .where('id', '=', id)
    .where('attempts', '=', attempts)
    .where('state', '=', 'PENDING')
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Ends all leases. Only for a database that no other process uses: their holders have died. */
export async function endCopyLeases(db: Database): Promise<void> {
  await db
    .updateTable('file_copy')
    .set({ lease_until: 0 })
    .where('lease_until', '>', sql.lit(0))
    .execute();
}
