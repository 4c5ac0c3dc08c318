/** The reader of an owner's log. */

import type { Ending } from '../ending.ts';
import { CursorExpiredError } from '../errors.ts';
import type { Completion } from '../store/completions.ts';
import type { Hub } from './hub.ts';
import type { LogPage, Reader } from './reader.ts';
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
  ending: Ending,
): AsyncGenerator<Completion, void, void> {
  const watch = endWith(ending, hub.watchOwner(owner));
  let last = from;
  try {
    do {
      let page: LogPage;
      do {
        const after = last;
        page = await readPatiently(ending, () => reader.readCompletions(owner, after));
        for (const completion of page.completions) {
          // Numbers have no gaps: a missing one has been pruned.
          if (completion.number !== last + 1) throw new CursorExpiredError();
          yield completion;
          last = completion.number;
        }
      } while (page.hasMore);
    } while (await watch.changed());
  } finally {
    watch.end();
  }
}
