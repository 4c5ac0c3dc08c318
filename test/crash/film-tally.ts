/** What is left of the sequences after all kills, held against what the upstream was sent. */

import { queryDatabase } from '../support/database-query.ts';
import type { PaidTask } from './upstream.ts';

export interface FilmTally {
  /** Requests that the upstream received. */
  readonly posts: number;
  /** Shots, originals included. */
  readonly shots: number;
  /** New tries after failures, which the caller had allowed. */
  readonly retried: number;
  /** New tries that the caller asked for. */
  readonly resumed: number;
  /** Tries that ended unpaid because an earlier one had succeeded after all. */
  readonly withdrawn: number;
  /** Tries whose process died before the request left. Nobody can know that, so they are given up. */
  readonly lost: number;
  /** One line for each broken promise. */
  readonly faults: readonly string[];
}

interface TryRow {
  readonly id: string;
  readonly sequence_id: string;
  readonly shot_number: number;
  readonly state: string;
  readonly failure_reason: string | null;
  readonly task_id: string | null;
}

interface ShotRow {
  readonly sequence_id: string;
  readonly number: number;
  readonly video_row: string | null;
  readonly retried: number;
}

interface FilmRow {
  readonly id: string;
  readonly state: string;
  readonly retries: number;
  readonly resumes: number;
}

const READ_TRIES = `select id, sequence_id, shot_number, state, failure_reason, task_id
  from video where sequence_id is not null`;
const READ_SHOTS = 'select sequence_id, number, video_row, retried from shot order by number';
const READ_FILMS = `select id, state, retries,
  (select count(*) from sequence_resume where sequence_id = sequence.id) as resumes from sequence`;

export async function tallyFilms(url: string, tasks: readonly PaidTask[]): Promise<FilmTally> {
  const tries = await queryDatabase<TryRow>(url, READ_TRIES);
  const shots = await queryDatabase<ShotRow>(url, READ_SHOTS);
  const films = await queryDatabase<FilmRow>(url, READ_FILMS);
  const tasksOf = Map.groupBy(tasks, ({ callbackPath }) => callbackPath.split('/')[2] ?? '');
  const faults: string[] = [];

  for (const id of tasksOf.keys()) {
    if (!tries.some((row) => row.id === id)) faults.push(`${id}: a POST without a row`);
  }
  const isLost = (row: TryRow) => row.failure_reason === 'NEVER_CONFIRMED' && !tasksOf.has(row.id);
  for (const row of tries) {
    const [task, ...others] = tasksOf.get(row.id) ?? [];
    const what = `shot ${row.shot_number} of ${row.sequence_id}, ${row.id}`;
    if (others.length > 0) faults.push(`${what}: ${others.length + 1} POSTs`);
    if (!task && row.state !== 'WITHDRAWN' && !isLost(row)) {
      faults.push(`${what}: ${row.state} without a POST`);
    }
    if (task && (row.state !== task.end || row.task_id !== task.taskId)) {
      faults.push(`${what}: ${row.state} as ${row.task_id}, not ${task.end} as ${task.taskId}`);
    }
  }
  let resumed = 0;
  for (const { id, state, retries, resumes } of films) {
    if (state !== 'COMPLETED') faults.push(`${id}: ${state}`);
    const own = shots.filter(({ sequence_id }) => sequence_id === id);
    let source: string | null = null;
    for (const { number, video_row: video, retried } of own) {
      const [task] = tasksOf.get(video ?? '') ?? [];
      if (task?.end !== 'SUCCEEDED') faults.push(`${id}: no success of shot ${number}`);
      if (task?.source !== source) faults.push(`${id}: shot ${number} extends ${task?.source}`);
      if (retried > retries) faults.push(`${id}: ${retried} retries of shot ${number}`);
      source = task?.taskId ?? null;
    }
    const made = tries.filter(({ sequence_id }) => sequence_id === id).length;
    const unasked = own.reduce((sum, { retried }) => sum + 1 + retried, 0);
    resumed += made - unasked;
    // A resume that came too late to change anything is stored as well.
    if (made < unasked || made > unasked + resumes) {
      faults.push(`${id}: ${made} tries, and ${unasked} to ${unasked + resumes} were asked for`);
    }
  }
  const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
  return {
    posts: tasks.length,
    shots: shots.length,
    retried: sum(shots.map(({ retried }) => retried)),
    resumed,
    withdrawn: tries.filter(({ id, state }) => state === 'WITHDRAWN' && !tasksOf.has(id)).length,
    lost: tries.filter(isLost).length,
    faults,
  };
}
