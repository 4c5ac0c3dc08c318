/** How long tasks take, according to the history in this database. */

import { sql } from 'kysely';
import type { VideoKind, VideoQuality } from '../video.ts';
import { startedAt } from './rows.ts';
import type { Database } from './schema.ts';

export interface TaskDuration {
  readonly kind: VideoKind;
  readonly quality: VideoQuality;
  /** Seconds of film; null for an extension. */
  readonly duration: number | null;
  /** Milliseconds from the POST to the success. */
  readonly tookMs: number;
}

/** The durations of the successes among the last `limit` completions of all owners. */
export async function readTaskDurations(db: Database, limit: number): Promise<TaskDuration[]> {
  return (
    db
      .selectFrom('video')
      .select(['kind', 'quality', 'duration', sql<number>`finished_at - ${startedAt}`.as('tookMs')])
      // No join: SQLite would read all videos and look up the completion of each.
      .where('id', 'in', (eb) =>
        eb
          .selectFrom('completion')
          .select('video_row')
          // Always true; lets the statement use the index.
          .where('created_at', '>', 0)
          .orderBy('created_at', 'desc')
          .limit(limit),
      )
      .where(sql<boolean>`state || '' = 'SUCCEEDED'`)
      .execute()
  );
}
