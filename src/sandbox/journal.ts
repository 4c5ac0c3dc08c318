/** Enough for any test or demo; a stand-in left running for weeks must not eat the memory. */
const MAX_ENTRIES = 10_000;

interface Waiter<T> {
  accepts(entry: T): boolean;
  resolve(entry: T): void;
  reject(reason: Error): void;
}

/** What has happened, in order, and a way to wait for what has not. */
export interface Journal<T> {
  readonly entries: readonly T[];
  add(entry: T): void;
  /**
   * The first matching entry that no earlier call was given, whether it is there already or still
   * to come. So it does not matter which comes first, the call or the event.
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
      // A wait that nobody is left to look at must not end the process when it is called off.
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
