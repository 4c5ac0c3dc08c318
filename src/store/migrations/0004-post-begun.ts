import { type Kysely, type SqlBool, sql } from 'kysely';

/**
 * Whether the POST of a row may have begun. Older rows count as sent. The index finds due rows without a
 * task id, however many reads are due at the same time.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('video')
    .addColumn('post_begun', 'integer', (column) => column.notNull().defaultTo(1))
    .execute();
  await db.schema
    .createIndex('video_due_unnamed')
    .on('video')
    .column('check_after')
    .where(sql<SqlBool>`check_after is not null and task_id is null`)
    .execute();
}
