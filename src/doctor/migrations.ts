import { type Finding, fault, ok } from './finding.ts';

/** @param landed the names of the migrations that the database has had. */
export function judgeMigrations(
  database: string,
  landed: readonly string[],
  known: Readonly<Record<string, unknown>>,
): Finding {
  if (landed.some((name) => !(name in known))) {
    return fault(
      'database',
      `${database} was brought up to date by a newer version than this one`,
      'Run that version, or restore a backup from before the upgrade.',
    );
  }
  if (landed.length === 0) {
    return ok('database', `${database} is empty: its tables are made at the first start`);
  }
  return landed.length < Object.keys(known).length
    ? ok('database', `${database} is brought up to date at the next start`)
    : ok('database', `${database} can be used, and is up to date`);
}
