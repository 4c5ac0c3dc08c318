/** Deletes sequences. Their videos remain. */

import { sql } from 'kysely';
import { lockOwner } from './owner-limits.ts';
import type { Database } from './schema.ts';
import { isEmbedded } from './sqlite.ts';
import { withdrawTries } from './transitions/follow-up.ts';

/**
 * Deletes up to `limit` sequences that are not running and have not changed during the retention, unless
 * one of their videos is newer or still open. Returns how many.
 */
export async function pruneSequences(
  db: Database,
  retentionMs: number,
  limit: number,
): Promise<number> {
  const cutoff = sql<number>`now_ms() - ${retentionMs}`;
  return db.transaction().execute(async (trx) => {
    const old = await trx
      .deleteFrom('sequence')
      .where('id', 'in', (eb) =>
        eb
          .selectFrom('sequence as old')
          .select('old.id')
          // A literal, because a partial index is not used for a parameter.
          .where('old.state', '<>', sql.lit('RUNNING'))
          .where('old.changed_at', '<', cutoff)
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom('video')
                  .select('video.id')
                  .whereRef('video.sequence_id', '=', 'old.id')
                  .where(({ eb: video, or }) =>
                    or([
                      video('video.finished_at', 'is', null),
                      video('video.finished_at', '>=', cutoff),
                    ]),
                  ),
              ),
            ),
          )
          .orderBy('old.changed_at')
          .limit(limit)
          // One that is being resumed is not old any more.
          .$if(!isEmbedded(trx), (query) => query.forUpdate().skipLocked()),
      )
      .where('changed_at', '<', cutoff)
      .returning('id')
      .execute();
    await removeShots(
      trx,
      old.map(({ id }) => id),
    );
    return old.length;
  });
}

async function removeShots(trx: Database, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await trx.deleteFrom('shot').where('sequence_id', 'in', ids).execute();
  await trx.deleteFrom('sequence_resume').where('sequence_id', 'in', ids).execute();
}

/** Deletes every sequence of an owner, and withdraws their scheduled submits. */
export async function forgetSequences(db: Database, owner: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await lockOwner(trx, owner);
    const forgotten = await trx
      .deleteFrom('sequence')
      .where('owner', '=', owner)
      .returning('id')
      .execute();
    for (const { id } of forgotten) await withdrawTries(trx, id, null);
    await removeShots(
      trx,
      forgotten.map(({ id }) => id),
    );
  });
}
