import { type Kysely, type SqlBool, sql } from 'kysely';

/**
 * Indexes for lists that cost the same however long an owner's history is: none of them leads through
 * refused submits or through videos in other states.
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
