import type { Config } from '../config.ts';
import { countSubmitsToday, readCredits } from '../store/account.ts';
import { countOpenTasks } from '../store/open-tasks.ts';
import { readPauses } from '../store/pauses.ts';
import type { Database } from '../store/schema.ts';
import { createReading } from './cached-reading.ts';

/** What a scrape asks the database for. */
export function createDatabaseReadings(
  db: Database,
  config: Pick<Config, 'SUBMITS_PER_DAY' | 'UPSTREAM_CREDITS'>,
) {
  return {
    openTasks: createReading(() => countOpenTasks(db)),
    pauses: createReading(() => readPauses(db)),
    submitsToday: config.SUBMITS_PER_DAY > 0 ? createReading(() => countSubmitsToday(db)) : null,
    credits: config.UPSTREAM_CREDITS ? createReading(() => readCredits(db)) : null,
  };
}
