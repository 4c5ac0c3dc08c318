import type { Kysely } from 'kysely';

/** Where an owner's completion log begins, so that cursors of an earlier log of the same owner are refused. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('owner')
    .addColumn('origin', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
}
