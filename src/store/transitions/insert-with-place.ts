/** Inserts a submit's row and takes a place in one statement, which only PostgreSQL supports. */

import { type RawBuilder, type SqlBool, sql } from 'kysely';
import {
  type Allowance,
  buildTakingForNewSubmit,
  type Place,
  putPlaceBack,
  type TakingForNewSubmit,
  toTakingForNewSubmit,
} from '../allowance.ts';
import { buildCounting, isBelowCap } from '../daily-submits.ts';
import { selectNewLog } from '../log-origin.ts';
import {
  isUnlimited,
  isWithinLimits,
  type SpendLimits,
  type SubmitLimits,
} from '../owner-limits.ts';
import { type Param, prepare } from '../prepared-statements.ts';
import { findSqlState } from '../rolled-back.ts';
import { now, toVideoColumns, VIDEO_COLUMNS, type VideoRow } from '../rows.ts';
import type { Database } from '../schema.ts';
import { type NewRow, type NewSubmit, toNewRow, toRowValues } from './insert.ts';

export type Inserted =
  | { readonly row: VideoRow; readonly place: Place }
  /** Another row of the owner holds the key. Nothing is stored. */
  | 'key held'
  /** No place is free, or a limit is or may be exceeded. Nothing is stored. */
  | 'not at once';

/**
 * Commits the row of a submit that can be sent at once, with one round trip.
 *
 * @param first the owner whose scheduled submits go first; null for none.
 */
export type InsertWithPlace = (
  db: Database,
  submit: NewSubmit,
  allowance: Allowance,
  first: string | null,
) => Promise<Inserted>;

/** @param spending the limits that every submit is checked and counted against. */
export function createInsertWithPlace(spending: SubmitLimits): InsertWithPlace {
  const takeAndInsert = isUnlimited(spending) ? insertUnlimited : prepareLimited(spending);
  return async (db, submit, allowance, first) => {
    const takenAt = performance.now();
    const params = { ...toNewRow(submit), ...toTakingForNewSubmit(allowance, first) };
    const { rows } = await takeAndInsert(db, params).catch((error: unknown) => {
      if (findSqlState(error) === UNDONE) return { rows: [] };
      throw error;
    });
    const found = rows[0];
    if (!found) return 'not at once';
    const { place_number, undone: _, ...row } = found;
    const place = { number: place_number, takenAt, isTrial: false };
    if (row.id !== null) return { row, place };
    await putPlaceBack(db, allowance, place);
    return 'key held';
  };
}

type Params = NewRow & TakingForNewSubmit;
type FoundRow = VideoRow & { place_number: number; undone?: null };

/** @see https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-MODIFYING */
function buildInsert(db: Database, param: Param<Params>, spending: SubmitLimits) {
  const { limits, dailyCap } = spending;
  const values = toRowValues(param);
  const columns = Object.keys(values) as (keyof typeof values)[];
  return db
    .with('taken', () =>
      buildTakingForNewSubmit(db, param)
        .$if(limits !== null, (query) =>
          query.where((eb) => isWithinLimits(eb, param('owner'), limits as SpendLimits)),
        )
        .$if(dailyCap > 0, (query) => query.where((eb) => isBelowCap(eb, dailyCap))),
    )
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
    );
}

const insertUnlimited = prepare<Params, FoundRow>((db, param) =>
  buildInsert(db, param, { limits: null, dailyCap: 0 })
    .selectFrom('taken')
    .leftJoin('inserted', (join) => join.onTrue())
    .select(toVideoColumns('inserted'))
    .select('taken.place as place_number'),
);

/** SQLSTATE of a text that is no number, with which the statement undoes itself. */
const UNDONE = '22P02';

/**
 * Checks the limits against what was committed when the statement began, but locks the owner's row only after
 * the insert, because videos are locked before owners. Whoever counts a submit writes its owner's row. So if
 * that row has changed since the statement began (`xmin` names its version), the check may be outdated, and the
 * statement undoes itself.
 */
function prepareLimited(spending: SubmitLimits) {
  const { limits, dailyCap } = spending;
  const hasWindows = limits !== null && limits.windows.length > 0;
  return prepare<Params, FoundRow>((db, param) =>
    buildInsert(db, param, spending)
      .with('locked', (cte) =>
        cte
          .insertInto('owner')
          .columns(['owner', 'head', 'pruned', 'origin'])
          .expression((eb) =>
            eb.selectFrom('inserted').select(['inserted.owner', ...selectNewLog(0)]),
          )
          .onConflict((conflict) =>
            conflict
              .column('owner')
              .doUpdateSet({ owner: param('owner') })
              .where(
                sql<SqlBool>`owner.xmin = (select known.xmin from owner as known where known.owner = ${param('owner')})`,
              ),
          )
          .returning('owner'),
      )
      .with('attempted', (cte) =>
        cte
          .insertInto('attempt')
          .columns(['owner', 'at', 'video_row'])
          .expression((eb) =>
            eb
              .selectFrom('inserted')
              .select(['inserted.owner', now.as('at'), 'inserted.id'])
              .where(sql.lit(hasWindows)),
          ),
      )
      .with('today', () =>
        buildCounting(db, dailyCap, sql`exists (select from locked) and ${sql.lit(dailyCap > 0)}`),
      )
      .selectFrom('taken')
      .leftJoin('inserted', (join) => join.onTrue())
      .select(toVideoColumns('inserted'))
      .select('taken.place as place_number')
      .select(
        // No statement can undo what it has written but by failing.
        sql<null>`case when inserted.id is not null and not exists (select from ${sql.ref(dailyCap > 0 ? 'today' : 'locked')})
          then cast('undone, the rows of its limits have changed meanwhile: ' || inserted.id as integer) end`.as(
          'undone',
        ),
      ),
  );
}
