/**
 * Wakes listeners when something may have changed; they then read the database. A lost or repeated
 * wake-up is harmless, because the database is the source of truth.
 */

import type { Cancellable } from '../cancellation.ts';

export interface Change {
  /** The row's id. */
  readonly id: string;
  readonly owner: string;
}

/**
 * Waits for changes. A change between two waits is kept, so a listener that starts to watch, reads the
 * database and then waits cannot miss one. `cancel` stops the watch.
 */
export interface Watch extends Cancellable {
  /** Resolves after the next change, or at once if one came since the last wait; false once cancelled. */
  changed(): Promise<boolean>;
  cancel(): void;
}

/** A watch of a sequence, and of one of its videos at a time. */
export interface SequenceWatch extends Watch {
  /**
   * Wakes on the states of this video, too, instead of the one before; null: of none. Returns whether it
   * is watched from now on.
   */
  follow(videoId: string | null): boolean;
}

export interface WatchedVideos {
  /** Ids of videos for which a listener waits for every change of state. */
  readonly states: string[];
  /** Ids of the other watched videos: their listeners wait only for the end. */
  readonly ends: string[];
}

export interface Hub {
  watchVideo(id: string): Watch;
  /** The same for a listener that needs every change of state, and not only the end. */
  watchStates(id: string): Watch;
  watchOwner(owner: string): Watch;
  watchSequence(id: string): SequenceWatch;
  /** The videos that are watched by id. */
  watchedVideos(): WatchedVideos;
  /** Call it after the change is committed. */
  publish(change: Change): void;
  /** Call it after a transaction has scheduled submits. */
  announceScheduled(): void;
  /** Runs `wake` after each announcement. */
  onScheduled(wake: () => void): void;
  /** Wakes every listener, when changes may have been missed. */
  publishAll(): void;
  /** Cancels every watch. */
  close(): void;
}

/** Called for every change before the listeners are woken. */
export interface ChangeObserver {
  forget(id: string): void;
  /** Changes may have been missed. */
  forgetAll(): void;
}

export function createHub(observer?: ChangeObserver): Hub {
  const byVideo = new Topics();
  const byOwner = new Topics();
  const bySequence = new Topics();
  let wakeSender = () => {};
  /** How many listeners watch the states of a video. */
  const stateWatchers = new Map<string, number>();

  function countStateWatcher(id: string, change: 1 | -1): void {
    const count = (stateWatchers.get(id) ?? 0) + change;
    if (count > 0) stateWatchers.set(id, count);
    else stateWatchers.delete(id);
  }

  function watchStates(id: string, target?: Latch): Latch {
    countStateWatcher(id, 1);
    return new Latch(byVideo, id, { onCancel: () => countStateWatcher(id, -1), target });
  }

  const allLatches = () => [...byVideo.all(), ...byOwner.all(), ...bySequence.all()];

  return {
    watchVideo: (id) => new Latch(byVideo, id),
    watchStates: (id) => watchStates(id),
    watchSequence(id) {
      let video: { readonly id: string; readonly watch: Watch } | null = null;
      const unfollow = () => video?.watch.cancel();
      const latch = new Latch(bySequence, id, { onCancel: unfollow });
      return {
        changed: () => latch.changed(),
        cancel: () => latch.cancel(),
        follow(videoId) {
          if ((video?.id ?? null) === videoId) return false;
          unfollow();
          video = videoId === null ? null : { id: videoId, watch: watchStates(videoId, latch) };
          return video !== null;
        },
      };
    },
    watchOwner: (owner) => new Latch(byOwner, owner),
    watchedVideos: () => ({
      states: [...stateWatchers.keys()],
      ends: byVideo.keys().filter((id) => !stateWatchers.has(id)),
    }),
    publish({ id, owner }) {
      observer?.forget(id);
      for (const latch of byVideo.at(id)) latch.open();
      for (const latch of byOwner.at(owner)) latch.open();
      for (const latch of bySequence.at(id)) latch.open();
    },
    announceScheduled: () => wakeSender(),
    onScheduled(wake) {
      wakeSender = wake;
    },
    publishAll() {
      observer?.forgetAll();
      for (const latch of allLatches()) latch.open();
    },
    close() {
      for (const latch of allLatches()) latch.cancel();
    },
  };
}

/** Latches by key. Most keys have one, and thousands of Sets would take too much memory. */
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

interface LatchOptions {
  readonly onCancel?: () => void;
  /** Is opened, too. */
  readonly target?: Latch | undefined;
}

class Latch implements Watch {
  private readonly topics: Topics;
  private readonly key: string;
  private readonly options: LatchOptions | undefined;
  private isOpen = false;
  private isCancelled = false;
  private wake: ((isServing: boolean) => void) | undefined;

  constructor(topics: Topics, key: string, options?: LatchOptions) {
    this.topics = topics;
    this.key = key;
    this.options = options;
    topics.add(key, this);
  }

  open(): void {
    this.options?.target?.open();
    this.isOpen = true;
    this.release();
  }

  changed(): Promise<boolean> {
    return new Promise((resolve) => {
      this.wake = resolve;
      if (this.isOpen || this.isCancelled) this.release();
    });
  }

  cancel(): void {
    if (this.isCancelled) return;
    this.isCancelled = true;
    this.topics.remove(this.key, this);
    this.options?.onCancel?.();
    this.release();
  }

  private release(): void {
    const { wake } = this;
    if (!wake) return;
    this.wake = undefined;
    this.isOpen = false;
    wake(!this.isCancelled);
  }
}
