/** Numbers the completions of an owner. */

import { type OnConflictBuilder, sql } from 'kysely';
import { toNewLog } from '../log-origin.ts';
import { type Param, prepare } from '../prepared-statements.ts';
import { now, type VideoRow } from '../rows.ts';
import type { Database, Tables } from '../schema.ts';
import { isEmbedded } from '../sqlite.ts';

/**
 * Adds an entry with the next number to the owner's log. Takes the number under the lock on the owner's
 * row, so that entries become visible in order.
 */
export async function logEnd(trx: Database, { owner, id }: VideoRow): Promise<number> {
  const isOneWriter = isEmbedded(trx);
  const { rows } = await (isOneWriter ? takeNumber : logAtOnce)(trx, { owner, id });
  const number = rows[0]?.head;
  if (number === undefined) throw new Error('A completion was not given a number.');
  if (isOneWriter) await addCompletion(trx, { owner, number, id });
  return number;
}

export function countOn(conflict: OnConflictBuilder<Tables, 'owner'>) {
  return conflict.column('owner').doUpdateSet({ head: sql<number>`owner.head + 1` });
}

interface LogEntry {
  readonly owner: string;
  readonly id: string;
}

function buildNumber(db: Database, param: Param<LogEntry>) {
  return db
    .insertInto('owner')
    .values({ owner: param('owner'), ...toNewLog(1) })
    .onConflict(countOn)
    .returning('head');
}

const takeNumber = prepare<LogEntry, { head: number }>(buildNumber);

/** The number and its entry in one statement, which only PostgreSQL supports. */
const logAtOnce = prepare<LogEntry, { head: number }>((db, param) =>
  db
    .with('numbered', () => buildNumber(db, param))
    .with('logged', (cte) =>
      cte
        .insertInto('completion')
        .columns(['owner', 'number', 'video_row', 'created_at'])
        .expression((eb) =>
          eb
            .selectFrom('numbered')
            .select([
              sql<string>`cast(${param('owner')} as text)`.as('owner'),
              'numbered.head',
              sql<string>`cast(${param('id')} as text)`.as('id'),
              now.as('created_at'),
            ]),
        ),
    )
    .selectFrom('numbered')
    .select('head'),
);

const addCompletion = prepare<{ owner: string; number: number; id: string }, unknown>((db, param) =>
  db.insertInto('completion').values({
    owner: param('owner'),
    number: param('number'),
    video_row: param('id'),
    created_at: now,
  }),
);
