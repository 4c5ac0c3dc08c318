/** Paid submits: each is paid once, across lost connections and reloads, and followed to its end. */

import type { Connection } from './connection.ts';
import { LongtakeError } from './error.ts';
import { createFollow } from './follow.ts';
import type { Memory, StoredSubmit } from './memory.ts';
import {
  type Made,
  type SubmitName,
  type SubmitResult,
  type Submits,
  toMutation,
  toReads,
} from './operations.ts';
import { isFinal, toOutcome } from './outcome.ts';
import { createRetry, type RetryOptions } from './retry.ts';
import type { Sequence, Video } from './schema.ts';

export interface SubmitOptions<Task extends Made = Video> extends RetryOptions {
  /** Called with the video or the sequence when it is known, and after each change. */
  readonly onUpdate?: ((task: Task) => void) | undefined;
}

/** A submit of an earlier page or process, one type for each `operation`. */
export type Pending<Name extends SubmitName = SubmitName> = {
  [Operation in Name]: PendingSubmit<Operation>;
}[Name];

export interface PendingSubmit<Name extends SubmitName> {
  readonly operation: Name;
  readonly input: StoredSubmit<Name>['input'];
  readonly startedAt: Date;
  /** The id of its video or its sequence. Null: no answer has come yet. */
  readonly id: string | null;
  /** Sends it again, unless it has been answered, and follows it to its end. */
  resume(options?: SubmitOptions<Submits[Name]['made']>): Promise<Submits[Name]['made']>;
  /** Removes it from the storage. It may have been paid for. */
  forget(): Promise<void>;
}

/** The gateway remembers keys for RETENTION_DAYS. Sent again after that, a submit would be paid again. */
const FORGOTTEN_AFTER_MS = 7 * 86_400_000;
/** How often a refused submit is sent again. */
const MAX_REFUSALS = 5;
/** Errors that leave it open whether the task has been started. */
const OPEN_ENDS = ['NO_ANSWER', 'INTERNAL', 'UNAUTHENTICATED', 'STORAGE_FAILED'];

export function createSubmits(connection: Connection, memory: Memory) {
  /** Names of the submits that this page or process follows. */
  const active = new Set<string>();
  const follow = createFollow(connection);

  async function begin<Name extends SubmitName>(
    operation: Name,
    fields: Submits[Name]['input'],
    options: SubmitOptions<Submits[Name]['made']>,
  ): Promise<Submits[Name]['made']> {
    options.signal?.throwIfAborted();
    const input = { ...fields, idempotencyKey: fields.idempotencyKey || createKey() };
    return run<Name>({ operation, input, startedAt: Date.now(), id: null }, options, false);
  }

  /** Resolves with the video or the sequence in which it has ended. */
  async function run<Name extends SubmitName>(
    submit: StoredSubmit<Name>,
    options: SubmitOptions<Submits[Name]['made']>,
    isSent: boolean,
  ): Promise<Submits[Name]['made']> {
    const { signal } = options;
    const name = memory.toName(submit);
    let { id } = submit;
    active.add(name);
    try {
      // Before it is sent: a page that ends in between finds it here.
      if (id === null) await memory.keep(submit);
      signal?.throwIfAborted();
      isSent = true;
      const made = await track(submit, options, async (answered) => {
        id = answered;
        const kept: StoredSubmit<Name> = { ...submit, id };
        await memory.keep(kept);
        // The same sequence: one of them is enough to find it again.
        if (submit.operation === 'resumeSequence') await forgetOthers(id, name);
      });
      // A paused sequence stays, for the page to ask again what to do.
      if (isFinal(made)) await attempt(memory.forget(name));
      return toOutcome(made);
    } catch (error) {
      if (!isSent || isOver(error, id)) await attempt(memory.forget(name));
      throw error;
    } finally {
      active.delete(name);
    }
  }

  async function track<Task extends Made>(
    { operation, input, id }: StoredSubmit,
    options: SubmitOptions<Task>,
    onAnswer: (id: string) => Promise<void>,
  ): Promise<Task> {
    let shown = '';
    function show(task: Task): boolean {
      const text = JSON.stringify(task);
      if (text === shown) return false;
      shown = text;
      options.onUpdate?.(task);
      return true;
    }
    if (id !== null) return follow(toReads(operation), id, options, show);
    const task = await send<Task>(operation, { input }, options);
    show(task);
    if (isFinal(task)) return task;
    await attempt(onAnswer(task.id));
    return follow(toReads(operation), task.id, options, show);
  }

  /** Resolves with what there is, or may be. */
  async function send<Task extends Made>(
    operation: SubmitName | 'cancelSequence',
    variables: object,
    options: RetryOptions,
  ): Promise<Task> {
    const retry = createRetry(options, options.maxRefusals ?? MAX_REFUSALS);
    for (;;) {
      try {
        const { result } = await connection.send<{ result: SubmitResult<Task> }>(
          toMutation(operation),
          variables,
          options.signal,
        );
        const { made, video, maybe, cursor, ...refusal } = result;
        const task = made ?? video ?? maybe;
        if (!task) throw new LongtakeError({ code: 'INTERNAL', message: 'No message', ...refusal });
        if (cursor) await attempt(beginCompletions(cursor));
        return task;
      } catch (error) {
        await retry.after(error);
      }
    }
  }

  /** completions() begins here, if it has not begun before. */
  async function beginCompletions(cursor: string): Promise<void> {
    if ((await memory.readCursor()) === null) await memory.writeCursor(cursor);
  }

  async function cancel(id: string, options: RetryOptions): Promise<Sequence> {
    options.signal?.throwIfAborted();
    const sequence = await send<Sequence>('cancelSequence', { id }, options);
    await attempt(forgetOthers(id));
    return sequence;
  }

  /** Forgets what is stored of this sequence. */
  async function forgetOthers(id: string | null, except?: string): Promise<void> {
    for (const other of await memory.list()) {
      const name = memory.toName(other);
      if (other.id === id && name !== except) await memory.forget(name);
    }
  }

  async function list(): Promise<Pending[]> {
    const kept: Pending[] = [];
    for (const submit of await memory.list()) {
      const name = memory.toName(submit);
      if (active.has(name)) continue;
      if (submit.id === null && submit.startedAt < Date.now() - FORGOTTEN_AFTER_MS) {
        await attempt(memory.forget(name));
        continue;
      }
      kept.push(toPending(submit));
    }
    return kept;
  }

  function toPending<Name extends SubmitName>(submit: StoredSubmit<Name>): Pending<Name> {
    return {
      operation: submit.operation,
      input: submit.input,
      startedAt: new Date(submit.startedAt),
      id: submit.id,
      resume: (options = {}) => run(submit, options, true),
      forget: () => memory.forget(memory.toName(submit)),
    };
  }

  return { begin, cancel, list };
}

/** After the request, a failing storage costs nothing: what it holds is sent again with the same key. */
async function attempt(stored: Promise<void>): Promise<void> {
  await stored.catch(() => {});
}

/** Whether nothing is left to wait for: refused, or unknown to the gateway. */
function isOver(error: unknown, id: string | null): boolean {
  if (!(error instanceof LongtakeError)) return false;
  return id === null ? !OPEN_ENDS.includes(error.code) : error.code.endsWith('_NOT_FOUND');
}

/** Not `randomUUID`, which browsers offer only to pages from HTTPS or localhost. */
function createKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
