/** What promise 9 says of one owner's scheduled submits, without I/O. Time passes in hours. */

/** Of every submit: an hour and a half after it may be sent. */
export const DEADLINE_HOURS = 1.5;

export const QUEUE_ANSWERS = ['accepted', 'later', 'refused', 'lost'] as const;
/** `later` is a refusal that passes, `refused` one that does not; `lost`: the connection is cut. */
export type QueueAnswer = (typeof QUEUE_ANSWERS)[number];

/** LEAVING: its POST has arrived and has no answer yet. */
type State =
  | 'SCHEDULED'
  | 'LEAVING'
  | 'REJECTED'
  | 'WAITING'
  | 'UNCONFIRMED'
  | 'SUCCEEDED'
  | 'FAILED'
  | 'WITHDRAWN';

export interface QueuedTask {
  readonly number: number;
  state: State;
  /** Hours until it may be sent; not positive: it may. */
  dueIn: number;
  /** How many POSTs it has had. */
  posts: number;
  /** Whether a caller waits for the answer to its first POST. */
  isAwaited: boolean;
  isNamed: boolean;
  reason: 'INPUT_REFUSED' | 'NEVER_SENT' | null;
}

export class QueueModel {
  readonly tasks: QueuedTask[] = [];
  /** One entry for each end, in order. */
  readonly log: QueuedTask[] = [];

  submit(dueIn: number): QueuedTask {
    const isSent = dueIn <= 0 && !this.tasks.some(isDue);
    const task: QueuedTask = {
      number: this.tasks.length,
      state: isSent ? 'LEAVING' : 'SCHEDULED',
      dueIn,
      posts: isSent ? 1 : 0,
      isAwaited: isSent,
      isNamed: false,
      reason: null,
    };
    this.tasks.push(task);
    return task;
  }

  answer(task: QueuedTask, answer: QueueAnswer): void {
    const wasAwaited = task.isAwaited;
    task.isAwaited = false;
    if (answer === 'accepted') task.isNamed = true;
    if (task.state !== 'LEAVING') return;
    if (answer === 'accepted') task.state = 'WAITING';
    else if (answer === 'lost') task.state = 'UNCONFIRMED';
    else if (answer === 'later') task.state = 'SCHEDULED';
    else if (wasAwaited) task.state = 'REJECTED';
    else this.end(task, 'FAILED', 'INPUT_REFUSED');
  }

  /** A success: it proves that a POST had started the task, whatever its answer said. */
  callBack(task: QueuedTask): void {
    task.isNamed = true;
    if (task.state !== 'SUCCEEDED') this.end(task, 'SUCCEEDED', null);
  }

  /** Whether it is withdrawn, and its end; false: too late. */
  withdraw(task: QueuedTask): boolean {
    if (task.state === 'SCHEDULED') this.end(task, 'WITHDRAWN', null);
    return task.state === 'WITHDRAWN';
  }

  /** Returns what is sent afterwards, in order. Nothing is LEAVING before. */
  pass(hours: number): QueuedTask[] {
    for (const task of this.tasks) task.dueIn -= hours;
    for (const task of this.tasks.filter(isDue)) {
      if (task.dueIn + DEADLINE_HOURS <= 0) this.end(task, 'FAILED', 'NEVER_SENT');
    }
    const sent = this.tasks.filter(isDue);
    for (const task of sent) {
      task.state = 'LEAVING';
      task.posts += 1;
    }
    return sent;
  }

  private end(
    task: QueuedTask,
    state: 'SUCCEEDED' | 'FAILED' | 'WITHDRAWN',
    reason: QueuedTask['reason'],
  ) {
    task.state = state;
    task.reason = reason;
    this.log.push(task);
  }
}

function isDue({ state, dueIn }: QueuedTask): boolean {
  return state === 'SCHEDULED' && dueIn <= 0;
}
