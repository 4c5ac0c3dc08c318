/** How long tasks take, from this database's own history. */

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

/** Of the newest successes among the last `limit` completions of all owners. */
export async function readTaskDurations(db: Database, limit: number): Promise<TaskDuration[]> {
  return (
    db
      .selectFrom('video')
      .select(['kind', 'quality', 'duration', sql<number>`finished_at - ${startedAt}`.as('tookMs')])
      // No join: SQLite would read all videos and look each up among the completions.
      .where('id', 'in', (eb) =>
        eb
          .selectFrom('completion')
          .select('video_row')
          // For the index: every time is later.
          .where('created_at', '>', 0)
          .orderBy('created_at', 'desc')
          .limit(limit),
      )
      .where(sql<boolean>`state || '' = 'SUCCEEDED'`)
      .execute()
  );
}
