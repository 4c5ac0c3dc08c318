/** Does for a freshly filled database what PostgreSQL would do by itself, in the middle of a measurement. */

import { sql } from 'kysely';
import { openDatabase } from '../../src/store/database.ts';
import { isEmbedded } from '../../src/store/sqlite.ts';

export async function settle(url: string): Promise<void> {
  const { db, close } = await openDatabase(url, { size: 1, statementTimeoutMs: 0 });
  if (!isEmbedded(db)) {
    await sql`vacuum analyze`.execute(db);
    await sql`checkpoint`.execute(db);
  }
  await close();
}
