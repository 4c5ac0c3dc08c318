/** Deletes a video at its owner's request. */

import { setTimeout as delay } from 'node:timers/promises';
import { type SqlBool, sql } from 'kysely';
import { isEnded, VIDEO_STATES } from '../../video.ts';
import { restLane } from '../lanes.ts';
import { deleteLog, isLockTimeout, lockNewLogs } from '../log-origin.ts';
import { requestRemovals } from '../removals.ts';
import type { VideoRow } from '../rows.ts';
import type { Database, RowState } from '../schema.ts';

const DELETABLE: readonly RowState[] = VIDEO_STATES.filter(isEnded);

/** Clears all columns except those that prove a paid task: key, fingerprint, token hash and task id. */
const SCRUBBED = {
  state: 'DELETED',
  prompt: '',
  water_mark: '',
  image_url: null,
  expand_prompt: null,
  source_task_id: '',
  video_id: null,
  video_url: null,
  cover_url: null,
  failure_message: null,
  rejection: null,
  traceparent: null,
  keep_state: null,
  kept_film: null,
  kept_cover: null,
  check_after: null,
  lease_until: 0,
} as const;

/**
 * Deletes an ended video. It disappears from every list, and its copies are marked for removal. The row
 * remains until the retention ends, so that nobody pays twice for its key.
 *
 * @returns false when the owner has no ended video with this id, or a sequence still needs it.
 */
export async function deleteEndedVideo(db: Database, owner: string, id: string): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const row = await trx
      .updateTable('video')
      .set(SCRUBBED)
      .where('id', '=', id)
      .where('owner', '=', owner)
      .where('state', 'in', DELETABLE)
      // The other states of a sequence are final.
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('sequence')
              .select('sequence.id')
              .whereRef('sequence.id', '=', 'video.sequence_id')
              .where('sequence.state', 'in', ['RUNNING', 'PAUSED']),
          ),
        ),
      )
      .returning(['id', 'sequence_id', 'shot_number'])
      .executeTakeFirst();
    if (!row) return false;
    await scrubShot(trx, row);
    await scrubProblems(trx, id);
    await trx.deleteFrom('completion').where('video_row', '=', id).execute();
    await requestRemovals(trx, [id]);
    return true;
  });
}

/** Clears the words of a shot when its last try is deleted, and the watermark of its sequence, which has ended. */
async function scrubShot(
  trx: Database,
  { sequence_id, shot_number }: Pick<VideoRow, 'sequence_id' | 'shot_number'>,
): Promise<void> {
  if (sequence_id === null) return;
  // First, because it locks the sequence: two deletes at once would each find the other's try.
  await trx.updateTable('sequence').set({ water_mark: '' }).where('id', '=', sequence_id).execute();
  await trx
    .updateTable('shot')
    .set({ prompt: '', water_mark: '' })
    .where('sequence_id', '=', sequence_id)
    .where('number', '=', shot_number)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('video')
            .select('video.id')
            .where('video.sequence_id', '=', sequence_id)
            .where('video.shot_number', '=', shot_number)
            .where('video.state', '!=', 'DELETED'),
        ),
      ),
    )
    .execute();
}

/** Sequences that could not start from the video repeat its failure text. */
async function scrubProblems(trx: Database, id: string): Promise<void> {
  await trx
    .updateTable('sequence')
    .set({ problem_message: 'The video to start from was deleted.' })
    .where('start_video', '=', id)
    .where('problem_video', '=', id)
    .execute();
}

/** Final states: nothing follows from such a row. */
const FORGETTABLE: readonly RowState[] = [...DELETABLE, 'REJECTED', 'DELETED'];

/**
 * Deletes up to `limit` rows of an owner that have ended, with their completions and tombstones, and
 * marks their copies for removal. A submit with one of their keys is paid again.
 *
 * @returns the ids of the rows.
 */
export async function forgetVideos(db: Database, owner: string, limit: number): Promise<string[]> {
  for (const state of FORGETTABLE) {
    const ids = await forgetInState(db, owner, state, limit);
    if (ids.length > 0) return ids;
  }
  return [];
}

async function forgetInState(
  db: Database,
  owner: string,
  state: RowState,
  limit: number,
): Promise<string[]> {
  return db.transaction().execute(async (trx) => {
    // First an update, because it notifies the replicas, which then drop the video from their caches.
    const rows = await trx
      .updateTable('video')
      .set(SCRUBBED)
      .where('id', 'in', (eb) =>
        eb
          .selectFrom('video')
          .select('id')
          // A range with one value: with `=`, PostgreSQL may read the whole table.
          .where(sql<SqlBool>`(owner, state) >= (${owner}, ${state})`)
          .where(sql<SqlBool>`(owner, state) <= (${owner}, ${state})`)
          .orderBy('owner')
          .orderBy('state')
          .orderBy('id')
          .limit(limit),
      )
      .where('state', '=', state)
      .returning('id')
      .execute();
    const ids = rows.map(({ id }) => id);
    if (ids.length === 0) return [];
    await trx.deleteFrom('completion').where('video_row', 'in', ids).execute();
    await requestRemovals(trx, ids);
    await trx.deleteFrom('video').where('id', 'in', ids).execute();
    return ids;
  });
}

/** What is left of an owner when nothing more can be deleted. */
export interface OwnerRemains {
  /** How many tasks have not ended. */
  readonly tasks: number;
}

/**
 * How long each try waits for the table `owner`. Submits and callbacks wait meanwhile, so the first tries are
 * short. The last ones are longer than `deadlock_timeout` (1 s): only then PostgreSQL cancels an autovacuum that
 * holds the table. The upstream waits 5 s for the answer to a callback.
 */
const LOCK_WAITS_MS = [300, 300, 300, 300, 300, 1_500, 1_500, 1_500];
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 2_000;

const TABLE_IN_USE =
  'The table owner is in use, for example by a vacuum. Not everything was deleted: run this again.';

/**
 * Deletes everything about an owner except videos, unless tasks are still open.
 *
 * @throws Error with a sentence for the operator when another session holds the table `owner`.
 */
export async function forgetOwner(db: Database, owner: string): Promise<OwnerRemains> {
  let cause: unknown;
  for (const [index, waitMs] of LOCK_WAITS_MS.entries()) {
    // Writes that have waited go on in the pause.
    if (index > 0) await delay(Math.min(FIRST_PAUSE_MS * 2 ** (index - 1), MAX_PAUSE_MS));
    try {
      return await tryToForget(db, owner, waitMs);
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      cause = error;
    }
  }
  throw new Error(TABLE_IN_USE, { cause });
}

async function tryToForget(db: Database, owner: string, waitMs: number): Promise<OwnerRemains> {
  return db.transaction().execute(async (trx) => {
    await lockNewLogs(trx, waitMs);
    await trx.deleteFrom('attempt').where('owner', '=', owner).execute();
    const { tasks } = await trx
      .selectFrom('video')
      .select(({ fn }) => fn.countAll<number>().as('tasks'))
      .where('owner', '=', owner)
      .where('state', '<>', sql.lit('REJECTED'))
      .where('state', '<>', sql.lit('DELETED'))
      .executeTakeFirstOrThrow();
    if (tasks > 0) return { tasks };
    await deleteLog(trx, owner);
    // A lane without an owner's row is never served, and all new submits would wait behind it.
    await deleteLanes(trx, owner);
    return { tasks };
  });
}

/** Deletes the lanes of an owner without waiting submits. Another transaction may be adding a submit. */
async function deleteLanes(trx: Database, owner: string): Promise<void> {
  const lanes = await trx
    .selectFrom('lane')
    .select(['kind', 'entries'])
    .where('owner', '=', owner)
    .execute();
  for (const { kind, entries } of lanes) await restLane(trx, { owner, kind }, entries);
}
