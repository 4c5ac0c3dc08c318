/** Two transactions that claim the same key or task id at the same moment. */

import type { RawBuilder } from 'kysely';
import { keptKey, reclaimedKey } from './unique-keys.ts';

/** Unique violation: SQLSTATE on PostgreSQL. SQLite has one writer, so that it cannot happen there. */
const UNIQUE_VIOLATION = '23505';
const RETRIES = 4;

/**
 * Runs a transition again when another transaction committed a claim between its check and its write:
 * the next run sees that claim. A key can be claimed, freed and claimed again meanwhile, so the last run
 * leaves the key to the others and cannot fail.
 *
 * @param run gets what to write into `key_held`.
 */
export async function withRetries<T>(run: (key: RawBuilder<number>) => Promise<T>): Promise<T> {
  for (let retry = 0; retry < RETRIES; retry++) {
    try {
      return await run(reclaimedKey);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === UNIQUE_VIOLATION))
        throw error;
    }
  }
  return run(keptKey);
}
