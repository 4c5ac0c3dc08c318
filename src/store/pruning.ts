/** Deletes rows older than the retention, in small steps so that no lock is held for long. */

import { type Expression, sql } from 'kysely';
import { writeMeta } from './meta.ts';
import { requestRemovals } from './removals.ts';
import { now } from './rows.ts';
import type { Database } from './schema.ts';

function cutoff(retentionMs: number): Expression<number> {
  return sql<number>`now_ms() - ${retentionMs}`;
}

/**
 * Deletes about `limit` log entries older than the retention, starting with the oldest of each owner, and
 * moves the owner's pruned mark forward. A cursor behind the mark is refused as expired.
 *
 * @returns how many owners' logs became shorter; 0 when nothing is old enough.
 */
export async function pruneCompletions(
  db: Database,
  retentionMs: number,
  limit: number,
): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const old = await trx
      .selectFrom(
        trx
          .selectFrom('completion')
          .select(['owner', 'number'])
          .where('created_at', '<', cutoff(retentionMs))
          .orderBy('created_at')
          .limit(limit)
          .as('old'),
      )
      .select(['old.owner', (eb) => eb.fn.max('old.number').as('last')])
      .groupBy('old.owner')
      .orderBy('old.owner')
      .execute();
    for (const { owner, last } of old) {
      await trx
        .updateTable('owner')
        .set({ pruned: last })
        .where('owner', '=', owner)
        // Another replica may have pruned further since the old entries were found.
        .where('pruned', '<', last)
        .execute();
      await trx
        .deleteFrom('completion')
        .where('owner', '=', owner)
        .where('number', '<=', last)
        .execute();
    }
    return old.length;
  });
}

/**
 * Deletes up to `limit` ended rows and tombstones older than the retention whose completions have been
 * deleted, and marks their copies for removal. Returns how many.
 */
export async function pruneVideos(
  db: Database,
  retentionMs: number,
  limit: number,
): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const deleted = await trx
      .deleteFrom('video')
      .where('id', 'in', (eb) =>
        eb
          .selectFrom('video as old')
          .select('old.id')
          .where('old.finished_at', '<', cutoff(retentionMs))
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom('completion')
                  .select('completion.number')
                  .whereRef('completion.video_row', '=', 'old.id'),
              ),
            ),
          )
          // A sequence is deleted before its videos.
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom('sequence')
                  .select('sequence.id')
                  .whereRef('sequence.id', '=', 'old.sequence_id'),
              ),
            ),
          )
          .orderBy('old.finished_at')
          .limit(limit),
      )
      // Checked again, because a late callback may have ended the row meanwhile.
      .where('finished_at', '<', cutoff(retentionMs))
      .returning(['id', 'keep_state'])
      .execute();
    await requestRemovals(
      trx,
      deleted.filter(({ keep_state }) => keep_state !== null).map(({ id }) => id),
    );
    return deleted.length;
  });
}

/**
 * Deletes up to `limit` tombstones, older than `keptMs`, of submits whose POST never left: every caller has
 * read the answer by then, and no callback can name them. Returns how many.
 */
export async function pruneUnsent(db: Database, keptMs: number, limit: number): Promise<number> {
  const result = await db
    .deleteFrom('video')
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('video')
        .select('id')
        // Literals, because a partial index is not used for parameters.
        .where('state', '=', sql.lit('REJECTED'))
        .where('post_begun', '=', sql.lit(0))
        .where('finished_at', '<', cutoff(keptMs))
        .orderBy('finished_at')
        .limit(limit),
    )
    .where('state', '=', 'REJECTED')
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

/** By the database's clock. Null when there is nothing to compare with. */
export interface PruningTimes {
  readonly now: number;
  /** When rows were last pruned; before the first time, when the newest row was created. */
  readonly last: number | null;
}

const LAST_RUN = 'pruned_at';

export async function readPruningTimes(db: Database): Promise<PruningTimes> {
  const {
    now: time,
    run,
    newest,
  } = await db
    .selectNoFrom((eb) => [
      now.as('now'),
      eb.selectFrom('meta').select('value').where('name', '=', LAST_RUN).as('run'),
      // Ids begin with their time, so the newest row is at the end of the primary key.
      eb
        .selectFrom('video')
        .select('created_at')
        .where('id', '>', '')
        .orderBy('id', 'desc')
        .limit(1)
        .as('newest'),
    ])
    .executeTakeFirstOrThrow();
  return { now: time, last: run === null ? newest : Number(run) };
}

/** Stores when rows were pruned, or the time with which the next run is compared. */
export async function recordPruning(db: Database, at: number): Promise<void> {
  await writeMeta(db, LAST_RUN, String(at));
}
