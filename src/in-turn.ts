/** Work of which only so much is under way at a time. */

/** Starts the work at once, or when enough of what came before it has ended. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

export function createInTurn(most: number): InTurn {
  const waiting: (() => void)[] = [];
  let underWay = 0;

  return async (work) => {
    if (underWay >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else underWay += 1;
    try {
      return await work();
    } finally {
      // Its place goes to whoever has waited the longest.
      const next = waiting.shift();
      if (next) next();
      else underWay -= 1;
    }
  };
}
