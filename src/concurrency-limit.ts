/** Limits how much work runs at a time. */

/** Starts the work now, or when fewer than the limit are running. */
export type ConcurrencyLimit = <T>(work: () => Promise<T>) => Promise<T>;

export function createConcurrencyLimit(most: number): ConcurrencyLimit {
  const waiting: (() => void)[] = [];
  let underWay = 0;

  return async (work) => {
    if (underWay >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else underWay += 1;
    try {
      return await work();
    } finally {
      // The longest waiter runs next.
      const next = waiting.shift();
      if (next) next();
      else underWay -= 1;
    }
  };
}
