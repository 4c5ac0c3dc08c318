import { type Kysely, type SqlBool, sql } from 'kysely';

const UNLISTED = sql`('REJECTED', 'DELETED')`;

/**
 * Only on SQLite, which rewrites an index entry whenever a statement sets a column of the index's
 * condition. Every step of a task sets the state, so the lists' indexes use a column that only this
 * trigger sets.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('video')
    .addColumn('listed', 'integer', (column) => column.notNull().defaultTo(1))
    .execute();
  await sql`update video set listed = 0 where state in ${UNLISTED}`.execute(db);
  await sql`
    create trigger video_listed after update of state on video
    when (old.state in ${UNLISTED}) <> (new.state in ${UNLISTED})
    begin update video set listed = new.state not in ${UNLISTED} where id = new.id; end`.execute(
    db,
  );
  for (const name of ['video_list', 'video_extensions']) await db.schema.dropIndex(name).execute();
  await db.schema
    .createIndex('video_list')
    .on('video')
    .columns(['owner', 'id'])
    .where(sql<SqlBool>`listed = 1`)
    .execute();
  await db.schema
    .createIndex('video_extensions')
    .on('video')
    .columns(['owner', 'source_task_id', 'id'])
    .where(sql<SqlBool>`listed = 1`)
    .execute();
}
