/** Database reads for listeners. Those that the same change wakes, or that reconnect at once, share a read. */

import type { Sequence } from '../sequence.ts';
import {
  type Completion,
  findTaskEnd,
  type LogBounds,
  readCompletions,
  readLogBounds,
  type TaskEnd,
} from '../store/completions.ts';
import type { Database } from '../store/schema.ts';
import { findParts, findSequences } from '../store/sequences.ts';
import { findVideo } from '../store/videos.ts';
import type { Video } from '../video.ts';
import { createReadCache } from './read-cache.ts';

const PAGE_SIZE = 100;

/** Part of an owner's log of completions. */
export interface LogPage {
  readonly completions: readonly Completion[];
  /** Whether there may be later completions. */
  readonly hasMore: boolean;
}

/**
 * Each read returns what the store's function of that name returns. Reads in the same tick return the
 * same objects, so that results made from them can be shared too.
 */
export interface Reader {
  /**
   * Caches a completion that has just been committed for the rest of this tick. Call it before waking
   * the listeners, so that they do not read it from the database.
   */
  prime(owner: string, completion: Completion): void;
  findVideo(owner: string, id: string): Promise<Video | null | undefined>;
  findTaskEnd(owner: string, id: string): Promise<TaskEnd | undefined>;
  readLogBounds(owner: string): Promise<LogBounds>;
  readCompletions(owner: string, after: number): Promise<LogPage>;
  /** With its shots; undefined for an id that is not one of the owner's sequences. */
  findSequence(owner: string, id: string): Promise<Sequence | undefined>;
}

export function createReader(db: Database): Reader {
  const videos = createReadCache<Video | null | undefined>();
  const ends = createReadCache<TaskEnd | undefined>();
  const bounds = createReadCache<LogBounds>();
  const pages = createReadCache<LogPage>();
  const sequences = createReadCache<Sequence | undefined>();

  return {
    prime(owner, completion) {
      const { number, video } = completion;
      videos.prime(toKey(owner, video.id), video);
      ends.prime(toKey(owner, video.id), { video, completion });
      // A later completion may have been announced first. `hasMore` makes the listener read on
      // instead of waiting for an announcement that it has already had.
      const page = { completions: [completion], hasMore: true };
      pages.prime(toKey(owner, String(number - 1)), page);
    },
    findVideo: (owner, id) => videos.load(toKey(owner, id), () => findVideo(db, owner, id)),
    findTaskEnd: (owner, id) => ends.load(toKey(owner, id), () => findTaskEnd(db, owner, id)),
    readLogBounds: (owner) => bounds.load(owner, () => readLogBounds(db, owner)),
    readCompletions: (owner, after) =>
      pages.load(toKey(owner, String(after)), async () => {
        const completions = await readCompletions(db, owner, after, PAGE_SIZE);
        return { completions, hasMore: completions.length === PAGE_SIZE };
      }),
    findSequence: (owner, id) =>
      sequences.load(toKey(owner, id), async () => {
        const sequence = (await findSequences(db, owner, [id])).get(id);
        if (!sequence) return undefined;
        const parts = (await findParts(db, owner, [sequence])).get(id) ?? null;
        return { ...sequence, parts };
      }),
  };
}

/** Unambiguous: neither an id nor a number contains a space. */
function toKey(owner: string, item: string): string {
  return `${item} ${owner}`;
}
