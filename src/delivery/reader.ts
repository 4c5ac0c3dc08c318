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
  /**
   * What has just been committed, before those are woken who will ask for it: whoever does so in this
   * turn need not go to the database.
   */
  tell(owner: string, completion: Completion): void;
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
    tell(owner, completion) {
      const { number, video } = completion;
      videos.tell(toKey(owner, video.id), video);
      ends.tell(toKey(owner, video.id), { video, completion });
      // Whoever has read up to the one before it; who has not reads on from where it is.
      pages.tell(toKey(owner, String(number - 1)), [completion]);
    },
    findVideo: (owner, id) => videos.ask(toKey(owner, id), () => findVideo(db, owner, id)),
    findTaskEnd: (owner, id) => ends.ask(toKey(owner, id), () => findTaskEnd(db, owner, id)),
    readCompletions: (owner, after) =>
      pages.ask(toKey(owner, String(after)), () => readCompletions(db, owner, after, PAGE)),
  };
}

/** Neither an id nor a number holds a space. */
function toKey(owner: string, what: string): string {
  return `${what} ${owner}`;
}

interface Turn<T> {
  /**
   * Callers with the same key in the same turn of the event loop share one call. It begins after the
   * last of them has asked, so each of them sees whatever was committed before it asked.
   */
  ask(key: string, read: () => Promise<T>): Promise<T>;
  /** Answers those who ask for it in the rest of this turn. */
  tell(key: string, value: T): void;
}

function createTurn<T>(): Turn<T> {
  const waiting = new Map<string, Promise<T>>();
  return {
    ask(key, read) {
      const known = waiting.get(key);
      if (known) return known;
      const answer = endOfTurn().then(() => {
        waiting.delete(key);
        return read();
      });
      waiting.set(key, answer);
      return answer;
    },
    tell(key, value) {
      // Who has asked already is about to read it.
      if (waiting.has(key)) return;
      waiting.set(key, Promise.resolve(value));
      void endOfTurn().then(() => waiting.delete(key));
    },
  };
}

/** After all the promises that are ripe by now. */
function endOfTurn(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
