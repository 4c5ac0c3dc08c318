import { findFault, type Landed } from '../store/landed.ts';
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
    return ok('database', `${database} is empty: its tables are made at the first start`);
  }
  return landed.names.length < names.length
    ? ok('database', `${database} is brought up to date at the next start`)
    : ok('database', `${database} can be used, and is up to date`);
}
