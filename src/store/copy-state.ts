/** Counts the files that are still to be copied, for /metrics. */

import { sql } from 'kysely';
import { now } from './rows.ts';
import type { Database } from './schema.ts';

/** At most this many files are counted: above it the count is a lower bound. */
const LIMIT = 10_000;

export interface CopyState {
  readonly pending: number;
  /** Seconds until the upstream deletes the first of them; null when there is none. */
  readonly secondsLeft: number | null;
}

export async function readCopyState(db: Database): Promise<CopyState> {
  const { pending, left } = await db
    .selectFrom((eb) =>
      eb
        .selectFrom('file_copy')
        .select('expires_at')
        // A literal, because a partial index is not used for a parameter.
        .where('state', '=', sql.lit('PENDING'))
        .where('expires_at', '>', 0)
        .orderBy('expires_at')
        .limit(LIMIT)
        .as('pending'),
    )
    .select(({ fn }) => [
      fn.countAll<number>().as('pending'),
      sql<number | null>`min(pending.expires_at) - ${now}`.as('left'),
    ])
    .executeTakeFirstOrThrow();
  return { pending, secondsLeft: left === null ? null : left / 1_000 };
}
