/** Copies that are missing at the destination, although they were kept. */

import { sql } from 'kysely';
import type { FileCopyRow } from './file-leases.ts';
import type { Database } from './schema.ts';
import { isEmbedded } from './sqlite.ts';

/** PENDING: it is copied again. FAILED: the upstream has deleted the original. */
export type LostCopy = Pick<FileCopyRow, 'video_row' | 'part' | 'state'> & {
  readonly owner: string;
};

/**
 * Records that a kept copy is missing, and plans another one while the upstream has the original.
 *
 * @param name of the object at the destination.
 * @returns null when no copy with this name is kept.
 */
export async function loseCopy(db: Database, name: string): Promise<LostCopy | null> {
  const [videoId = '', file = ''] = name.split('/');
  const part = file.startsWith('film-') ? 'film' : 'cover';
  return db.transaction().execute(async (trx) => {
    // The video first, in the order of all transactions.
    const video = await trx
      .selectFrom('video')
      .select(['id', 'owner'])
      .where('id', '=', videoId)
      .$if(!isEmbedded(db), (query) => query.forUpdate())
      .executeTakeFirst();
    if (!video) return null;
    const copy = await trx
      .updateTable('file_copy')
      .set({
        state: sql<
          'PENDING' | 'FAILED'
        >`case when expires_at > now_ms() then 'PENDING' else 'FAILED' end`,
        failures: 0,
        try_after: 0,
        kept_at: null,
        reason: 'the copy was missing at the destination',
      })
      .where('id', '=', `${videoId}/${part}`)
      .where('state', '=', 'KEPT')
      .where('names', '=', JSON.stringify([name]))
      .returning(['video_row', 'part', 'state'])
      .executeTakeFirst();
    if (!copy) return null;
    const change = (set: object) =>
      trx.updateTable('video').set(set).where('id', '=', videoId).execute();
    // Replicas are notified of a film that failed, and not of one that is pending.
    await change(
      part === 'film' ? { keep_state: 'FAILED', kept_film: null } : { kept_cover: null },
    );
    if (part === 'film' && copy.state === 'PENDING') await change({ keep_state: 'PENDING' });
    return { ...copy, owner: video.owner };
  });
}

/** The name of the object that was kept last; null when none is kept. */
export async function findNewestCopy(db: Database): Promise<string | null> {
  const row = await db
    .selectFrom('file_copy')
    .select('names')
    // A literal, because a partial index is not used for a parameter.
    .where('state', '=', sql.lit('KEPT'))
    .where('kept_at', '>', 0)
    .orderBy('kept_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ? ((JSON.parse(row.names) as string[])[0] ?? null) : null;
}
