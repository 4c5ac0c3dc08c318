/** Inserts a submit's row and takes a place in one statement, which only PostgreSQL supports. */

import type { RawBuilder } from 'kysely';
import { GatewayUnavailableError } from '../../errors.ts';
import {
  type Allowance,
  buildTakingOutOfLine,
  type Place,
  putPlaceBack,
  type TakingOutOfLine,
  toTakingOutOfLine,
} from '../allowance.ts';
import { prepare } from '../prepared.ts';
import { toVideoColumns, VIDEO_COLUMNS, type VideoRow } from '../rows.ts';
import type { Database } from '../schema.ts';
import { type NewRow, type NewSubmit, toNewRow, toRowValues } from './insert.ts';

export type Inserted =
  | { readonly row: VideoRow; readonly place: Place }
  /** Another row of the owner holds the key. Nothing is stored. */
  | 'key held'
  /** Nothing is stored. */
  | 'no place';

/**
 * Commits the row of a submit that can be sent at once, with one round trip instead of four.
 *
 * @param first the owner whose scheduled submits go first; null for none.
 */
export async function insertWithPlace(
  db: Database,
  submit: NewSubmit,
  allowance: Allowance,
  first: string | null,
): Promise<Inserted> {
  const takenAt = performance.now();
  const params = { ...toNewRow(submit), ...toTakingOutOfLine(allowance, first) };
  const { rows } = await takeAndInsert(db, params);
  const found = rows[0];
  if (!found) return 'no place';
  const { place_number, ...row } = found;
  const place = { number: place_number, takenAt, isTrial: false };
  if (row.id !== null) return { row, place };
  await putPlaceBack(db, allowance, place);
  return 'key held';
}

/** Whether the server has answered with an error, so that nothing is stored. */
export function isRolledBack(error: unknown): boolean {
  const cause = error instanceof GatewayUnavailableError ? error.cause : error;
  // A server that shuts down may end the connection between the commit and its answer.
  return (
    cause instanceof Error &&
    'severity' in cause &&
    'code' in cause &&
    !/^(08|57P)/.test(String(cause.code))
  );
}

/** @see https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-MODIFYING */
const takeAndInsert = prepare<NewRow & TakingOutOfLine, VideoRow & { place_number: number }>(
  (db, param) => {
    const values = toRowValues(param);
    const columns = Object.keys(values) as (keyof typeof values)[];
    return db
      .with('taken', () => buildTakingOutOfLine(db, param))
      .with('inserted', (cte) =>
        cte
          .insertInto('video')
          .columns(columns)
          .expression((eb) =>
            eb
              .selectFrom('taken')
              .select(columns.map((column) => (values[column] as RawBuilder<unknown>).as(column))),
          )
          .onConflict((conflict) => conflict.doNothing())
          .returning(VIDEO_COLUMNS),
      )
      .selectFrom('taken')
      .leftJoin('inserted', (join) => join.onTrue())
      .select(toVideoColumns('inserted'))
      .select('taken.place as place_number');
  },
);
