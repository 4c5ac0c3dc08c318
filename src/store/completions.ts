/** The completion log. Each owner has one, in the order of commits. */

import { sql } from 'kysely';
import type { Video } from '../video.ts';
import { origin } from './log-origin.ts';
import { prepare } from './prepared-statements.ts';
import { isVideo, toVideo, VIDEO_COLUMNS, type VideoRow } from './rows.ts';
import type { Database } from './schema.ts';

export interface LogBounds {
  /** The number of the owner's latest completion; 0 before the first. */
  readonly head: number;
  /** Completions up to and including this number have been pruned; 0: none. */
  readonly pruned: number;
  /** The log's numbers are greater. Lower ones may be of an earlier log, whose owner was forgotten. */
  readonly origin: number;
}

export async function readLogBounds(db: Database, owner: string): Promise<LogBounds> {
  const { rows } = await findLogBounds(db, { owner });
  const [bounds] = rows;
  if (!bounds) throw new Error('A statement without a condition has found no row.');
  return bounds;
}

const findLogBounds = prepare<{ owner: string }, LogBounds>((db, param) =>
  db
    .selectFrom(db.selectNoFrom(sql.lit(1).as('one')).as('always'))
    .leftJoin('owner', (join) => join.on('owner.owner', '=', param('owner')))
    .select(({ fn }) => [
      fn.coalesce('owner.head', sql<number>`0`).as('head'),
      fn.coalesce('owner.pruned', sql<number>`0`).as('pruned'),
      fn.coalesce('owner.origin', origin).as('origin'),
    ]),
);

export interface Completion {
  readonly number: number;
  readonly video: Video;
}

/** The owner's completions after this number, in order, with the current state of their videos. */
export async function readCompletions(
  db: Database,
  owner: string,
  after: number,
  limit: number,
): Promise<Completion[]> {
  const rows = await db
    .selectFrom('completion')
    .innerJoin('video', 'video.id', 'completion.video_row')
    .selectAll('video')
    .select('completion.number')
    .where('completion.owner', '=', owner)
    .where('completion.number', '>', after)
    .orderBy('completion.number')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ number: row.number, video: toVideo(row) }));
}

/** A video with its latest completion, if it has ended. */
export interface TaskEnd {
  readonly video: Video;
  readonly completion: Completion | null;
}

/** One of the owner's videos by its own id, in one statement; undefined for any other id. */
export async function findTaskEnd(
  db: Database,
  owner: string,
  id: string,
): Promise<TaskEnd | undefined> {
  const { rows } = await findRowAndNumber(db, { id });
  const [row] = rows;
  if (row?.owner !== owner || !isVideo(row.state)) return undefined;
  const video = toVideo(row);
  return { video, completion: row.number === null ? null : { number: row.number, video } };
}

const findRowAndNumber = prepare<{ id: string }, VideoRow & { number: number | null }>(
  (db, param) =>
    db
      .selectFrom('video')
      .select(VIDEO_COLUMNS)
      .select((eb) =>
        eb
          .selectFrom('completion')
          .select((latest) => latest.fn.max('completion.number').as('number'))
          .whereRef('completion.video_row', '=', 'video.id')
          .as('number'),
      )
      .where('id', '=', param('id')),
);
