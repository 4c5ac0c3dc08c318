/** Schedules the next shot of a sequence. */

import { sql } from 'kysely';
import { buildEntering } from '../lanes.ts';
import { prepare } from '../prepared-statements.ts';
import { now } from '../rows.ts';
import type { Database } from '../schema.ts';
import type { SequenceRow, ShotRow } from '../sequence-rows.ts';
import { isEmbedded } from '../sqlite.ts';
import type { NewRow } from './insert.ts';
import { buildScheduled, insertScheduled } from './schedule.ts';
import { setSequence, setShot } from './sequence.ts';
import { toTry } from './tries.ts';

export const NO_PROBLEM = { problem_message: null, problem_code: null, problem_video: null };

/** The video that the first shot extends, as the sequence knows it from now on. */
export type KnownStart = Pick<SequenceRow, 'start_video' | 'start_task_id'>;

/**
 * Schedules the first try of a shot, which is the sequence's current shot from now on. The owner's row and
 * the sequence are locked.
 *
 * @param sourceTaskId the task of the shot before it.
 */
export async function scheduleNext(
  trx: Database,
  sequence: SequenceRow,
  next: ShotRow,
  sourceTaskId: string,
  { start_video, start_task_id }: KnownStart,
): Promise<void> {
  const row = toTry(sequence, next, { source_task_id: sourceTaskId });
  if (!isEmbedded(trx)) {
    await scheduleAtOnce(trx, { ...row, start_video, start_task_id, current: next.number });
    return;
  }
  const { id } = await insertScheduled(trx, row);
  await setShot(trx, next, { video_row: id });
  await setSequence(trx, sequence.id, {
    ...NO_PROBLEM,
    start_video,
    start_task_id,
    state: 'RUNNING',
    current: next.number,
  });
}

/**
 * The same in one statement, which only PostgreSQL supports.
 *
 * @see https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-MODIFYING
 */
const scheduleAtOnce = prepare<NewRow & KnownStart & { readonly current: number }, unknown>(
  (db, param) =>
    db
      .with('inserted', () => buildScheduled(db, param))
      .with('entered', () =>
        buildEntering(db, { owner: param('owner'), kind: 'LATER', id: param('id') }),
      )
      .with('linked', (cte) =>
        cte
          .updateTable('shot')
          .set({ video_row: param('id') })
          .where('sequence_id', '=', param('sequenceId') ?? '')
          .where('number', '=', param('current')),
      )
      .updateTable('sequence')
      .set({
        ...NO_PROBLEM,
        start_video: param('start_video'),
        start_task_id: param('start_task_id'),
        state: 'RUNNING',
        current: param('current'),
        revision: sql<number>`revision + 1`,
        changed_at: now,
      })
      .where('id', '=', param('sequenceId')),
);
