/** The queue of submits that wait for a place of the allowance, served round-robin by owner. */

export interface Line<Waiter> {
  readonly length: number;
  join(owner: string, waiter: Waiter): void;
  /** Removes and returns the next submit, round-robin by owner. */
  takeNext(): Waiter | undefined;
  /** False when it has already been served. */
  leave(owner: string, waiter: Waiter): boolean;
  /** How many submits are served before a new one of this owner, at least. */
  countBefore(owner: string): number;
}

export function createLine<Waiter>(): Line<Waiter> {
  /** Owners in the order in which they are served next. */
  const queues = new Map<string, Waiter[]>();
  let length = 0;

  return {
    get length() {
      return length;
    },
    join(owner, waiter) {
      const queue = queues.get(owner);
      if (queue) queue.push(waiter);
      else queues.set(owner, [waiter]);
      length += 1;
    },
    takeNext() {
      for (const [owner, queue] of queues) {
        const waiter = queue.shift();
        queues.delete(owner);
        if (queue.length > 0) queues.set(owner, queue);
        length -= 1;
        return waiter;
      }
      return undefined;
    },
    leave(owner, waiter) {
      const queue = queues.get(owner) ?? [];
      const index = queue.indexOf(waiter);
      if (index === -1) return false;
      queue.splice(index, 1);
      if (queue.length === 0) queues.delete(owner);
      length -= 1;
      return true;
    },
    countBefore(owner) {
      // With n of its own in line it is served in round n + 1, after n rounds of everybody.
      const rounds = queues.get(owner)?.length ?? 0;
      return [...queues.values()].reduce((sum, queue) => sum + Math.min(queue.length, rounds), 0);
    },
  };
}
