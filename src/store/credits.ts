/** The balance of the upstream account that all owners share. */

import { sql } from 'kysely';
import { findMeta, writeMeta } from './meta.ts';
import { now } from './rows.ts';
import type { Database } from './schema.ts';

const READ_AT = 'credits_read_at';
const CREDITS = 'credits';

/** Returns true for one replica per period, which then reads the balance. */
export async function claimCreditsRead(db: Database, periodMs: number): Promise<boolean> {
  const claimed = await db
    .insertInto('meta')
    .values({ name: READ_AT, value: sql<string>`cast(${now} as text)` })
    .onConflict((conflict) =>
      conflict
        .column('name')
        .doUpdateSet({ value: sql<string>`cast(${now} as text)` })
        // A time in the future was written before the clock was set back.
        .where(
          sql<boolean>`cast(meta.value as bigint) not between now_ms() - ${periodMs} and now_ms()`,
        ),
    )
    .returning('name')
    .executeTakeFirst();
  return claimed !== undefined;
}

export async function storeCredits(db: Database, credits: number): Promise<void> {
  await writeMeta(db, CREDITS, String(credits));
}

/** The balance as last read; null before the first reading. */
export async function readCredits(db: Database): Promise<number | null> {
  const credits = await findMeta(db, CREDITS);
  return credits === null ? null : Number(credits);
}
