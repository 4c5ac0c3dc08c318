import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Behaviour, Outcome } from './scenarios.ts';
import { SUCCESS } from './scenarios.ts';

/** In the order in which a task passes through them; one of the last two ends it. */
export type TaskState = 'wait' | 'queueing' | 'generating' | 'success' | 'fail';

export interface SandboxTask {
  readonly taskId: string;
  /** Empty for a video that extends no other. */
  readonly parentTaskId: string;
  readonly videoId: string;
  readonly prompt: string;
  readonly imageUrl: string | null;
  readonly expandPrompt: boolean;
  readonly callBackUrl: string;
  readonly behaviour: Behaviour;
  /** The index of its film; films are assigned in turn. */
  readonly film: number;
  readonly createdAt: number;
  state: TaskState;
  /** How it ended; null until then. */
  outcome: Outcome | null;
}

export type NewTask = Pick<
  SandboxTask,
  'parentTaskId' | 'prompt' | 'imageUrl' | 'expandPrompt' | 'callBackUrl' | 'behaviour'
>;

/** The initial balance of the account, and the price of each task. */
const FIRST_CREDITS = 1_200;
const TASK_CREDITS = 12;

/** How many different films there are. */
export const FILM_COUNT = 8;

/** The video of the reference's example. It exists from the start, so that it can be extended. */
export const ORIGINAL_TASK_ID = 'ee603959-debb-48d1-98c4-a6d1c717eba6';

/** Beyond this number the oldest tasks are deleted, which bounds the memory. */
const MAX_TASKS = 10_000;

const ORIGINAL: SandboxTask = {
  taskId: ORIGINAL_TASK_ID,
  parentTaskId: '',
  videoId: '485da89c-7fca-4340-8c04-101025b2ae71',
  prompt: 'A cat dances in a room full of colorful lights',
  imageUrl: null,
  expandPrompt: true,
  callBackUrl: '',
  behaviour: {},
  film: 0,
  createdAt: Date.now(),
  state: 'success',
  outcome: SUCCESS,
};

export interface TasksOptions {
  readonly stepMs: number;
  readonly autoplay: boolean;
  /** Stops autoplay. */
  readonly signal: AbortSignal;
  /** Called each time a task has ended; `advance` and `complete` wait for it. */
  readonly onEnded: (task: SandboxTask) => Promise<void>;
}

export interface Tasks {
  /** The account's balance, which decreases with each task. It is only reported: no task is refused. */
  readonly credits: number;
  readonly byId: ReadonlyMap<string, SandboxTask>;
  findByVideoId(videoId: string): SandboxTask | undefined;
  /** Whether this is the first call with this prompt. */
  noteFirst(prompt: string): boolean;
  /** Adds a task in the state `wait`. With autoplay it advances on a timer. */
  create(task: NewTask): SandboxTask;
  /** Advances the task by one state. A task that has ended, or is endless and generating, does not change. */
  advance(task: SandboxTask): Promise<void>;
  /** Ends the task whatever its state, even one that has ended otherwise. */
  complete(task: SandboxTask, outcome?: Outcome): Promise<void>;
}

export function createTasks({ stepMs, autoplay, signal, onEnded }: TasksOptions): Tasks {
  const byId = new Map<string, SandboxTask>();
  const byVideoId = new Map<string, SandboxTask>();
  const prompts = new Set<string>();
  let made = 0;

  function add(task: SandboxTask): void {
    byId.set(task.taskId, task);
    byVideoId.set(task.videoId, task);
    if (byId.size > MAX_TASKS) forgetOldest();
  }

  /** The first is the original, which stays. */
  function forgetOldest(): void {
    const [oldest] = byId.values().drop(1);
    if (!oldest) return;
    byId.delete(oldest.taskId);
    byVideoId.delete(oldest.videoId);
  }

  async function complete(task: SandboxTask, outcome = toOutcome(task)): Promise<void> {
    task.outcome = outcome;
    task.state = outcome.code === 200 ? 'success' : 'fail';
    await onEnded(task);
  }

  async function advance(task: SandboxTask): Promise<void> {
    if (task.state === 'wait') task.state = 'queueing';
    else if (task.state === 'queueing') task.state = 'generating';
    else if (task.state === 'generating' && !task.behaviour.endless) await complete(task);
  }

  async function play(task: SandboxTask): Promise<void> {
    const ms = stepMs * (task.behaviour.pace ?? 1);
    // `outcome` and not the state: a task that was completed by hand must not be completed again.
    while (task.outcome === null && !(task.behaviour.endless && task.state === 'generating')) {
      await sleep(ms, undefined, { signal, ref: false });
      await advance(task);
    }
  }

  function noteFirst(prompt: string): boolean {
    if (prompts.has(prompt)) return false;
    if (prompts.size >= MAX_TASKS) prompts.clear();
    prompts.add(prompt);
    return true;
  }

  function toBehaviour({ behaviour, prompt }: NewTask): Behaviour {
    if (!behaviour.isFirstOnly || noteFirst(`task ${prompt}`)) return behaviour;
    return { ...behaviour, outcome: SUCCESS };
  }

  add({ ...ORIGINAL });

  return {
    get credits() {
      return Math.max(0, FIRST_CREDITS - made * TASK_CREDITS);
    },
    byId,
    noteFirst,
    findByVideoId: (videoId) => byVideoId.get(videoId),
    create(fields) {
      const task: SandboxTask = {
        ...fields,
        behaviour: toBehaviour(fields),
        taskId: randomUUID(),
        videoId: randomUUID(),
        film: ++made % FILM_COUNT,
        createdAt: Date.now(),
        state: 'wait',
        outcome: null,
      };
      add(task);
      // Only the signal can end the wait between two steps early; then the sandbox is closing.
      if (autoplay) play(task).catch(() => {});
      return task;
    },
    advance,
    complete,
  };
}

/** How the task ended or, as far as its prompt decides, will end. */
export function toOutcome(task: SandboxTask): Outcome {
  return task.outcome ?? task.behaviour.outcome ?? SUCCESS;
}
