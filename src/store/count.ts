/** Counts of rows. */

import type { SelectQueryBuilder } from 'kysely';
import type { Database, Tables } from './schema.ts';

/** Counts the rows of a query. Give it a limit, so that a count costs no more as a table grows. */
export async function countRows<Table extends keyof Tables>(
  db: Database,
  rows: SelectQueryBuilder<Tables, Table, { id: string }>,
): Promise<number> {
  const { count } = await db
    .selectFrom(rows.as('counted'))
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}
