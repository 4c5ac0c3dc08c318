import { type Kysely, type SqlBool, sql } from 'kysely';

/**
 * Submits that wait for their turn: the order in which owners are served, and what a scheduled submit
 * needs until it is sent. The index on places finds the one that is free first, however many there are.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await addColumns(db);
  await db.schema
    .createIndex('video_waiting')
    .on('video')
    .columns(['owner', 'waiting', 'id'])
    .where(sql<SqlBool>`waiting is not null`)
    .execute();
  await db.schema
    .createTable('lane')
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('turn', 'bigint', (column) => column.notNull())
    .addColumn('resume_at', 'bigint', (column) => column.notNull())
    .addColumn('busy_until', 'bigint', (column) => column.notNull())
    .addColumn('entries', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('lane_key', ['owner', 'kind'])
    .execute();
  await db.schema.createIndex('lane_turn').on('lane').column('turn').execute();
  await db.schema
    .createIndex('allowance_free')
    .on('allowance')
    .columns(['name', 'free_at'])
    .execute();
}

/** One statement each, because SQLite adds one column at a time. */
async function addColumns(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema.alterTable('video').addColumn('waiting', 'text').execute();
  await schema.alterTable('video').addColumn('not_before', 'bigint').execute();
  await schema.alterTable('video').addColumn('queue_until', 'bigint').execute();
  await schema
    .alterTable('video')
    .addColumn('queue_tries', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  await schema.alterTable('video').addColumn('sent_at', 'bigint').execute();
  await schema.alterTable('video').addColumn('earlier_token_hashes', 'text').execute();
}
