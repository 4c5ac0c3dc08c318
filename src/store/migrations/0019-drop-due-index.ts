import type { Kysely } from 'kysely';

/** `0016-due-indexes` has replaced it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropIndex('video_due').ifExists().execute();
}
