import { type Kysely, sql } from 'kysely';

/** Where an owner's completion log begins, so that cursors of an earlier log of the same owner are refused. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('owner')
    .addColumn('origin', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
  // Of forgotten owners. They were never served, and all submits waited behind them.
  await sql`delete from lane where kind = 'LATER' and owner not in (select owner from owner)`.execute(
    db,
  );
}
