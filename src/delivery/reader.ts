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

const PAGE = 100;

/** A part of an owner's log, as it stood when it was read. */
export interface LogPage {
  readonly completions: readonly Completion[];
  /** Whether the log may go on behind it. */
  readonly hasMore: boolean;
}

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
  readCompletions(owner: string, after: number): Promise<LogPage>;
}

export function createReader(db: Database): Reader {
  const videos = createTurn<Video | null | undefined>();
  const ends = createTurn<TaskEnd | undefined>();
  const pages = createTurn<LogPage>();

  return {
    tell(owner, completion) {
      const { number, video } = completion;
      videos.tell(toKey(owner, video.id), video);
      ends.tell(toKey(owner, video.id), { video, completion });
      // It says nothing of those after it, of which news may have come before its own: the waiter
      // that both have woken would wait for the later one in vain.
      const page = { completions: [completion], hasMore: true };
      pages.tell(toKey(owner, String(number - 1)), page);
    },
    findVideo: (owner, id) => videos.ask(toKey(owner, id), () => findVideo(db, owner, id)),
    findTaskEnd: (owner, id) => ends.ask(toKey(owner, id), () => findTaskEnd(db, owner, id)),
    readCompletions: (owner, after) =>
      pages.ask(toKey(owner, String(after)), async () => {
        const completions = await readCompletions(db, owner, after, PAGE);
        return { completions, hasMore: completions.length === PAGE };
      }),
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
      waiting.set(key, Promise.resolve(value));
      void endOfTurn().then(() => waiting.delete(key));
    },
  };
}

/** After all the promises that are ripe by now. */
function endOfTurn(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
