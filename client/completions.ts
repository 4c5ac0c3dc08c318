/** Every completion after the stored cursor: none is missed, across lost connections and reloads. */

import type { Connection, Signal } from './connection.ts';
import { LongtakeError, toNoAnswer } from './error.ts';
import type { Memory } from './memory.ts';
import { COMPLETIONS, LOG_END, VIDEO_EXTENDED } from './operations.ts';
import { createRetry, type RetryOptions } from './retry.ts';
import type { Video } from './schema.ts';

/** A task has ended. */
export interface Completion {
  readonly video: Video;
  readonly cursor: string;
}

interface Entry {
  readonly node: Completion;
}

interface Page {
  readonly completions: {
    /** None when only the end of the log is asked for. */
    readonly edges?: readonly Entry[];
    readonly pageInfo: { readonly endCursor: string; readonly hasNextPage: boolean };
  };
}

/** The cursor was pruned, or is of a database that was restored from a backup. */
const LOST_CURSOR = ['CURSOR_EXPIRED', 'INVALID_INPUT'];

export async function* readCompletions(
  connection: Connection,
  memory: Memory,
  options: RetryOptions,
): AsyncGenerator<Completion, void, void> {
  const { signal } = options;
  const retry = createRetry(options);
  let isCursorLost = false;
  while (!signal?.aborted) {
    try {
      const after = await memory.readCursor();
      // A storage without a cursor begins at the end of the log.
      const stored = isCursorLost ? COMPLETIONS : after === null && LOG_END;
      isCursorLost = false;
      const source = stored
        ? readLog(connection, memory, stored, signal)
        : connection.subscribe<Entry>(VIDEO_EXTENDED, { after }, signal);
      for await (const { node } of source) {
        retry.reset(node.cursor);
        yield node;
        // Only now: what the caller did not finish is delivered again.
        await memory.writeCursor(node.cursor);
      }
      if (!stored) throw toNoAnswer('The event stream ended.');
    } catch (error) {
      if (signal?.aborted) return;
      isCursorLost = error instanceof LongtakeError && LOST_CURSOR.includes(error.code);
      if (!isCursorLost)
        await retry.after(error).catch((reason) => {
          if (!signal?.aborted) throw reason;
        });
    }
  }
}

/** What the query selects of the log, and then a new cursor. */
async function* readLog(
  connection: Connection,
  memory: Memory,
  query: string,
  signal: Signal,
): AsyncGenerator<Entry> {
  for (let after: string | null = null; ; ) {
    const { completions }: Page = await connection.send(query, { after }, signal);
    yield* completions.edges ?? [];
    after = completions.pageInfo.endCursor;
    if (completions.pageInfo.hasNextPage) continue;
    return memory.writeCursor(after);
  }
}
