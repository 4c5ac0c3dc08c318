/** Every completion after the stored cursor: none is missed, across lost connections and reloads. */

import type { Connection } from './connection.ts';
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

  /** First those of the log: some proxies hold event streams back. */
  async function* readEntries(): AsyncGenerator<Entry> {
    let after = isCursorLost ? null : await memory.readCursor();
    // A storage without a cursor begins at the end of the log.
    const query = isCursorLost || after !== null ? COMPLETIONS : LOG_END;
    let page: Page['completions'];
    do {
      page = (await connection.send<Page>(query, { after }, signal)).completions;
      yield* page.edges ?? [];
      after = page.pageInfo.endCursor;
    } while (page.pageInfo.hasNextPage);
    await memory.writeCursor(after);
    yield* connection.subscribe<Entry>(VIDEO_EXTENDED, { after }, signal);
  }

  try {
    for (;;) {
      try {
        for await (const { node } of readEntries()) {
          retry.reset(node.cursor);
          yield node;
          // Only now: what the caller did not finish is delivered again.
          await memory.writeCursor(node.cursor);
        }
        throw toNoAnswer('The event stream ended.');
      } catch (error) {
        isCursorLost = error instanceof LongtakeError && LOST_CURSOR.includes(error.code);
        if (!isCursorLost) await retry.after(error);
      }
    }
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}
