/** Reads of rows in any state, tombstones included, for submits and callbacks. */

import { sql } from 'kysely';
import { toCreationTime } from '../video-id.ts';
import { prepare } from './prepared-statements.ts';
import { isVideo, toVideoColumns, VIDEO_COLUMNS, type VideoRow } from './rows.ts';
import type { Database, RowState } from './schema.ts';

/** What is read before the row of a submit is written. */
export interface SubmitReads {
  /** The number of the owner's latest completion; 0 before the first. */
  readonly head: number;
  /** The row of the video to extend. Null when it belongs to another owner; undefined when it is not stored. */
  readonly source: SubmitSource | null | undefined;
  /** The row that holds the owner's idempotency key. */
  readonly holder: VideoRow | undefined;
}

export interface SubmitSource {
  readonly taskId: string | null;
  /** False for a tombstone and for a deleted video. */
  readonly isVideo: boolean;
}

export interface SubmitQuestion {
  readonly owner: string;
  /** The video to extend, by its own id or its task id; null for an original. */
  readonly source: string | null;
  readonly idempotencyKey: string | null;
}

/** Reads everything in one statement, because each statement costs a round trip on PostgreSQL. */
export async function readForSubmit(db: Database, question: SubmitQuestion): Promise<SubmitReads> {
  const { owner, source } = question;
  const read = question.idempotencyKey === null ? READ_WITHOUT_KEY : READ_WITH_KEY;
  const isOwnId = source !== null && toCreationTime(source) !== null;
  let [found] = (await read[isOwnId ? 'id' : 'task_id'](db, question)).rows;
  // The upstream's ids may have the form of ours.
  if (isOwnId && found?.source_row === null) [found] = (await read.task_id(db, question)).rows;
  if (!found) throw new Error('A statement without a condition has found no row.');
  const { log_head, source_row, source_owner, source_state, source_task, ...holder } = found;
  const reads = { head: log_head ?? 0, holder: isRow(holder) ? holder : undefined };
  if (source_row === null) return { ...reads, source: undefined };
  if (source_owner !== owner) return { ...reads, source: null };
  return { ...reads, source: { taskId: source_task, isVideo: isVideo(source_state) } };
}

type FoundForSubmit = { log_head: number | null } & (
  | { source_row: null; source_owner: null; source_state: null; source_task: null }
  | { source_row: string; source_owner: string; source_state: RowState; source_task: string | null }
) &
  Partial<VideoRow>;

/** Without a holder its many columns are null. Without a key they are not read. */
function isRow(holder: Partial<VideoRow>): holder is VideoRow {
  return typeof holder.id === 'string';
}

function prepareReads(sourceColumn: 'id' | 'task_id', hasKey: boolean) {
  return prepare<SubmitQuestion, FoundForSubmit>((db, param) =>
    db
      .selectFrom(db.selectNoFrom(sql.lit(1).as('one')).as('always'))
      .leftJoin('owner as log', (join) => join.on('log.owner', '=', param('owner')))
      .leftJoin('video as source', (join) =>
        join.on(`source.${sourceColumn}`, '=', param('source')),
      )
      .select([
        'log.head as log_head',
        'source.id as source_row',
        'source.owner as source_owner',
        'source.state as source_state',
        'source.task_id as source_task',
      ])
      .$if(hasKey, (query) =>
        query
          .leftJoin('video as holder', (join) =>
            join
              .on('holder.owner', '=', param('owner'))
              .on('holder.idempotency_key', '=', param('idempotencyKey'))
              // A literal, because a partial index is not used for a parameter.
              .on('holder.key_held', '=', sql.lit(1)),
          )
          .select(toVideoColumns('holder')),
      )
      .$castTo<FoundForSubmit>(),
  );
}

/** By the column that names the source. */
const READ_WITH_KEY = { id: prepareReads('id', true), task_id: prepareReads('task_id', true) };
const READ_WITHOUT_KEY = { id: prepareReads('id', false), task_id: prepareReads('task_id', false) };

/**
 * The row for the owner's idempotency key: the one that holds it, or else the newest one that has freed it.
 * A single statement, because between two a callback may return the key to a tombstone.
 */
export async function findAnswerer(
  db: Database,
  owner: string,
  idempotencyKey: string,
): Promise<VideoRow | undefined> {
  const ofKey = (held: 0 | 1) =>
    db
      .selectFrom('video')
      .select('id')
      .where('owner', '=', owner)
      .where('idempotency_key', '=', idempotencyKey)
      // A literal, because a partial index is not used for a parameter.
      .where('key_held', '=', sql.lit(held));
  const freed = ofKey(0).orderBy('id', 'desc').limit(1);
  return db
    .selectFrom('video')
    .selectAll()
    .where('id', '=', ({ fn }) => fn.coalesce(ofKey(1), freed))
    .executeTakeFirst();
}

/** The row in any state, for its submit and its callback. */
export async function findRow(db: Database, id: string): Promise<VideoRow | undefined> {
  const { rows } = await findRowById(db, { id });
  return rows[0];
}

const findRowById = prepare<{ id: string }, VideoRow>((db, param) =>
  db.selectFrom('video').select(VIDEO_COLUMNS).where('id', '=', param('id')),
);
