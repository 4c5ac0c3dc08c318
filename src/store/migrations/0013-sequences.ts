import { type Kysely, type SqlBool, sql } from 'kysely';

/** Sequences, their shots, and the videos that are tries of a shot. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createTables(db);
  const { schema } = db;
  await schema.alterTable('video').addColumn('sequence_id', 'text').execute();
  await schema.alterTable('video').addColumn('shot_number', 'integer').execute();
  await schema.alterTable('video').addColumn('starts_sequences', 'integer').execute();
  await schema
    .createIndex('video_shots')
    .on('video')
    .columns(['sequence_id', 'id'])
    .where(sql<SqlBool>`sequence_id is not null`)
    .execute();
}

async function createTables({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('sequence')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('idempotency_key', 'text', (column) => column.notNull())
    .addColumn('fingerprint', 'text', (column) => column.notNull())
    .addColumn('retries', 'integer', (column) => column.notNull())
    .addColumn('quality', 'text', (column) => column.notNull())
    .addColumn('water_mark', 'text', (column) => column.notNull())
    .addColumn('current', 'integer', (column) => column.notNull())
    .addColumn('start_video', 'text')
    .addColumn('start_task_id', 'text')
    .addColumn('queue_ms', 'bigint', (column) => column.notNull())
    .addColumn('problem_message', 'text')
    .addColumn('problem_video', 'text')
    .addColumn('problem_code', 'text')
    .addColumn('revision', 'integer', (column) => column.notNull().defaultTo(1))
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('changed_at', 'bigint', (column) => column.notNull())
    .addColumn('finished_at', 'bigint')
    .execute();
  await schema
    .createIndex('sequence_key')
    .unique()
    .on('sequence')
    .columns(['owner', 'idempotency_key'])
    .execute();
  await schema.createIndex('sequence_list').on('sequence').columns(['owner', 'id']).execute();
  await schema
    .createIndex('sequence_states')
    .on('sequence')
    .columns(['owner', 'state', 'id'])
    .execute();
  await schema.createIndex('sequence_counts').on('sequence').column('state').execute();
  await schema
    .createIndex('sequence_starts')
    .on('sequence')
    .column('start_video')
    .where(sql<SqlBool>`start_video is not null`)
    .execute();
  await schema
    .createIndex('sequence_changes')
    .on('sequence')
    .column('changed_at')
    .where(sql<SqlBool>`state <> 'RUNNING'`)
    .execute();
  await schema
    .createTable('shot')
    .addColumn('sequence_id', 'text', (column) => column.notNull())
    .addColumn('number', 'integer', (column) => column.notNull())
    .addColumn('prompt', 'text', (column) => column.notNull())
    .addColumn('quality', 'text', (column) => column.notNull())
    .addColumn('water_mark', 'text', (column) => column.notNull())
    .addColumn('video_row', 'text')
    .addColumn('retried', 'integer', (column) => column.notNull().defaultTo(0))
    .addPrimaryKeyConstraint('shot_key', ['sequence_id', 'number'])
    .execute();
  await schema
    .createTable('sequence_resume')
    .addColumn('sequence_id', 'text', (column) => column.notNull())
    .addColumn('idempotency_key', 'text', (column) => column.notNull())
    .addColumn('fingerprint', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('sequence_resume_key', ['sequence_id', 'idempotency_key'])
    .execute();
}
