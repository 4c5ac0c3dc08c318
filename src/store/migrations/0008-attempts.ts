import type { Kysely } from 'kysely';

/** Submits as spending limits count them, independent of their rows. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('attempt')
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('video_row', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('attempt_key', ['owner', 'at', 'video_row'])
    .execute();
  await db.schema.createIndex('attempt_age').on('attempt').column('at').execute();
}
