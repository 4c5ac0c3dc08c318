/** Counts what is open at a time, for each key and in all. */

export interface Quota {
  /** Takes a place for the key, which has to be given back; false when all are taken. */
  take(key: string): boolean;
  giveBack(key: string): void;
  /** How many places are taken, of all keys. */
  readonly inAll: number;
}

export function createQuota(limit: number, limitInAll = Number.POSITIVE_INFINITY): Quota {
  const counts = new Map<string, number>();
  let inAll = 0;
  return {
    get inAll() {
      return inAll;
    },
    take(key) {
      const count = counts.get(key) ?? 0;
      if (count >= limit || inAll >= limitInAll) return false;
      inAll += 1;
      counts.set(key, count + 1);
      return true;
    },
    giveBack(key) {
      inAll -= 1;
      const rest = (counts.get(key) ?? 1) - 1;
      if (rest === 0) counts.delete(key);
      else counts.set(key, rest);
    },
  };
}
