import type { Database } from './schema.ts';

/** Writes a named value, of which there is one for all replicas. */
export async function writeMeta(db: Database, name: string, value: string): Promise<void> {
  await db
    .insertInto('meta')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute();
}
