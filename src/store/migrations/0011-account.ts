import type { Kysely } from 'kysely';

/** What all owners together spend of the upstream's account: submits, by day. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('daily_submits')
    .addColumn('day', 'bigint', (column) => column.primaryKey())
    .addColumn('submits', 'bigint', (column) => column.notNull())
    .execute();
}
