/** Pages of lists, newest first: ids are ordered by time. */

import { type RawBuilder, type SqlBool, sql } from 'kysely';

export interface Page {
  readonly limit: number;
  /** The page begins after this id; null begins with the newest item. */
  readonly before: string | null;
}

/** The columns that select a list, in the order of an index whose last column is the id. */
export type Place = Readonly<Record<string, string>>;

/**
 * A condition: the row is in the list, and on this page or a later one. Each column is compared as a range
 * with one value. With `=`, PostgreSQL would drop the column from the sort order and might scan the rows of
 * all owners along the primary key.
 */
export function isOnPage(place: Place, before: Page['before']): RawBuilder<SqlBool> {
  const refs = sql.join(Object.keys(place).map((column) => sql.ref(column)));
  const values = Object.values(place);
  const end =
    before === null
      ? sql`(${refs}) <= (${sql.join(values)})`
      : sql`(${refs}, id) < (${sql.join([...values, before])})`;
  return sql<SqlBool>`(${refs}) >= (${sql.join(values)}) and ${end}`;
}

/** The order of such a page. It names every column of the index so that PostgreSQL uses it. */
export function toPageOrder(place: Place): RawBuilder<unknown> {
  return sql.join([...Object.keys(place), 'id'].map((column) => sql`${sql.ref(column)} desc`));
}
