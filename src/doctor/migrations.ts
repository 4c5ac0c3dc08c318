import { findFault, type Landed } from '../store/applied-migrations.ts';
import { type Finding, fault, ok } from './finding.ts';

/** @param known the migrations of this version. */
export function judgeMigrations(
  database: string,
  landed: Landed,
  known: Readonly<Record<string, unknown>>,
): Finding {
  const names = Object.keys(known);
  const wrong = findFault(landed, names);
  if (wrong) return fault('database', `${database}: ${wrong.problem}`, wrong.remedy);
  if (landed.names.length === 0) {
    return ok('database', `${database} is empty: the first start creates its tables`);
  }
  return landed.names.length < names.length
    ? ok('database', `${database} will be migrated at the next start`)
    : ok('database', `${database} is usable and up to date`);
}
