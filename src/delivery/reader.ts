/** Reads for listeners: those who are woken by the same change share one look at the database. */

import {
  type Completion,
  findTaskEnd,
  readCompletions,
  type TaskEnd,
} from '../store/completions.ts';
import type { Database } from '../store/schema.ts';
import { findVideo } from '../store/videos.ts';
import type { Video } from '../video.ts';

export const PAGE = 100;

/**
 * Each answers as the store's function of that name. What is asked for together is answered by the
 * very same objects, so that what is made of them can be shared as well.
 */
export interface Reader {
  findVideo(owner: string, id: string): Promise<Video | null | undefined>;
  findTaskEnd(owner: string, id: string): Promise<TaskEnd | undefined>;
  /** The first `PAGE` completions after the number. */
  readCompletions(owner: string, after: number): Promise<readonly Completion[]>;
}

export function createReader(db: Database): Reader {
  const videos = createTurn<Video | null | undefined>();
  const ends = createTurn<TaskEnd | undefined>();
  const pages = createTurn<readonly Completion[]>();

  return {
    findVideo: (owner, id) => videos(toKey(owner, id), () => findVideo(db, owner, id)),
    findTaskEnd: (owner, id) => ends(toKey(owner, id), () => findTaskEnd(db, owner, id)),
    readCompletions: (owner, after) =>
      pages(toKey(owner, String(after)), () => readCompletions(db, owner, after, PAGE)),
  };
}

/** Neither an id nor a number holds a space. */
function toKey(owner: string, what: string): string {
  return `${what} ${owner}`;
}

/**
 * Callers with the same key in the same turn of the event loop share one call. It begins after the
 * last of them has asked, so each of them sees whatever was committed before it asked.
 */
function createTurn<T>(): (key: string, read: () => Promise<T>) => Promise<T> {
  const waiting = new Map<string, Promise<T>>();
  return (key, read) => {
    const known = waiting.get(key);
    if (known) return known;
    const answer = endOfTurn().then(() => {
      waiting.delete(key);
      return read();
    });
    waiting.set(key, answer);
    return answer;
  };
}

/** After all the promises that are ripe by now. */
function endOfTurn(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
