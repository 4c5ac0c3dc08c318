/** The end of a task, and its entry in the log: written together or not at all. */

import { type OnConflictBuilder, type SqlBool, sql } from 'kysely';
import { PREDECESSORS, type VideoFailure, type VideoFiles } from '../video.ts';
import type { Completion } from './completions.ts';
import { type Param, prepare } from './prepared.ts';
import { isUnclaimed, keepTaskId, now, toVideo, type VideoRow } from './rows.ts';
import type { Database, RowState, Tables } from './schema.ts';
import { isEmbedded } from './sqlite.ts';

export interface VideoEnd {
  /** The files of a success, or why the task failed. */
  readonly outcome: VideoFiles | VideoFailure;
  /** The upstream's id, where it spoke: adopted by a row that has none. */
  readonly taskId?: string | null;
  readonly expired?: boolean;
  /** Whether the upstream itself reported the end; false when the gateway gives a task up. */
  readonly reported: boolean;
}

/** What a report proves to exist ends from those states too in which it was not a video yet. */
const YIELDING: Record<EndState, readonly RowState[]> = {
  SUCCEEDED: ['SUBMITTING', 'REJECTED', ...PREDECESSORS.SUCCEEDED],
  FAILED: ['SUBMITTING', 'REJECTED', ...PREDECESSORS.FAILED],
};

/**
 * Ends a task and numbers its completion in its owner's log, in one transaction.
 *
 * @returns the completion; null where a repeat, or an end that must not follow the present state, has
 * changed nothing.
 */
export async function endVideo(
  db: Database,
  id: string,
  end: VideoEnd,
): Promise<Completion | null> {
  const columns = toColumns(end);
  const state = toState(end);
  const taskId = end.taskId ?? null;

  return db.transaction().execute(async (trx) => {
    const row = await trx
      .updateTable('video')
      .set({
        ...columns,
        ...ENDED,
        state,
        task_id: keepTaskId(taskId),
        rejection: null,
        key_held: reclaimedKey,
        ...(end.reported ? { checked_at: now } : {}),
      })
      .where('id', '=', id)
      .where('state', 'in', YIELDING[state])
      .where(isUnclaimed(id, taskId))
      // The task may have been confirmed since it was found overdue.
      .$if(columns.failure_reason === 'NEVER_CONFIRMED', (query) =>
        query.where('task_id', 'is', null),
      )
      .returningAll()
      .executeTakeFirst();
    return row ? toEnded(row, await logEnd(trx, row)).completion : null;
  });
}

/** What a callback's URL and its body say of the task that it is about. */
export interface CallbackProof {
  readonly id: string;
  readonly tokenHash: string;
  readonly taskId: string;
}

/**
 * The same for the usual callback: its task has been confirmed, so that the row, and whose it is, need
 * not be looked at before. Null also where the proof is wrong in any part.
 */
export async function endConfirmedVideo(
  db: Database,
  proof: CallbackProof,
  end: VideoEnd,
): Promise<{ owner: string; completion: Completion } | null> {
  const params = { ...proof, ...toColumns(end) };
  const { update, updateAndLog } = END_CONFIRMED[toState(end)];
  if (!isEmbedded(db)) {
    const { rows } = await updateAndLog(db, params);
    return rows[0] ? toEnded(rows[0], rows[0].number) : null;
  }
  return db.transaction().execute(async (trx) => {
    const { rows } = await update(trx, params);
    return rows[0] ? toEnded(rows[0], await logEnd(trx, rows[0])) : null;
  });
}

function toEnded(row: VideoRow, number: number) {
  return { owner: row.owner, completion: { number, video: toVideo(row) } };
}

type EndState = 'SUCCEEDED' | 'FAILED';

function toState({ outcome }: VideoEnd): EndState {
  return 'videoUrl' in outcome ? 'SUCCEEDED' : 'FAILED';
}

type EndColumns = Pick<
  VideoRow,
  | 'video_id'
  | 'video_url'
  | 'cover_url'
  | 'failure_reason'
  | 'failure_message'
  | 'failure_code'
  | 'expire_flag'
>;

function toColumns({ outcome, expired }: VideoEnd): EndColumns {
  const files = 'videoUrl' in outcome ? outcome : null;
  const failure = 'reason' in outcome ? outcome : null;
  return {
    video_id: files?.videoId ?? null,
    video_url: files?.videoUrl ?? null,
    cover_url: files?.coverUrl ?? null,
    failure_reason: failure?.reason ?? null,
    failure_message: failure?.message ?? null,
    failure_code: failure?.upstreamCode ?? null,
    expire_flag: expired ? 1 : 0,
  };
}

/** There is nothing left to look for. */
const ENDED = { finished_at: now, check_after: null, lease_until: 0 };

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
    .where('state', 'in', PREDECESSORS[state])
    .returningAll();
}

/**
 * All of it in one statement, which only PostgreSQL knows: the lock on the owner's row is held for no
 * round trip, and the owner's next completion waits for nothing but the commit.
 *
 * @see https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-MODIFYING
 */
function endAndLogConfirmedRow(db: Database, param: Param<EndParams>, state: EndState) {
  return db
    .with('ended', () => endConfirmedRow(db, param, state))
    .with('numbered', (cte) =>
      cte
        .insertInto('owner')
        .columns(['owner', 'head', 'pruned'])
        .expression((eb) =>
          eb
            .selectFrom('ended')
            .select(['ended.owner', sql<number>`1`.as('head'), sql<number>`0`.as('pruned')]),
        )
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
    .selectAll('ended')
    .select('numbered.head as number');
}

function prepareEndConfirmed(state: EndState) {
  return {
    update: prepare<EndParams, VideoRow>((db, param) => endConfirmedRow(db, param, state)),
    updateAndLog: prepare<EndParams, VideoRow & { number: number }>((db, param) =>
      endAndLogConfirmedRow(db, param, state),
    ),
  };
}

const END_CONFIRMED = {
  SUCCEEDED: prepareEndConfirmed('SUCCEEDED'),
  FAILED: prepareEndConfirmed('FAILED'),
};

/**
 * The number of the end in its owner's log. It is taken under the lock on the owner's row, so numbers
 * become visible in their order.
 */
async function logEnd(trx: Database, { owner, id }: VideoRow): Promise<number> {
  const { rows } = await takeNumber(trx, { owner });
  const number = rows[0]?.head;
  if (number === undefined) throw new Error('A completion was not given a number.');
  await addCompletion(trx, { owner, number, id });
  return number;
}

function countOn(conflict: OnConflictBuilder<Tables, 'owner'>) {
  return conflict.column('owner').doUpdateSet({ head: sql<number>`owner.head + 1` });
}

const takeNumber = prepare<{ owner: string }, { head: number }>((db, param) =>
  db
    .insertInto('owner')
    .values({ owner: param('owner'), head: 1, pruned: 0 })
    .onConflict(countOn)
    .returning('head'),
);

const addCompletion = prepare<{ owner: string; number: number; id: string }, unknown>((db, param) =>
  db.insertInto('completion').values({
    owner: param('owner'),
    number: param('number'),
    video_row: param('id'),
    created_at: now,
  }),
);

/**
 * A tombstone has let go of its key. When a callback proves that its task exists, it takes the key
 * back, unless a later submit holds it by now.
 */
const reclaimedKey = sql<number>`case
  when idempotency_key is null then 0
  when key_held = 1 then 1
  when exists (
    select 1 from video as holder
    where holder.owner = video.owner and holder.idempotency_key = video.idempotency_key
      and holder.key_held = 1
  ) then 0
  else 1 end`;

/**
 * A callback has named the task without ending it: the row learns the id, and that the task exists.
 * False when the id is another row's.
 */
export async function adoptTask(db: Database, id: string, taskId: string | null): Promise<boolean> {
  const isUnproven = sql<SqlBool>`state in ('SUBMITTING', 'UNCONFIRMED', 'REJECTED')`;
  const isNamed = sql<SqlBool>`coalesce(task_id, ${taskId}) is not null`;
  const result = await db
    .updateTable('video')
    .set({
      task_id: keepTaskId(taskId),
      state: sql`case when ${isUnproven} and ${isNamed} then 'WAITING' else state end`,
      // A tombstone that stays one leaves its key free.
      key_held: sql<number>`case when ${isNamed} then ${reclaimedKey} else key_held end`,
      finished_at: sql`case when state = 'REJECTED' and ${isNamed} then null else finished_at end`,
    })
    .where('id', '=', id)
    .where(isUnclaimed(id, taskId))
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
