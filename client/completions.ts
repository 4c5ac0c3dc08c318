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

interface Page {
  readonly completions: {
    readonly edges?: readonly { readonly node: Completion }[];
    readonly pageInfo: { readonly endCursor: string; readonly hasNextPage: boolean };
  };
}

export async function* readCompletions(
  connection: Connection,
  memory: Memory,
  options: RetryOptions,
): AsyncGenerator<Completion, void, void> {
  const { signal } = options;
  const retry = createRetry(options);
  let isCursorLost = false;
  while (!signal?.aborted) {
    const isFromStart = isCursorLost;
    isCursorLost = false;
    try {
      const source = isFromStart
        ? readStored(connection, memory, signal)
        : listen(connection, memory, signal);
      for await (const completion of source) {
        retry.reset();
        yield completion;
        // Only now: what the caller did not finish is delivered again.
        await memory.writeCursor(completion.cursor);
      }
      if (!isFromStart) throw toNoAnswer('The event stream ended.');
    } catch (error) {
      if (signal?.aborted) return;
      isCursorLost = isLost(error);
      if (!isCursorLost) await retry.after(error).catch((reason) => endOrThrow(reason, signal));
    }
  }
}

function endOrThrow(reason: unknown, signal: Signal): void {
  if (!signal?.aborted) throw reason;
}

async function* listen(
  connection: Connection,
  memory: Memory,
  signal: Signal,
): AsyncGenerator<Completion> {
  const after = (await memory.readCursor()) ?? (await findEnd(connection, memory, signal));
  const events = connection.subscribe<{ completion: Completion }>(
    VIDEO_EXTENDED,
    { after },
    signal,
  );
  for await (const { completion } of events) yield completion;
}

/** Everything that the gateway has stored, and then a new cursor. */
async function* readStored(
  connection: Connection,
  memory: Memory,
  signal: Signal,
): AsyncGenerator<Completion> {
  for (let after: string | null = null, isEnd = false; !isEnd; ) {
    const { completions }: Page = await connection.send(COMPLETIONS, { after }, signal);
    for (const { node } of completions.edges ?? []) yield node;
    after = completions.pageInfo.endCursor;
    isEnd = !completions.pageInfo.hasNextPage;
    await memory.writeCursor(after);
  }
}

/** Where a storage without a cursor begins: at the end of the log. */
async function findEnd(connection: Connection, memory: Memory, signal: Signal): Promise<string> {
  let after: string | null = null;
  for (;;) {
    const { completions }: Page = await connection.send(LOG_END, { after }, signal);
    after = completions.pageInfo.endCursor;
    if (completions.pageInfo.hasNextPage) continue;
    await memory.writeCursor(after);
    return after;
  }
}

/** The cursor was pruned, or is of a database that was restored from a backup. */
function isLost(error: unknown): boolean {
  const code = error instanceof LongtakeError ? error.code : '';
  return code === 'CURSOR_EXPIRED' || code === 'INVALID_INPUT';
}
