/** Paid submits: each is paid once, across lost connections and reloads, and followed to its end. */

import type { Connection, Signal } from './connection.ts';
import { LongtakeError, toNoAnswer } from './error.ts';
import type { Memory, StoredSubmit } from './memory.ts';
import {
  type SubmitInput,
  type SubmitResult,
  toMutation,
  VIDEO,
  VIDEO_UPDATED,
} from './operations.ts';
import { createRetry, type RetryOptions, sleep } from './retry.ts';
import type { Video } from './schema.ts';

export interface SubmitOptions extends RetryOptions {
  /** Called with the video when it is known, and after each change. */
  readonly onUpdate?: ((video: Video) => void) | undefined;
}

/** A submit of an earlier page or process whose video had not ended. */
export interface Pending {
  readonly operation: keyof SubmitInput;
  readonly input: StoredSubmit['input'];
  readonly startedAt: Date;
  /** The id of its video. Null: no answer has come yet. */
  readonly id: string | null;
  /** Sends it again, unless it has been answered, and follows it to its end. */
  resume(options?: SubmitOptions): Promise<Video>;
  /** Removes it from the storage. It may have been paid for. */
  forget(): Promise<void>;
}

/** The gateway remembers keys for RETENTION_DAYS. Sent again after that, a submit would be paid again. */
const FORGOTTEN_AFTER_MS = 7 * 86_400_000;
/** A browser without HTTP/2 opens six connections to a host, for all of its tabs. */
const MAX_STREAMS = 2;
/** How often a refused submit is sent again. */
const MAX_REFUSALS = 5;
/** How often a video is read that has no stream. */
const POLL_MS = 3_000;
const NOT_FOUND = {
  code: 'VIDEO_NOT_FOUND',
  message: 'The gateway does not know the video any more.',
};
/** Errors that leave it open whether the task has been started. */
const OPEN_ENDS = ['NO_ANSWER', 'INTERNAL', 'UNAUTHENTICATED'];

export function createSubmits(connection: Connection, memory: Memory) {
  /** The keys of submits that this page or process follows. */
  const active = new Set<string>();
  let streams = 0;

  async function begin<Operation extends keyof SubmitInput>(
    operation: Operation,
    fields: SubmitInput[Operation],
    options: SubmitOptions,
  ): Promise<Video> {
    options.signal?.throwIfAborted();
    const input = { ...fields, idempotencyKey: fields.idempotencyKey || createKey() };
    return run({ operation, input, startedAt: Date.now(), id: null }, options);
  }

  async function run(submit: StoredSubmit, options: SubmitOptions): Promise<Video> {
    const { idempotencyKey } = submit.input;
    active.add(idempotencyKey);
    let answered = submit;
    try {
      // Before it is sent: a page that ends in between finds it here.
      if (submit.id === null) await memory.keep(submit);
      const video = await follow(submit, options, async (id) => {
        answered = { ...submit, id };
        await memory.keep(answered);
      });
      await memory.forget(submit);
      if (video.state === 'SUCCEEDED') return video;
      throw toVideoError(video);
    } catch (error) {
      if (isOver(answered, error)) await memory.forget(submit);
      throw error;
    } finally {
      active.delete(idempotencyKey);
    }
  }

  /** Resolves with the video in its last state. */
  async function follow(
    submit: StoredSubmit,
    options: SubmitOptions,
    onAnswer: (id: string) => Promise<void>,
  ): Promise<Video> {
    const { signal, onUpdate } = options;
    let shown = '';
    function show(video: Video): Video {
      const text = JSON.stringify(video);
      if (text !== shown) onUpdate?.(video);
      shown = text;
      return video;
    }

    let id = submit.id;
    if (id === null) {
      const video = show(await send(submit, options));
      if (isEnded(video)) return video;
      id = video.id;
      await onAnswer(id);
    }
    const retry = createRetry(options);
    for (;;) {
      try {
        if (streams < MAX_STREAMS) {
          const last = await watch(id, signal, (video) => {
            retry.reset();
            return show(video);
          });
          if (last && isEnded(last)) return last;
          // The gateway restarts, or the token has expired.
          throw toNoAnswer('The event stream ended before the video did.');
        }
        const { video } = await connection.send<{ video: Video | null }>(VIDEO, { id }, signal);
        if (!video) throw new LongtakeError(NOT_FOUND);
        if (isEnded(show(video))) return video;
        await sleep(POLL_MS, signal);
      } catch (error) {
        await retry.after(error);
      }
    }
  }

  /** Shows every change until the stream ends, and resolves with the last one. */
  async function watch(
    id: string,
    signal: Signal,
    show: (video: Video) => Video,
  ): Promise<Video | null> {
    let last: Video | null = null;
    streams += 1;
    try {
      for await (const { video } of connection.subscribe<{ video: Video }>(
        VIDEO_UPDATED,
        { id },
        signal,
      )) {
        last = show(video);
        if (isEnded(last)) break;
      }
      return last;
    } finally {
      streams -= 1;
    }
  }

  /** Resolves with the video that there is, or may be. */
  async function send(submit: StoredSubmit, options: SubmitOptions): Promise<Video> {
    const { operation, input } = submit;
    const retry = createRetry(options, options.maxRefusals ?? MAX_REFUSALS);
    for (;;) {
      try {
        const { result } = await connection.send<{ result: SubmitResult }>(
          toMutation(operation),
          { input },
          options.signal,
        );
        const { cursor, code = 'INTERNAL', message = 'No message' } = result;
        const video = result.video ?? result.unknown ?? result.maybe;
        if (!video) throw new LongtakeError({ ...result, code, message, video: undefined });
        // completions() begins here, if it has not begun before.
        if (cursor && (await memory.readCursor()) === null) await memory.writeCursor(cursor);
        return video;
      } catch (error) {
        await retry.after(error);
      }
    }
  }

  async function list(): Promise<Pending[]> {
    const submits = await memory.list();
    const kept: Pending[] = [];
    for (const submit of submits) {
      const { operation, input, startedAt, id } = submit;
      if (active.has(input.idempotencyKey)) continue;
      if (id === null && startedAt < Date.now() - FORGOTTEN_AFTER_MS) {
        await memory.forget(submit);
        continue;
      }
      kept.push({
        operation,
        input,
        startedAt: new Date(startedAt),
        id,
        resume: (options = {}) => run(submit, options),
        forget: () => memory.forget(submit),
      });
    }
    return kept;
  }

  return { begin, list };
}

/** Whether nothing is left to wait for: refused, ended, or unknown to the gateway. */
function isOver({ id }: StoredSubmit, error: unknown): boolean {
  if (!(error instanceof LongtakeError)) return false;
  if (id === null) return !OPEN_ENDS.includes(error.code);
  return error.video !== null || error.code === 'VIDEO_NOT_FOUND';
}

function isEnded({ state }: Video): boolean {
  return state === 'SUCCEEDED' || state === 'FAILED' || state === 'WITHDRAWN';
}

function toVideoError(video: Video): LongtakeError {
  const { failure } = video;
  if (failure) return new LongtakeError({ ...failure, code: 'VIDEO_FAILED', video });
  const message = 'The request was withdrawn before it was sent. It was not paid.';
  return new LongtakeError({ code: 'VIDEO_WITHDRAWN', message, video });
}

/** Not `randomUUID`, which browsers offer only to pages from HTTPS or localhost. */
function createKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
