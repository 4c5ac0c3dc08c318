/** What has arrived, taken in order, waited for as an event. */
export interface Queue<T> {
  push(item: T): void;
  /** No more will come: waiting and later `next` calls resolve with undefined. */
  end(): void;
  /** The next item; undefined after the last one. */
  next(): Promise<T | undefined>;
  /** The items up to the end. */
  rest(): Promise<T[]>;
}

export function createQueue<T>(): Queue<T> {
  const items: T[] = [];
  const waiting: ((item: T | undefined) => void)[] = [];
  let isEnded = false;

  async function next(): Promise<T | undefined> {
    if (items.length > 0) return items.shift();
    if (isEnded) return undefined;
    return new Promise((resolve) => waiting.push(resolve));
  }

  return {
    push(item) {
      const waiter = waiting.shift();
      if (waiter) waiter(item);
      else items.push(item);
    },
    end() {
      isEnded = true;
      for (const waiter of waiting.splice(0)) waiter(undefined);
    },
    next,
    async rest() {
      const all: T[] = [];
      for (let item = await next(); item !== undefined; item = await next()) all.push(item);
      return all;
    },
  };
}
