/**
 * What follows from an end in the same transaction: its entry in the owner's log and, if the video is part of
 * a sequence or the start of one, the next step of that sequence.
 */

import type { Updateable } from 'kysely';
import { type Progress, START, type Step, type TryEnd, toProblem, toStep } from '../../sequence.ts';
import type { VideoFailure } from '../../video.ts';
import { prepare } from '../prepared-statements.ts';
import { toVideo, type VideoRow } from '../rows.ts';
import type { Database } from '../schema.ts';
import { type SequenceRow, SHOT_COLUMNS, type ShotRow } from '../sequence-rows.ts';
import type { SequenceTable } from '../sequence-tables.ts';
import { isEmbedded } from '../sqlite.ts';
import { ENDED, type Ended, type FollowUp, toCompletion } from './end-columns.ts';
import { logEnd } from './end-number.ts';
import { NO_PROBLEM, scheduleNext } from './next-shot.ts';
import { setSequence, setShot } from './sequence.ts';
import { insertTry } from './tries.ts';

/**
 * Logs the end and takes the next step of its sequences. Locks the owner's row, because sequences are read
 * and written under that lock.
 */
export async function concludeEnd(trx: Database, row: VideoRow): Promise<Ended> {
  const completion = toCompletion(row, await logEnd(trx, row));
  const hasFollowUp = row.sequence_id !== null || row.starts_sequences !== null;
  const followUp = hasFollowUp ? await advanceSequences(trx, row) : null;
  return { owner: row.owner, completion, followUp };
}

/**
 * Withdraws the scheduled tries of a shot, or of every shot. The owner's row is already locked, so a try that
 * another transaction has locked is skipped: that transaction sends or ends it.
 */
export async function withdrawTries(
  trx: Database,
  sequenceId: string,
  number: number | null,
): Promise<Ended[]> {
  const scheduled = await trx
    .selectFrom('video')
    .select('id')
    .where('sequence_id', '=', sequenceId)
    .where('state', '=', 'SCHEDULED')
    .$if(number !== null, (query) => query.where('shot_number', '=', number))
    .$if(!isEmbedded(trx), (query) => query.forUpdate().skipLocked())
    .execute();
  const ends: Ended[] = [];
  for (const { id } of scheduled) {
    ends.push(await concludeEnd(trx, await withdrawRow(trx, id)));
  }
  return ends;
}

/** The row must be SCHEDULED and locked. */
export async function withdrawRow(trx: Database, id: string): Promise<VideoRow> {
  return trx
    .updateTable('video')
    .set({ ...ENDED, state: 'WITHDRAWN' })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

async function advanceSequences(trx: Database, row: VideoRow): Promise<FollowUp> {
  const followUps: FollowUp[] = [];
  for (const sequence of await findSequences(trx, row)) {
    const number = sequence.id === row.sequence_id ? (row.shot_number ?? START) : START;
    const { step, isSuperseded } = await advance(trx, sequence, number, row);
    followUps.push({
      sequences: [{ id: sequence.id, step }],
      withdrawn: [],
      scheduled: step === 'NEXT' || step === 'RETRY' ? 1 : 0,
    });
    // After a late success, newer tries of the shot are not needed, unless they have other words.
    const isUsed = row.state === 'SUCCEEDED' && step !== 'IGNORE';
    const withdrawn = isUsed && isSuperseded ? await withdrawTries(trx, sequence.id, number) : [];
    followUps.push(toFollowUp(withdrawn));
  }
  return addUp(followUps);
}

/** The sequences that the video is part of, and those that start with it. Locks them against the pruner. */
async function findSequences(trx: Database, row: VideoRow): Promise<SequenceRow[]> {
  const { id, sequence_id: own, starts_sequences: starts } = row;
  const found: SequenceRow[] = [];
  const locked = trx
    .selectFrom('sequence')
    .selectAll()
    .$if(!isEmbedded(trx), (query) => query.forUpdate());
  if (own !== null) found.push(...(await locked.where('id', '=', own).execute()));
  if (starts !== null) {
    const begun = locked
      .where('start_video', '=', id)
      .where('current', '=', START)
      .where('state', 'in', ['RUNNING', 'PAUSED'])
      .where('id', '!=', own ?? '');
    found.push(...(await begun.execute()));
  }
  return found;
}

/** All changes that the ends of several videos have caused, including the ends themselves. */
export function toFollowUp(ends: readonly Ended[]): FollowUp {
  const own = { sequences: [], withdrawn: ends.map((end) => end.completion), scheduled: 0 };
  return addUp([own, ...ends.flatMap(({ followUp }) => followUp ?? [])]);
}

function addUp(followUps: readonly FollowUp[]): FollowUp {
  return {
    sequences: followUps.flatMap(({ sequences }) => sequences),
    withdrawn: followUps.flatMap(({ withdrawn }) => withdrawn),
    scheduled: followUps.reduce((sum, { scheduled }) => sum + scheduled, 0),
  };
}

interface Advance {
  readonly step: Step;
  /** Whether the shot has newer tries. */
  readonly isSuperseded: boolean;
}

async function advance(
  trx: Database,
  sequence: SequenceRow,
  number: number,
  row: VideoRow,
): Promise<Advance> {
  const { rows: shots } = await findShotAndNext(trx, { id: sequence.id, number, next: number + 1 });
  const shot = shots.find((one) => one.number === number);
  const next = shots.find((one) => one.number === number + 1);
  const progress = toProgress(sequence, shot, next !== undefined);
  const end = toTryEnd(number, shot, row);
  const step = toStep(progress, end);
  // The change of the try itself is published as well.
  const isKept = step !== 'IGNORE' && row.state === 'SUCCEEDED';
  const { start_video, start_task_id } = sequence;
  const start =
    isKept && number === START
      ? { start_video: row.id, start_task_id: row.task_id }
      : { start_video, start_task_id };
  if (isKept && shot && !end.isLatest) await setShot(trx, shot, { video_row: row.id });
  if (step === 'NEXT' && next) {
    await scheduleNext(trx, sequence, next, row.task_id ?? '', start);
  } else {
    const columns = await toColumns(trx, sequence, shot, row, step);
    await setSequence(trx, sequence.id, { ...start, ...columns });
  }
  return { step, isSuperseded: !end.isLatest };
}

/** What changes in the sequence, apart from its start. Schedules a retry. */
async function toColumns(
  trx: Database,
  sequence: SequenceRow,
  shot: ShotRow | undefined,
  row: VideoRow,
  step: Step,
): Promise<Updateable<SequenceTable>> {
  if (step === 'RETRY' && shot) {
    const { id } = await insertTry(trx, sequence, shot, row);
    await setShot(trx, shot, { video_row: id, retried: shot.retried + 1 });
    return shot.number === START ? { start_video: id } : {};
  }
  if (step === 'COMPLETE') return { ...NO_PROBLEM, state: 'COMPLETED' };
  if (step !== 'PAUSE') return {};
  const { message, code } = toProblem(shot?.number ?? START, toFailure(row));
  return {
    state: 'PAUSED',
    problem_message: message,
    problem_code: code,
    problem_video: row.id,
  };
}

const findShotAndNext = prepare<{ id: string; number: number; next: number }, ShotRow>(
  (db, param) =>
    db
      .selectFrom('shot')
      .select(SHOT_COLUMNS)
      .where('sequence_id', '=', param('id'))
      .where('number', 'in', [param('number'), param('next')]),
);

function toProgress(
  { state, current, retries }: SequenceRow,
  shot: ShotRow | undefined,
  hasNext: boolean,
): Progress {
  return { state, current, hasNext, retriesLeft: shot ? retries - shot.retried : 0 };
}

function toTryEnd(number: number, shot: ShotRow | undefined, row: VideoRow): TryEnd {
  return {
    number,
    failure: toFailure(row),
    isLatest: !shot || shot.video_row === row.id,
    isCurrentInput:
      !shot ||
      (shot.prompt === row.prompt &&
        shot.quality === row.quality &&
        shot.water_mark === row.water_mark),
    isExtendable: row.task_id !== null,
  };
}

function toFailure(row: VideoRow): VideoFailure | 'WITHDRAWN' | null {
  return row.state === 'WITHDRAWN' ? 'WITHDRAWN' : toVideo(row).failure;
}
