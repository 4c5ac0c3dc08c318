/** Shares a read of the database among all callers with the same key. */

export interface ReadCache<T> {
  /**
   * Callers with the same key share the next read. It starts at the end of this event loop tick, or when the
   * read before it has ended. So each caller sees everything that was committed before its call, and
   * thousands of clients that reconnect at once cost one statement per round trip.
   */
  load(key: string, read: () => Promise<T>): Promise<T>;
  /** Answers `load` with this value for the rest of the tick. */
  prime(key: string, value: T): void;
}

export function createReadCache<T>(): ReadCache<T> {
  /** Reads that have not started, and primed values. */
  const next = new Map<string, Promise<T>>();
  const running = new Map<string, Promise<T>>();

  function remove(reads: Map<string, Promise<T>>, key: string, read: Promise<T>): void {
    if (reads.get(key) === read) reads.delete(key);
  }

  function start(key: string, read: () => Promise<T>): Promise<T> {
    const result = read();
    running.set(key, result);
    const end = () => remove(running, key, result);
    result.then(end, end);
    return result;
  }

  return {
    load(key, read) {
      const known = next.get(key);
      if (known) return known;
      const before = running.get(key) ?? endOfTick();
      const begin = () => {
        remove(next, key, result);
        return start(key, read);
      };
      const result: Promise<T> = before.then(begin, begin);
      next.set(key, result);
      return result;
    },
    prime(key, value) {
      const primed = Promise.resolve(value);
      next.set(key, primed);
      void endOfTick().then(() => remove(next, key, primed));
    },
  };
}

/** Resolves after the callbacks of all promises that are settled now. */
function endOfTick(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
