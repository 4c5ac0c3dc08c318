import { type Kysely, type SqlBool, sql } from 'kysely';

/**
 * Leaves rows without a task id out of the index. SQLite, which knows nothing of how many there are,
 * would look for due ones through this index, and meet every refused submit.
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
