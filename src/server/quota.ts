/** Limits how many things are open at a time, per key and in total. */

export interface Quota {
  /** Acquires a slot for the key, to be released later; false when the limit is reached. */
  acquire(key: string): boolean;
  release(key: string): void;
  /** Acquired slots of all keys. */
  readonly total: number;
}

export function createQuota(limit: number, totalLimit = Number.POSITIVE_INFINITY): Quota {
  const counts = new Map<string, number>();
  let total = 0;
  return {
    get total() {
      return total;
    },
    acquire(key) {
      const count = counts.get(key) ?? 0;
      if (count >= limit || total >= totalLimit) return false;
      total += 1;
      counts.set(key, count + 1);
      return true;
    },
    release(key) {
      total -= 1;
      const rest = (counts.get(key) ?? 1) - 1;
      if (rest === 0) counts.delete(key);
      else counts.set(key, rest);
    },
  };
}
