/** Pages of lists, newest first: ids are ordered by time. */

import { type RawBuilder, type SqlBool, sql } from 'kysely';

export interface Page {
  readonly limit: number;
  /** The page begins after this id; null begins with the newest item. */
  readonly before: string | null;
}

/** The columns by which a list is selected, in the order of an index that continues with the id. */
export type Place = Readonly<Record<string, string>>;

/**
 * A condition: the row is in the list, and on this page or a later one. Each column is compared as a range
 * of one value: with `=` PostgreSQL drops the column from the sort order and may then walk the primary key
 * through the rows of all owners.
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

/** The order of such a page, which names every column so that the index serves it. */
export function toPageOrder(place: Place): RawBuilder<unknown> {
  return sql.join([...Object.keys(place), 'id'].map((column) => sql`${sql.ref(column)} desc`));
}
