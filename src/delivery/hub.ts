/**
 * Wakes those who wait for a change. A wake-up says only that something may have changed; the
 * database says what. So a lost or a doubled one does no harm to a waiter that reads after it.
 */

import type { Dependent } from '../cancellation.ts';

export interface Change {
  /** The row's id. */
  readonly id: string;
  readonly owner: string;
}

/**
 * A place to wait at. A change between two waits is kept, so a waiter that starts to watch, reads
 * the database and then waits cannot miss one.
 */
export interface Watch extends Dependent {
  /** Resolves after the next change, or at once if one came since the last wait; false once ended. */
  changed(): Promise<boolean>;
  end(): void;
}

export interface WatchedVideos {
  /** Of those whose every state is waited for. */
  readonly moving: string[];
  /** Of those whose end is. */
  readonly ending: string[];
}

export interface Hub {
  watchVideo(id: string): Watch;
  /** The same for one who wants to see the task move, and not only end. */
  watchStates(id: string): Watch;
  watchOwner(owner: string): Watch;
  /** The ids of the videos that somebody waits for, each by itself. */
  watchedVideos(): WatchedVideos;
  /** To be called after the commit of what has changed. */
  publish(change: Change): void;
  /** Wakes everybody, for when changes may have gone by unseen. */
  publishAll(): void;
  /** Ends every watch. */
  close(): void;
}

export function createHub(): Hub {
  const byVideo = new Topics();
  const byOwner = new Topics();
  /** How many watch the states of a video. */
  const moving = new Map<string, number>();

  function countMoving(id: string, change: 1 | -1): void {
    const count = (moving.get(id) ?? 0) + change;
    if (count > 0) moving.set(id, count);
    else moving.delete(id);
  }

  return {
    watchVideo: (id) => new Latch(byVideo, id),
    watchStates(id) {
      countMoving(id, 1);
      return new Latch(byVideo, id, () => countMoving(id, -1));
    },
    watchOwner: (owner) => new Latch(byOwner, owner),
    watchedVideos: () => ({
      moving: [...moving.keys()],
      ending: byVideo.keys().filter((id) => !moving.has(id)),
    }),
    publish({ id, owner }) {
      for (const latch of byVideo.at(id)) latch.open();
      for (const latch of byOwner.at(owner)) latch.open();
    },
    publishAll() {
      for (const latch of [...byVideo.all(), ...byOwner.all()]) latch.open();
    },
    close() {
      for (const latch of [...byVideo.all(), ...byOwner.all()]) latch.end();
    },
  };
}

/** Who waits for what. Thousands of videos have one watcher each, for which a set would be large. */
class Topics {
  private readonly latches = new Map<string, Latch | Set<Latch>>();

  keys(): string[] {
    return [...this.latches.keys()];
  }

  at(key: string): Iterable<Latch> {
    const found = this.latches.get(key);
    if (!found) return [];
    return found instanceof Set ? found : [found];
  }

  all(): Latch[] {
    return this.keys().flatMap((key) => [...this.at(key)]);
  }

  add(key: string, latch: Latch): void {
    const found = this.latches.get(key);
    if (found instanceof Set) found.add(latch);
    else this.latches.set(key, found ? new Set([found, latch]) : latch);
  }

  remove(key: string, latch: Latch): void {
    const found = this.latches.get(key);
    if (found instanceof Set) {
      found.delete(latch);
      if (found.size === 0) this.latches.delete(key);
    } else if (found === latch) {
      this.latches.delete(key);
    }
  }
}

class Latch implements Watch {
  private readonly topics: Topics;
  private readonly key: string;
  private readonly onEnd: (() => void) | undefined;
  private isOpen = false;
  private isOver = false;
  private wake: ((isServing: boolean) => void) | undefined;

  constructor(topics: Topics, key: string, onEnd?: () => void) {
    this.topics = topics;
    this.key = key;
    this.onEnd = onEnd;
    topics.add(key, this);
  }

  open(): void {
    this.isOpen = true;
    this.release();
  }

  changed(): Promise<boolean> {
    return new Promise((resolve) => {
      this.wake = resolve;
      if (this.isOpen || this.isOver) this.release();
    });
  }

  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.topics.remove(this.key, this);
    this.onEnd?.();
    this.release();
  }

  private release(): void {
    const { wake } = this;
    if (!wake) return;
    this.wake = undefined;
    this.isOpen = false;
    wake(!this.isOver);
  }
}
