/** Enough for any test or demo. It bounds the memory of a sandbox that runs for weeks. */
const MAX_ENTRIES = 10_000;

interface Waiter<T> {
  accepts(entry: T): boolean;
  resolve(entry: T): void;
  reject(reason: Error): void;
}

/** The entries so far, in order, and a way to wait for further ones. */
export interface Journal<T> {
  readonly entries: readonly T[];
  add(entry: T): void;
  /**
   * The first matching entry that no earlier call has returned: one that exists already, or the next
   * one. So the call may come before or after the event.
   */
  next(accepts?: (entry: T) => boolean): Promise<T>;
  /** Rejects every wait, now and from now on. */
  close(): void;
}

export function createJournal<T>(): Journal<T> {
  const entries: T[] = [];
  const unclaimed: T[] = [];
  const waiters = new Set<Waiter<T>>();
  let closed = false;

  return {
    entries,

    add(entry) {
      keep(entries, entry);
      const waiter = waiters.values().find((candidate) => candidate.accepts(entry));
      if (!waiter) return keep(unclaimed, entry);
      waiters.delete(waiter);
      waiter.resolve(entry);
    },

    next(accepts = () => true) {
      const index = unclaimed.findIndex(accepts);
      const [entry] = index < 0 ? [] : unclaimed.splice(index, 1);
      if (entry !== undefined) return Promise.resolve(entry);

      const { promise, resolve, reject } = Promise.withResolvers<T>();
      // A rejected wait that no caller handles must not end the process.
      promise.catch(() => {});
      if (closed) reject(new Error('The sandbox is closed.'));
      else waiters.add({ accepts, resolve, reject });
      return promise;
    },

    close() {
      closed = true;
      for (const waiter of waiters) waiter.reject(new Error('The sandbox is closed.'));
      waiters.clear();
    },
  };
}

function keep<T>(list: T[], entry: T): void {
  if (list.push(entry) > MAX_ENTRIES) list.shift();
}
