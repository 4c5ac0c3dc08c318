/** One statement on the database of a gateway, whichever engine it is. */

import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';

const SQLITE = 'sqlite:';

/** Resolves with the rows. Counts are numbers on either engine. */
export async function queryDatabase<Row>(url: string, statement: string): Promise<Row[]> {
  if (url.startsWith(SQLITE)) {
    const file = new DatabaseSync(url.slice(SQLITE.length));
    try {
      return file.prepare(statement).all() as unknown as Row[];
    } finally {
      file.close();
    }
  }
  const client = new pg.Client({
    connectionString: url,
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format as 'text'),
    },
  });
  await client.connect();
  try {
    return (await client.query(statement)).rows as Row[];
  } finally {
    await client.end();
  }
}
