import { type Kysely, type SqlBool, sql } from 'kysely';

/**
 * Excludes rows without a task id, which have an index of their own (`video_due_unnamed`). A new row is then
 * written to one of the two indexes. A later migration drops the index that this one replaces.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createIndex('video_due_named')
    .on('video')
    .column('check_after')
    .where(sql<SqlBool>`check_after is not null and task_id is not null`)
    .execute();
}
