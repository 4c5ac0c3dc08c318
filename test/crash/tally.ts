/** What is left after all the crashes, held against what the upstream and the clients know. */

import type { SubmitResult } from '../support/submit-kinds.ts';
import type { Stored, StoredRow } from './site.ts';
import type { PaidTask } from './upstream.ts';

export interface Tally {
  /** By point. */
  readonly kills: Readonly<Record<string, number>>;
  readonly tasks: number;
  /** One line for each broken promise. */
  readonly faults: readonly string[];
}

/** An answer to a submit, and what the upstream made of its prompt; null where it was cut off. */
export interface Answer {
  readonly prompt: string;
  readonly result: SubmitResult | null;
}

export interface Evidence {
  readonly kills: Readonly<Record<string, number>>;
  readonly tasks: readonly PaidTask[];
  readonly stored: Stored;
  readonly heard: readonly string[];
  readonly answers: readonly Answer[];
  /** The prompts whose keys may be taken by a request that never left. */
  readonly burnable: ReadonlySet<string>;
}

export function count({ kills, tasks, stored, heard, answers, burnable }: Evidence): Tally {
  const { rows, log } = stored;
  const paid = new Set(tasks.map(({ prompt }) => prompt));
  const rowsOf = (prompt: string) => rows.filter((row) => row.prompt === prompt);
  const faults: string[] = [];

  for (const prompt of paid) {
    const posts = tasks.filter((task) => task.prompt === prompt);
    if (posts.length > 1) faults.push(`${prompt}: ${posts.length} POSTs`);
  }
  for (const { taskId, prompt, end } of tasks) {
    const row = rows.find(({ task_id }) => task_id === taskId);
    if (row?.entries !== 1)
      faults.push(`${prompt}: ${row?.entries ?? 'no row, so no'} completions`);
    if (row && row.state !== end) faults.push(`${prompt}: ${row.state} instead of ${end}`);
  }
  for (const prompt of new Set(answers.map((answer) => answer.prompt))) {
    const [row, ...others] = rowsOf(prompt);
    if (!row || others.length > 0) faults.push(`${prompt}: ${rowsOf(prompt).length} rows`);
    // A request that never left: nothing can be known of it.
    else if (paid.has(prompt)) continue;
    else if (row.state !== 'UNCONFIRMED' || row.entries > 0) {
      faults.push(`${prompt}: ${row.state} without a POST`);
    } else if (!burnable.has(prompt)) {
      faults.push(
        `${prompt}: its key is taken for good, although it is certain that no POST has left`,
      );
    }
  }
  for (const { prompt, result } of answers) {
    const [row] = rowsOf(prompt);
    if (!result || isTrue(result, row)) continue;
    faults.push(`${prompt}: answered ${JSON.stringify(result)}, stored ${JSON.stringify(row)}`);
  }
  const length = Math.max(log.length, heard.length);
  for (let i = 0; i < length; i++) {
    if (log[i] !== heard[i]) faults.push(`completion ${i}: ${log[i]}, heard ${heard[i]}`);
  }
  return { kills, tasks: tasks.length, faults };
}

/** A submit is answered with the one row of its key, or not at all. */
function isTrue(result: SubmitResult, row: StoredRow | undefined): boolean {
  switch (result.__typename) {
    case 'ExtendVideoSuccess':
    case 'GenerateVideoSuccess':
      return result.video.id === row?.id && result.video.taskId === row.task_id;
    case 'OutcomeUnknownError':
      return result.video.id === row?.id;
    // It says that nothing was begun: the client repeats it, and the row is that of the repeat.
    case 'GatewayUnavailableError':
      return true;
    default:
      return false;
  }
}
