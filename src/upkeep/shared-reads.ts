/** Shares reads: callers that read the same key at the same time share one answer. */

/** How long an answer or error is reused for the same key. */
const FRESH_MS = 2_000;

export interface SharedReads<T> {
  /**
   * The answer of the running read for the key, of the last one if it began less than 2 s ago, or
   * of a new one. A read is aborted when the last of its callers has left.
   *
   * @param start may throw instead of returning a promise: that concerns this caller alone.
   * @throws what the read threw, or the signal's reason.
   */
  read(key: string, start: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Whether the last read has ended and is recent enough to be reused. */
  hasAnswer(key: string): boolean;
}

interface Entry<T> {
  readonly answer: Promise<T>;
  readonly abort: AbortController;
  waiters: number;
  isSettled: boolean;
}

export function createSharedReads<T>(): SharedReads<T> {
  const entries = new Map<string, Entry<T>>();

  function begin(key: string, start: (signal: AbortSignal) => Promise<T>): Entry<T> {
    const abort = new AbortController();
    const answer = start(abort.signal);
    const entry: Entry<T> = { answer, abort, waiters: 0, isSettled: false };
    const begun = performance.now();
    const settle = () => {
      entry.isSettled = true;
      const remaining = FRESH_MS - (performance.now() - begun);
      if (remaining <= 0) drop(key, entry);
      else setTimeout(drop, remaining, key, entry).unref();
    };
    answer.then(settle, settle);
    entries.set(key, entry);
    return entry;
  }

  function drop(key: string, entry: Entry<T>): void {
    if (entries.get(key) === entry) entries.delete(key);
  }

  return {
    hasAnswer: (key) => entries.get(key)?.isSettled === true,
    async read(key, start, signal) {
      signal.throwIfAborted();
      const entry = entries.get(key) ?? begin(key, start);
      entry.waiters += 1;
      const left = Promise.withResolvers<never>();
      const leave = () => left.reject(signal.reason);
      signal.addEventListener('abort', leave, { once: true });
      try {
        return await Promise.race([entry.answer, left.promise]);
      } finally {
        signal.removeEventListener('abort', leave);
        entry.waiters -= 1;
        if (entry.waiters === 0 && !entry.isSettled) {
          drop(key, entry);
          entry.abort.abort();
        }
      }
    },
  };
}
