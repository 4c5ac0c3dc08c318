/** Follows an owner's log of completions. */

import type { Cancellation } from '../cancellation.ts';
import { CursorExpiredError } from '../errors.ts';
import type { Completion } from '../store/completions.ts';
import { isExpired } from './cursor.ts';
import type { Hub } from './hub.ts';
import type { Reader } from './reader.ts';
import { cancelWith, readPatiently } from './stream.ts';

/** Where a stream reads, and what wakes it. */
export interface Feed {
  readonly reader: Reader;
  readonly hub: Hub;
}

/**
 * Yields every completion of the owner after the number `from`, each once and in order, and never ends.
 * It starts to watch before its first read, and waits only after a read has reached the end of the log.
 * So a completion that is committed after that read wakes it.
 *
 * @throws CursorExpiredError when pruning has overtaken the reader, or the owner was forgotten.
 */
export async function* followLog(
  { reader, hub }: Feed,
  owner: string,
  from: number,
  cancellation: Cancellation,
): AsyncGenerator<Completion, void, void> {
  const watch = cancelWith(cancellation, hub.watchOwner(owner));
  let last = from;
  const isOvertaken = async (): Promise<boolean> =>
    isExpired(last, await readPatiently(cancellation, () => reader.readLogBounds(owner)));
  try {
    do {
      let page: ShrinkingPage;
      do {
        const after = last;
        page = await readPatiently(cancellation, () => readPage(reader, owner, after));
        for (let next = page.rest.pop(); next; next = page.rest.pop()) {
          // Numbers are missing where completions were pruned or forgotten, or their video was deleted.
          if (next.number !== last + 1 && (await isOvertaken())) throw new CursorExpiredError();
          last = next.number;
          yield next;
        }
      } while (page.hasMore);
    } while (await watch.changed());
  } finally {
    watch.cancel();
  }
}

interface ShrinkingPage {
  /** Completions that are not delivered yet, the last one first. */
  readonly rest: Completion[];
  readonly hasMore: boolean;
}

/**
 * Copies the page, so that each completion can be freed as it is delivered. Results are cached with
 * their completion, and a slow client would otherwise keep those of the whole page in memory.
 */
async function readPage(reader: Reader, owner: string, after: number): Promise<ShrinkingPage> {
  const { completions, hasMore } = await reader.readCompletions(owner, after);
  return { rest: completions.toReversed(), hasMore };
}
