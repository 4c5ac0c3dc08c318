/** Follows videos and sequences, by event streams or by reading them. */

import type { Connection } from './connection.ts';
import { LongtakeError, toNoAnswer } from './error.ts';
import type { Made, Reads } from './operations.ts';
import { isAtRest } from './outcome.ts';
import { createRetry, type RetryOptions, sleep } from './retry.ts';

/** A browser without HTTP/2 opens six connections to a host, for all of its tabs. */
const MAX_STREAMS = 2;
/** How often a video or a sequence is read that has no stream. */
const POLL_MS = 3_000;

export function createFollow(connection: Connection) {
  let streams = 0;

  /**
   * Shows each state, and resolves with the one in which it rests.
   */
  return async function follow<Task extends Made>(
    { type, query, subscription }: Reads,
    id: string,
    options: RetryOptions,
    show: (task: Task) => void,
  ): Promise<Task> {
    const { signal } = options;
    const retry = createRetry(options);

    function see(made: Task): void {
      // Estimates and the time of the last check change at each read, and are no news.
      retry.reset(JSON.stringify(made, ['state', 'shots', 'video']));
      show(made);
    }

    async function watch(): Promise<Task> {
      streams += 1;
      try {
        const events = connection.subscribe<{ made: Task }>(subscription, { id }, signal);
        for await (const { made } of events) {
          see(made);
          if (isAtRest(made)) return made;
        }
      } finally {
        streams -= 1;
      }
      // The gateway restarts, or the token has expired.
      throw toNoAnswer('The event stream ended early.');
    }

    async function read(): Promise<Task> {
      const { made } = await connection.send<{ made: Task | null }>(query, { id }, signal);
      if (!made) {
        const message = `The gateway no longer has the ${type}.`;
        throw new LongtakeError({ code: `${type.toUpperCase()}_NOT_FOUND`, message });
      }
      see(made);
      return made;
    }

    let isStreaming = true;
    for (;;) {
      try {
        const hasRoom = streams < MAX_STREAMS;
        const made = isStreaming && hasRoom ? await watch() : await read();
        if (isAtRest(made)) return made;
        isStreaming = true;
        if (!hasRoom) await sleep(POLL_MS, signal);
      } catch (error) {
        // Some proxies hold event streams back: a read in between shows what they hide.
        isStreaming = false;
        await retry.after(error);
      }
    }
  };
}
