import { type Kysely, type SqlBool, sql } from 'kysely';

/**
 * Pauses after a 429 of the upstream. Before, they were stored as places and could not be distinguished
 * from calls. Also an index for the rows of submits that were never sent.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('pause')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('until', 'bigint', (column) => column.notNull())
    .addColumn('must_try', 'integer', (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex('video_unsent')
    .on('video')
    .column('finished_at')
    .where(sql<SqlBool>`state = 'REJECTED' and post_begun = 0`)
    .execute();
}
