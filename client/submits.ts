/** Paid submits: each is paid once, across lost connections and reloads, and followed to its end. */

import type { Connection } from './connection.ts';
import { LongtakeError, PartialError } from './error.ts';
import { createFollow } from './follow.ts';
import { type Memory, type StoredSubmit, toText } from './memory.ts';
import {
  isOfSequence,
  type Made,
  type SubmitName,
  type SubmitResult,
  type Submits,
  toMutation,
  toReads,
} from './operations.ts';
import { isFinal, toOutcome } from './outcome.ts';
import { createRetry, MAX_REFUSALS, type RetryOptions } from './retry.ts';
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

/**
 * The gateway remembers a key for RETENTION_DAYS, which is at least one day. Sent again after that, a submit
 * would be paid again. The last hour is for requests that are slow to arrive.
 */
const SENT_AGAIN_FOR_MS = 23 * 3_600_000;
/** Errors that leave it open whether the task has been started, or that pass when the user signs in. */
const OPEN_ENDS = ['NO_ANSWER', 'INTERNAL', 'BAD_REQUEST', 'UNAUTHENTICATED'];
/**
 * Errors that end a submit although an earlier send may have started its task: refusals that the gateway makes
 * only if no task has the key, and that of this client. The conflict of a key may concern another input.
 */
const FINAL_ENDS = ['SOURCE_UNAVAILABLE', 'UPSTREAM_ERROR', 'OUTCOME_UNKNOWN'];

/** What is known of the sends of a submit that has no video or sequence yet. */
interface Sends {
  /** When the first one began that may have started the task, in epoch milliseconds. Null: none. */
  openSince: number | null;
}

export function createSubmits(connection: Connection, memory: Memory) {
  /** Names of the submits that this page or process follows, once for each call. */
  const active: string[] = [];
  const follow = createFollow(connection);

  function toCall<Name extends SubmitName>(operation: Name) {
    return async (
      fields: Submits[Name]['input'],
      options: SubmitOptions<Submits[Name]['made']> = {},
    ): Promise<Submits[Name]['made']> => {
      const input = { ...fields, idempotencyKey: fields.idempotencyKey || createKey() };
      return run<Name>({ operation, input, startedAt: Date.now(), id: null }, options, false);
    };
  }

  /** Resolves with the video or the sequence in which it has ended. */
  async function run<Name extends SubmitName>(
    submit: StoredSubmit<Name>,
    options: SubmitOptions<Submits[Name]['made']>,
    isRepeat: boolean,
  ): Promise<Submits[Name]['made']> {
    const { operation, input } = submit;
    const name = memory.toName(submit);
    const sends: Sends = { openSince: isRepeat ? submit.startedAt : null };
    let { id } = submit;
    let isKept = isRepeat;
    let shown = '';
    function show(task: Submits[Name]['made']): void {
      const text = JSON.stringify(task);
      if (text !== shown) options.onUpdate?.(task);
      shown = text;
    }
    active.push(name);
    try {
      let made: Submits[Name]['made'] | undefined;
      if (id === null) {
        // An earlier page or process may have sent the caller's key, even with another input.
        const known = await memory.find(name);
        if (known) {
          isKept = true;
          id = known.id;
          sends.openSince = known.startedAt;
          // The gateway refuses it, too, or has forgotten the key: then it would be paid.
          if (id !== null && toText(known.input) !== toText(input)) {
            const message = 'Another submit has the key.';
            throw new LongtakeError({ code: 'IDEMPOTENCY_CONFLICT', message });
          }
        } else {
          // Before it is sent: a page that ends in between finds it here.
          await memory.keep(submit);
        }
      }
      options.signal?.throwIfAborted();
      isKept = true;
      if (id === null) {
        made = await send<Submits[Name]['made']>(operation, { input }, options, sends);
        show(made);
        id = made.id;
        if (!isFinal(made))
          await attempt(async () => {
            await memory.keep<Name>({ ...submit, id });
            // The same sequence: one of them is enough to find it again.
            if (operation === 'resumeSequence') await forgetOthers(id, name);
          });
      }
      if (!made || !isFinal(made)) made = await follow(toReads(operation), id, options, show);
      // A paused sequence stays, for the page to ask again what to do.
      isKept = !isFinal(made);
      return toOutcome(made);
    } catch (error) {
      if (error instanceof LongtakeError) {
        isKept &&= error instanceof PartialError || isOpen(error.code, id, sends);
        error.pending = isKept;
      }
      throw error;
    } finally {
      // Another call may have sent it: React runs effects twice in development.
      const isLast = active.indexOf(name) === active.lastIndexOf(name);
      if (!isKept && isLast) await attempt(() => memory.forget(name));
      active.splice(active.indexOf(name), 1);
    }
  }

  /**
   * Resolves with what there is, or may be.
   *
   * @param sends of a paid submit, whose key does not live forever.
   */
  async function send<Task extends Made>(
    operation: SubmitName | 'cancelSequence',
    variables: object,
    options: RetryOptions,
    sends?: Sends,
  ): Promise<Task> {
    const retry = createRetry(options, options.maxRefusals ?? MAX_REFUSALS);
    for (;;) {
      const sentAt = Date.now();
      try {
        const { result } = await connection.send<{ result: SubmitResult<Task> }>(
          toMutation(operation),
          variables,
          options.signal,
          () => checkAge(sends),
        );
        const { made, video, maybe, cursor, ...refusal } = result;
        const task = made ?? video ?? maybe;
        if (!task) throw new LongtakeError({ code: 'INTERNAL', message: 'No message', ...refusal });
        // completions() begins here, if it has not begun before.
        if (cursor)
          await attempt(async () => (await memory.readCursor()) ?? memory.writeCursor(cursor));
        return task;
      } catch (error) {
        if (sends && !isRefusal(error, operation)) sends.openSince ??= sentAt;
        await retry.after(error);
      }
    }
  }

  async function cancel(id: string, options: RetryOptions = {}): Promise<Sequence> {
    const sequence = await send<Sequence>('cancelSequence', { id }, options);
    await attempt(() => forgetOthers(id));
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
    const kept = await memory.list();
    return kept.filter((submit) => !active.includes(memory.toName(submit))).map(toPending);
  }

  function toPending<Name extends SubmitName>(submit: StoredSubmit<Name>): Pending<Name> {
    return {
      ...submit,
      startedAt: new Date(submit.startedAt),
      resume: (options = {}) => run(submit, options, true),
      forget: () => memory.forget(memory.toName(submit)),
    };
  }

  return { toCall, cancel, list };
}

/** After the request, a failing storage costs nothing: what it holds is sent again with the same key. */
async function attempt(store: () => Promise<unknown>): Promise<void> {
  await store().catch(() => {});
}

/** @throws LongtakeError if the gateway may have forgotten the key of an open send. */
function checkAge(sends: Sends | undefined): void {
  const now = Date.now();
  // A clock that was set back does not show the age.
  if (Math.abs(now - (sends?.openSince ?? now)) <= SENT_AGAIN_FOR_MS) return;
  const message = 'No answer came to an old submit. It may have been paid.';
  throw new LongtakeError({ code: 'OUTCOME_UNKNOWN', message });
}

/** Whether it says that this send has started nothing. */
function isRefusal(error: unknown, operation: string): boolean {
  if (!(error instanceof LongtakeError) || error instanceof PartialError) return false;
  if (OPEN_ENDS.includes(error.code)) return false;
  // A sequence may be stored although the database did not confirm it.
  return !isOfSequence(operation) || error.code !== 'GATEWAY_UNAVAILABLE';
}

/** Whether there may be something to wait for. */
function isOpen(code: string, id: string | null, { openSince }: Sends): boolean {
  if (id !== null) return !code.endsWith('_NOT_FOUND');
  return openSince !== null && !FINAL_ENDS.includes(code);
}

/** Not `randomUUID`, which browsers offer only to pages from HTTPS or localhost. */
function createKey(): string {
  return crypto.getRandomValues(new Uint8Array(16)).join('-');
}
