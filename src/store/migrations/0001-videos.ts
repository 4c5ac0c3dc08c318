import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/** Written for every engine: `bigint` and `text` mean the same on SQLite and on PostgreSQL. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('video')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('idempotency_key', 'text')
    .addColumn('key_held', 'integer', (column) => column.notNull())
    .addColumn('fingerprint', 'text', (column) => column.notNull())
    .addColumn('source_task_id', 'text', (column) => column.notNull())
    .addColumn('prompt', 'text', (column) => column.notNull())
    .addColumn('quality', 'text', (column) => column.notNull())
    .addColumn('water_mark', 'text', (column) => column.notNull())
    .addColumn('image_url', 'text')
    .addColumn('expand_prompt', 'integer')
    .addColumn('submit_until', 'bigint', (column) => column.notNull())
    .addColumn('token_hash', 'text', (column) => column.notNull())
    .addColumn('rejection', 'text')
    .addColumn('task_id', 'text')
    .addColumn('video_id', 'text')
    .addColumn('video_url', 'text')
    .addColumn('cover_url', 'text')
    .addColumn('failure_reason', 'text')
    .addColumn('failure_message', 'text')
    .addColumn('failure_code', 'bigint')
    .addColumn('expire_flag', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('finished_at', 'bigint')
    .addColumn('unfinished_at', 'bigint', (column) => column.notNull())
    .addColumn('checked_at', 'bigint')
    .addColumn('check_after', 'bigint')
    .addColumn('check_count', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('lease_until', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('fileless_reads', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();

  // The upstream assigns these ids, so two rows with the same one are an error, not a race.
  await db.schema.createIndex('video_task').on('video').column('task_id').unique().execute();
  await db.schema
    .createIndex('video_key')
    .on('video')
    .columns(['owner', 'idempotency_key'])
    .unique()
    .where(sql.ref('key_held'), '=', sql.lit(1))
    .execute();
  await db.schema.createIndex('video_list').on('video').columns(['owner', 'id']).execute();
  await db.schema
    .createIndex('video_extensions')
    .on('video')
    .columns(['owner', 'source_task_id', 'id'])
    .execute();
  await db.schema
    .createIndex('video_due')
    .on('video')
    .column('check_after')
    .where(sql.ref('check_after'), 'is not', sql.lit(null))
    .execute();
  await db.schema
    .createIndex('video_open')
    .on('video')
    .column('owner')
    .where(sql.ref('check_after'), 'is not', sql.lit(null))
    .execute();
  await db.schema
    .createIndex('video_finished')
    .on('video')
    .column('finished_at')
    .where(sql.ref('finished_at'), 'is not', sql.lit(null))
    .execute();

  await db.schema
    .createTable('completion')
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('number', 'bigint', (column) => column.notNull())
    .addColumn('video_row', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('completion_key', ['owner', 'number'])
    .execute();
  await db.schema
    .createIndex('completion_video')
    .on('completion')
    .columns(['video_row', 'number'])
    .execute();
  await db.schema.createIndex('completion_age').on('completion').column('created_at').execute();

  await db.schema
    .createTable('owner')
    .addColumn('owner', 'text', (column) => column.primaryKey())
    .addColumn('head', 'bigint', (column) => column.notNull())
    .addColumn('pruned', 'bigint', (column) => column.notNull())
    .execute();

  await db.schema
    .createTable('allowance')
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('place', 'integer', (column) => column.notNull())
    .addColumn('free_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('allowance_key', ['name', 'place'])
    .execute();

  await db.schema
    .createTable('meta')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
    .execute();
}
