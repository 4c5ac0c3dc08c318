/** Handles two transactions that claim the same key or task id at the same moment. */

import type { RawBuilder } from 'kysely';
import { keptKey, reclaimedKey } from './unique-keys.ts';

/** SQLSTATE of PostgreSQL. It cannot happen on SQLite, which has a single writer. */
const UNIQUE_VIOLATION = '23505';
const RETRIES = 4;

/**
 * Repeats a transition when another transaction has committed a claim between its check and its write; the
 * next run sees that claim. A key can be claimed and freed again and again, so the last run does not claim
 * the key and cannot fail.
 *
 * @param run gets the value for `key_held`.
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
