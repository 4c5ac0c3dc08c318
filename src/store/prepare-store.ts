import type { Config } from '../config.ts';
import { createAllowance, toAllowance } from './allowance.ts';
import { explainDatabase, isShared } from './database.ts';
import type { Database } from './schema.ts';
import { recoverOrphans } from './transitions/unconfirmed.ts';

/**
 * Prepares the database before the first request.
 *
 * @throws Error with a sentence for the operator.
 */
export async function prepareStore(db: Database, config: Config): Promise<void> {
  const { DATABASE_URL, UNCONFIRMED_DEADLINE_MS } = config;
  try {
    await createAllowance(db, toAllowance('submit', config));
    await createAllowance(db, toAllowance('read', config));
    // SQLite has only this process, so the processes of earlier submits are dead.
    if (!isShared(DATABASE_URL)) await recoverOrphans(db, UNCONFIRMED_DEADLINE_MS);
  } catch (error) {
    const reason = explainDatabase(error, DATABASE_URL);
    throw new Error(`DATABASE_URL: the database cannot be used: ${reason}`, { cause: error });
  }
}
