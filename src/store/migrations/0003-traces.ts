import type { Kysely } from 'kysely';

/** A callback comes without a trace: its row keeps the one of its submit (W3C traceparent). */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('video').addColumn('traceparent', 'text').execute();
}
