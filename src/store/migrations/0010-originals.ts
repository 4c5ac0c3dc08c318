import type { Kysely } from 'kysely';

/** Videos that extend no other. All older rows are extensions. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('video')
    .addColumn('kind', 'text', (column) => column.notNull().defaultTo('EXTENSION'))
    .execute();
  await db.schema.alterTable('video').addColumn('duration', 'integer').execute();
  await db.schema.alterTable('video').addColumn('aspect_ratio', 'text').execute();
}
