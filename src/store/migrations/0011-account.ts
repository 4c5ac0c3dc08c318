import type { Kysely } from 'kysely';

/** Submits of all owners per day. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('daily_submits')
    .addColumn('day', 'bigint', (column) => column.primaryKey())
    .addColumn('submits', 'bigint', (column) => column.notNull())
    .execute();
}
