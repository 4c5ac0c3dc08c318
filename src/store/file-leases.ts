/** Leases of files, which are copied or removed by one process at a time. */

import { type Selectable, type SelectQueryBuilder, sql } from 'kysely';
import { now } from './rows.ts';
import type { Database, FileCopyTable, Tables } from './schema.ts';
import { isEmbedded } from './sqlite.ts';

export type FileCopyRow = Selectable<FileCopyTable>;

export interface LeasedFile extends FileCopyRow {
  /** By the database's clock. */
  readonly leased_at: number;
}

/** A query of files that may be leased. */
export type DueFiles = SelectQueryBuilder<Tables, 'file_copy', Pick<FileCopyRow, 'id'>>;

/**
 * Leases up to `limit` due files to this caller. When a process dies, another one can lease its files
 * once the leases have ended.
 *
 * @param choose narrows the due files by their state and sorts them.
 */
export async function leaseFiles(
  db: Database,
  choose: (due: DueFiles) => DueFiles,
  limit: number,
  leaseMs: number,
): Promise<LeasedFile[]> {
  return (
    db
      .updateTable('file_copy')
      .set({
        lease_until: sql<number>`now_ms() + ${leaseMs}`,
        attempts: sql<number>`attempts + 1`,
      })
      .where('id', 'in', (eb) =>
        choose(eb.selectFrom('file_copy').select('id'))
          .where('try_after', '<=', now)
          .where('lease_until', '<=', now)
          .limit(limit)
          .$if(!isEmbedded(db), (query) => query.forUpdate().skipLocked()),
      )
      // Checked again, because PostgreSQL may run the nested statement more than once.
      .where('lease_until', '<=', now)
      .returningAll()
      .returning(now.as('leased_at'))
      .execute()
  );
}
