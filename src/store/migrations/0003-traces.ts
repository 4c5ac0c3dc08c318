import type { Kysely } from 'kysely';

/** Callbacks carry no trace, so the row stores that of its submit (W3C traceparent). */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('video').addColumn('traceparent', 'text').execute();
}
