/** What promises 1 to 5 say of tasks, without I/O and without time. */

import type { Kind } from '../support/submit-kinds.ts';

export const ANSWERS = ['accepted', 'lost', 401, 402, 404, 422, 429, 451, 455, 500] as const;
/** `lost`: the connection is cut. A number: answered with this code, of which 500 refuses nothing. */
export type Answer = (typeof ANSWERS)[number];

export const CALLBACKS = ['success', 'failure', 'failure without data', 'no file'] as const;
export type Callback = (typeof CALLBACKS)[number];

const REFUSALS: Readonly<Record<number, string>> = {
  401: 'UpstreamUnauthorizedError',
  402: 'InsufficientCreditsError',
  404: 'VideoNotFoundError',
  422: 'InvalidInputError',
  429: 'RateLimitedError',
  451: 'SourceUnavailableError',
  455: 'UpstreamMaintenanceError',
};

/** Both mutations share the keys: a key of one conflicts with the other. */
export function toKind(input: number): Kind {
  return input % 2 === 0 ? 'extend' : 'generate';
}

/** Each has had one POST: a submit that sends none makes no task. */
export interface ModelTask {
  readonly number: number;
  readonly key: string | null;
  readonly input: number;
  state: 'SUBMITTING' | 'REJECTED' | 'UNCONFIRMED' | 'WAITING' | 'SUCCEEDED' | 'FAILED';
  holdsKey: boolean;
  /** Whether its POST is over: answered, or cut off. */
  isAnswered: boolean;
  /** Whether the gateway has learned the upstream's id. */
  isNamed: boolean;
  /** What those who wait for the submit are answered with, and all while the task is a tombstone. */
  refusal: string;
}

export class Model {
  readonly tasks: ModelTask[] = [];
  /** The tasks that have ended, once for each end, in order. */
  log: ModelTask[] = [];

  /** The task that a submit starts or joins; null if the key has another input. */
  submit(key: string | null, input: number): ModelTask | null {
    const holder = this.holderOf(key);
    if (holder) return holder.input === input ? holder : null;
    const task: ModelTask = {
      number: this.tasks.length,
      key,
      input,
      state: 'SUBMITTING',
      holdsKey: key !== null,
      isAnswered: false,
      isNamed: false,
      refusal: '',
    };
    this.tasks.push(task);
    return task;
  }

  answer(task: ModelTask, answer: Answer): void {
    task.isAnswered = true;
    if (answer === 'accepted') task.isNamed = true;
    if (task.state !== 'SUBMITTING') return;
    if (answer === 'accepted') task.state = 'WAITING';
    else if (answer === 'lost') task.state = 'UNCONFIRMED';
    else if (answer === 500) {
      task.state = 'UNCONFIRMED';
      task.refusal = 'UpstreamError';
    } else {
      task.state = 'REJECTED';
      task.holdsKey = false;
      const isMissing = answer === 404 && toKind(task.input) === 'generate';
      task.refusal = isMissing ? 'UpstreamError' : (REFUSALS[answer] ?? '');
    }
  }

  callBack(task: ModelTask, callback: Callback): void {
    if (callback !== 'failure without data') task.isNamed = true;
    const isOver = task.state === 'SUCCEEDED' || task.state === 'FAILED';
    if (callback === 'success' && task.state !== 'SUCCEEDED') this.end(task, 'SUCCEEDED');
    else if (callback.startsWith('failure') && !isOver) this.end(task, 'FAILED');
    else if (!isOver) task.state = 'WAITING';
    // The task exists: a tombstone takes its key back if it is free.
    if (task.key !== null && !this.holderOf(task.key)) task.holdsKey = true;
  }

  crash(): void {
    for (const task of this.tasks) {
      task.isAnswered = true;
      if (task.state === 'SUBMITTING') task.state = 'UNCONFIRMED';
    }
  }

  /** The type with which a submit of this task's key is answered; null: it waits. */
  answerTo({ state, refusal, input }: ModelTask): string | null {
    if (state === 'SUBMITTING') return null;
    if (state === 'REJECTED') return refusal;
    if (state === 'UNCONFIRMED') return 'OutcomeUnknownError';
    return toKind(input) === 'generate' ? 'GenerateVideoSuccess' : 'ExtendVideoSuccess';
  }

  /** The same for a submit that waited for the task's answer. */
  answerToWaiting(task: ModelTask): string | null {
    return (task.state === 'UNCONFIRMED' && task.refusal) || this.answerTo(task);
  }

  private end(task: ModelTask, state: 'SUCCEEDED' | 'FAILED'): void {
    task.state = state;
    this.log.push(task);
  }

  private holderOf(key: string | null): ModelTask | undefined {
    return this.tasks.find((task) => key !== null && task.key === key && task.holdsKey);
  }
}
