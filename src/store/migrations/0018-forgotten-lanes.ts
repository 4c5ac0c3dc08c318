import { type Kysely, sql } from 'kysely';

/** Deletes the lanes of forgotten owners. They were never served, and all submits waited behind them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`delete from lane where kind = 'LATER' and owner not in (select owner from owner)`.execute(
    db,
  );
}
