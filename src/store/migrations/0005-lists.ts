import { type Kysely, type SqlBool, sql } from 'kysely';

/**
 * Indexes that make the cost of a list independent of the length of its owner's history: none of them
 * contains refused submits or videos in other states.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const name of ['video_list', 'video_extensions', 'video_open']) {
    await db.schema.dropIndex(name).execute();
  }
  await db.schema
    .createIndex('video_list')
    .on('video')
    .columns(['owner', 'id'])
    .where(sql<SqlBool>`state <> 'REJECTED'`)
    .execute();
  await db.schema
    .createIndex('video_extensions')
    .on('video')
    .columns(['owner', 'source_task_id', 'id'])
    .where(sql<SqlBool>`state <> 'REJECTED'`)
    .execute();
  await db.schema
    .createIndex('video_state')
    .on('video')
    .columns(['owner', 'state', 'id'])
    .execute();
  await db.schema
    .createIndex('video_freed_key')
    .on('video')
    .columns(['owner', 'idempotency_key', 'id'])
    .where(sql<SqlBool>`key_held = 0 and idempotency_key is not null`)
    .execute();
}
