import type { Config } from '../config.ts';
import { readCopyState } from '../store/copy-state.ts';
import { readCredits } from '../store/credits.ts';
import { countSubmitsToday } from '../store/daily-submits.ts';
import { countOpenTasks } from '../store/open-tasks.ts';
import { readPauses } from '../store/pauses.ts';
import { readQueueState } from '../store/queue.ts';
import type { Database } from '../store/schema.ts';
import { countOpenSequences } from '../store/sequences.ts';
import { createCachedReading } from './cached-reading.ts';

/** The values that a scrape reads from the database. */
export function createDatabaseReadings(
  db: Database,
  config: Pick<Config, 'SUBMITS_PER_DAY' | 'UPSTREAM_CREDITS' | 'KEEP_URL'>,
) {
  return {
    openTasks: createCachedReading(() => countOpenTasks(db)),
    queue: createCachedReading(() => readQueueState(db)),
    sequences: createCachedReading(() => countOpenSequences(db)),
    pauses: createCachedReading(() => readPauses(db)),
    submitsToday:
      config.SUBMITS_PER_DAY > 0 ? createCachedReading(() => countSubmitsToday(db)) : null,
    copies: config.KEEP_URL ? createCachedReading(() => readCopyState(db)) : null,
    credits: config.UPSTREAM_CREDITS ? createCachedReading(() => readCredits(db)) : null,
  };
}
