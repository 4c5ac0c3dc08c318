/** Turns the clock back for what is stored: a test cannot wait for days. */

import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';

export const DAY_MS = 24 * 60 * 60 * 1000;

/** Runs one statement on the database file of a stopped gateway. */
export function backdate(
  gateway: { readonly folder: string },
  statement: string,
  ...values: SQLInputValue[]
): void {
  const file = new DatabaseSync(join(gateway.folder, 'gateway.db'));
  try {
    file.prepare(statement).run(...values);
  } finally {
    file.close();
  }
}
