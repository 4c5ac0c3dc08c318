/** Shares reads among callers of the same event loop tick. */

export interface TickCache<T> {
  /**
   * Callers with the same key in the same tick share one read. It starts after the last of them has
   * called, so each caller sees everything that was committed before its call.
   */
  load(key: string, read: () => Promise<T>): Promise<T>;
  /** Answers `load` with this value for the rest of the tick. */
  prime(key: string, value: T): void;
}

export function createTickCache<T>(): TickCache<T> {
  const reads = new Map<string, Promise<T>>();
  return {
    load(key, read) {
      const known = reads.get(key);
      if (known) return known;
      const result = endOfTick().then(() => {
        reads.delete(key);
        return read();
      });
      reads.set(key, result);
      return result;
    },
    prime(key, value) {
      reads.set(key, Promise.resolve(value));
      void endOfTick().then(() => reads.delete(key));
    },
  };
}

/** Resolves after the callbacks of all promises that are settled now. */
function endOfTick(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
