/** The fast path for the most frequent end: a callback for a confirmed task. */

import { PREDECESSORS } from '../../video.ts';
import { selectNewLog } from '../log-origin.ts';
import { type Param, prepare } from '../prepared-statements.ts';
import { now, toVideoColumns, VIDEO_COLUMNS, type VideoRow } from '../rows.ts';
import type { Database } from '../schema.ts';
import { isEmbedded } from '../sqlite.ts';
import {
  ENDED,
  type EndColumns,
  type Ended,
  type EndState,
  toColumns,
  toCompletion,
  toState,
  type VideoEnd,
} from './end-columns.ts';
import { countOn } from './end-number.ts';
import { concludeEnd } from './follow-up.ts';

/** What the URL and the body of a callback say about its task. */
export interface CallbackProof {
  readonly id: string;
  readonly tokenHash: string;
  readonly taskId: string;
}

/**
 * Ends a confirmed task after a callback, without reading the row first. Otherwise like `endVideo`.
 *
 * @returns null when nothing changed or when any part of the proof is wrong; on PostgreSQL also when the end
 * may have a follow-up, which takes more than one statement.
 */
export async function endConfirmedVideo(
  db: Database,
  proof: CallbackProof,
  end: VideoEnd,
): Promise<Ended | null> {
  const params = { ...proof, ...toColumns(end) };
  const { update, updateAndLog } = END_CONFIRMED[toState(end)];
  if (!isEmbedded(db)) {
    const { rows } = await updateAndLog(db, params);
    const [row] = rows;
    if (!row) return null;
    return { owner: row.owner, completion: toCompletion(row, row.number), followUp: null };
  }
  return db.transaction().execute(async (trx) => {
    const { rows } = await update(trx, params);
    return rows[0] ? concludeEnd(trx, rows[0]) : null;
  });
}

type EndParams = CallbackProof & EndColumns;

function endConfirmedRow(db: Database, param: Param<EndParams>, state: EndState) {
  return db
    .updateTable('video')
    .set({
      ...ENDED,
      state,
      checked_at: now,
      video_id: param('video_id'),
      video_url: param('video_url'),
      cover_url: param('cover_url'),
      failure_reason: param('failure_reason'),
      failure_message: param('failure_message'),
      failure_code: param('failure_code'),
      expire_flag: param('expire_flag'),
    })
    .where('id', '=', param('id'))
    .where('token_hash', '=', param('tokenHash'))
    .where('task_id', '=', param('taskId'))
    .where('state', 'in', PREDECESSORS[state]);
}

/**
 * Updates the row, takes the number and adds the log entry in one statement, which only PostgreSQL
 * supports. No round trip happens under the lock on the owner's row, so the owner's next completion waits
 * only for the commit.
 *
 * @see https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-MODIFYING
 */
function endAndLogConfirmedRow(db: Database, param: Param<EndParams>, state: EndState) {
  return db
    .with('ended', () =>
      endConfirmedRow(db, param, state)
        .where('sequence_id', 'is', null)
        .where('starts_sequences', 'is', null)
        .returning(VIDEO_COLUMNS),
    )
    .with('numbered', (cte) =>
      cte
        .insertInto('owner')
        .columns(['owner', 'head', 'pruned', 'origin'])
        .expression((eb) => eb.selectFrom('ended').select(['ended.owner', ...selectNewLog(1)]))
        .onConflict(countOn)
        .returning('head'),
    )
    .with('logged', (cte) =>
      cte
        .insertInto('completion')
        .columns(['owner', 'number', 'video_row', 'created_at'])
        .expression((eb) =>
          eb
            .selectFrom(['ended', 'numbered'])
            .select(['ended.owner', 'numbered.head', 'ended.id', now.as('created_at')]),
        ),
    )
    .selectFrom(['ended', 'numbered'])
    .select(toVideoColumns('ended'))
    .select('numbered.head as number');
}

function prepareEndConfirmed(state: EndState) {
  return {
    update: prepare<EndParams, VideoRow>((db, param) =>
      endConfirmedRow(db, param, state).returning(VIDEO_COLUMNS),
    ),
    updateAndLog: prepare<EndParams, VideoRow & { number: number }>((db, param) =>
      endAndLogConfirmedRow(db, param, state),
    ),
  };
}

const END_CONFIRMED = {
  SUCCEEDED: prepareEndConfirmed('SUCCEEDED'),
  FAILED: prepareEndConfirmed('FAILED'),
};
