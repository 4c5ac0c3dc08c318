/** The reader of an owner's log. */

import type { Cancellation } from '../cancellation.ts';
import { CursorExpiredError } from '../errors.ts';
import type { Completion } from '../store/completions.ts';
import type { Hub } from './hub.ts';
import type { Reader } from './reader.ts';
import { endWith, readPatiently } from './stream.ts';

/** What a stream reads from and is woken by. */
export interface Feed {
  readonly reader: Reader;
  readonly hub: Hub;
}

/**
 * Every completion of the owner after the number `from`, each once and in order, without an end.
 * The watch is opened before the first read, and the database has said that there is no more before
 * each wait: so what is committed after that wakes it.
 *
 * @throws CursorExpiredError when pruning has overtaken the reader.
 */
export async function* followLog(
  { reader, hub }: Feed,
  owner: string,
  from: number,
  cancellation: Cancellation,
): AsyncGenerator<Completion, void, void> {
  const watch = endWith(cancellation, hub.watchOwner(owner));
  let last = from;
  try {
    do {
      let page: ShrinkingPage;
      do {
        const after = last;
        page = await readPatiently(cancellation, () => readPage(reader, owner, after));
        for (let next = page.rest.pop(); next; next = page.rest.pop()) {
          // Numbers have no gaps: a missing one has been pruned.
          if (next.number !== last + 1) throw new CursorExpiredError();
          last = next.number;
          yield next;
        }
      } while (page.hasMore);
    } while (await watch.changed());
  } finally {
    watch.end();
  }
}

interface ShrinkingPage {
  /** What has not been delivered yet, the last one first. */
  readonly rest: Completion[];
  readonly hasMore: boolean;
}

/**
 * A copy of the page, which gives up each completion as it is delivered: the answers made of a
 * completion are cached with it, and a slow client would keep those of the whole page in memory.
 */
async function readPage(reader: Reader, owner: string, after: number): Promise<ShrinkingPage> {
  const { completions, hasMore } = await reader.readCompletions(owner, after);
  return { rest: completions.toReversed(), hasMore };
}
