/** Counts what is open at a time, for each key. */

export interface Quota {
  /** Takes a place for the key; returns how to give it back, once; null when all are taken. */
  take(key: string): (() => void) | null;
}

export function createQuota(limit: number): Quota {
  const counts = new Map<string, number>();
  return {
    take(key) {
      const count = counts.get(key) ?? 0;
      if (count >= limit) return null;
      counts.set(key, count + 1);
      let isTaken = true;
      return () => {
        if (!isTaken) return;
        isTaken = false;
        const rest = (counts.get(key) ?? 1) - 1;
        if (rest === 0) counts.delete(key);
        else counts.set(key, rest);
      };
    },
  };
}
