/** The completion log. Each owner has one, in the order of commits. */

import type { Video } from '../video.ts';
import { prepare } from './prepared.ts';
import { isVideo, toVideo, VIDEO_COLUMNS, type VideoRow } from './rows.ts';
import type { Database } from './schema.ts';

export interface LogBounds {
  /** The number of the owner's latest completion; 0 before the first. */
  readonly head: number;
  /** Completions up to and including this number have been pruned. */
  readonly pruned: number;
}

export async function readLogBounds(db: Database, owner: string): Promise<LogBounds> {
  const { rows } = await findLogBounds(db, { owner });
  return rows[0] ?? { head: 0, pruned: 0 };
}

const findLogBounds = prepare<{ owner: string }, LogBounds>((db, param) =>
  db.selectFrom('owner').select(['head', 'pruned']).where('owner', '=', param('owner')),
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
