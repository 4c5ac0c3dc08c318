import { type Kysely, type SqlBool, sql } from 'kysely';

/** Copies of finished files, and videos that their owners have deleted. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('video').addColumn('keep_state', 'text').execute();
  await db.schema.alterTable('video').addColumn('kept_film', 'text').execute();
  await db.schema.alterTable('video').addColumn('kept_cover', 'text').execute();
  // What is still to be copied, in the order in which the upstream deletes it.
  await db.schema
    .createIndex('video_to_keep')
    .on('video')
    .column('unfinished_at')
    .where(sql<SqlBool>`state = 'SUCCEEDED' and keep_state is null and expire_flag = 0`)
    .execute();
  // Lists must not lead through what was deleted.
  for (const name of ['video_list', 'video_extensions']) await db.schema.dropIndex(name).execute();
  await db.schema
    .createIndex('video_list')
    .on('video')
    .columns(['owner', 'id'])
    .where(sql<SqlBool>`state <> 'REJECTED' and state <> 'DELETED'`)
    .execute();
  await db.schema
    .createIndex('video_extensions')
    .on('video')
    .columns(['owner', 'source_task_id', 'id'])
    .where(sql<SqlBool>`state <> 'REJECTED' and state <> 'DELETED'`)
    .execute();

  await db.schema
    .createTable('file_copy')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('video_row', 'text', (column) => column.notNull())
    .addColumn('part', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('failures', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('names', 'text', (column) => column.notNull().defaultTo('[]'))
    .addColumn('reason', 'text')
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('kept_at', 'bigint')
    .addColumn('try_after', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('lease_until', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
  await db.schema.createIndex('file_copy_video').on('file_copy').column('video_row').execute();
  await db.schema
    .createIndex('file_copy_pending')
    .on('file_copy')
    .column('expires_at')
    .where(sql<SqlBool>`state = 'PENDING'`)
    .execute();
  await db.schema
    .createIndex('file_copy_kept')
    .on('file_copy')
    .column('kept_at')
    .where(sql<SqlBool>`state = 'KEPT'`)
    .execute();
  await db.schema
    .createIndex('file_copy_removing')
    .on('file_copy')
    .column('try_after')
    .where(sql<SqlBool>`state = 'REMOVING'`)
    .execute();
  await db.schema
    .createIndex('file_copy_leased')
    .on('file_copy')
    .column('lease_until')
    .where(sql<SqlBool>`lease_until > 0`)
    .execute();
}
