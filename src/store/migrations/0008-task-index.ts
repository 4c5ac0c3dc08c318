import { type Kysely, type SqlBool, sql } from 'kysely';

/**
 * Excludes rows without a task id from the index. SQLite has no statistics, so it would search this index
 * for due rows and visit every refused submit.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropIndex('video_task').execute();
  await db.schema
    .createIndex('video_task')
    .on('video')
    .column('task_id')
    .unique()
    .where(sql<SqlBool>`task_id is not null`)
    .execute();
}
