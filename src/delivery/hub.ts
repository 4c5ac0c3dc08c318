/**
 * Wakes those who wait for a change. A wake-up says only that something may have changed; the
 * database says what. So a lost or a doubled one does no harm to a waiter that reads after it.
 */

export interface Change {
  /** The row's id. */
  readonly id: string;
  readonly owner: string;
}

/**
 * A place to wait at. A change between two waits is kept, so a waiter that starts to watch, reads
 * the database and then waits cannot miss one.
 */
export interface Watch {
  /** Resolves after the next change, or at once if one came since the last wait; false once closed. */
  changed(): Promise<boolean>;
  close(): void;
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
  const byVideo = new Map<string, Set<Latch>>();
  const byOwner = new Map<string, Set<Latch>>();
  /** How many watch the states of a video. */
  const moving = new Map<string, number>();

  function countMoving(id: string, change: 1 | -1): void {
    const count = (moving.get(id) ?? 0) + change;
    if (count > 0) moving.set(id, count);
    else moving.delete(id);
  }

  function watch(topics: Map<string, Set<Latch>>, key: string, onClose?: () => void): Watch {
    const latches = topics.get(key) ?? new Set();
    topics.set(key, latches);
    const latch = new Latch(() => {
      latches.delete(latch);
      if (latches.size === 0 && topics.get(key) === latches) topics.delete(key);
      onClose?.();
    });
    latches.add(latch);
    return latch;
  }

  function everyLatch(): Latch[] {
    return [...byVideo.values(), ...byOwner.values()].flatMap((latches) => [...latches]);
  }

  return {
    watchVideo: (id) => watch(byVideo, id),
    watchOwner: (owner) => watch(byOwner, owner),
    watchStates(id) {
      countMoving(id, 1);
      return watch(byVideo, id, () => countMoving(id, -1));
    },
    watchedVideos: () => ({
      moving: [...moving.keys()],
      ending: [...byVideo.keys()].filter((id) => !moving.has(id)),
    }),
    publish({ id, owner }) {
      for (const latch of byVideo.get(id) ?? []) latch.open();
      for (const latch of byOwner.get(owner) ?? []) latch.open();
    },
    publishAll() {
      for (const latch of everyLatch()) latch.open();
    },
    close() {
      for (const latch of everyLatch()) latch.close();
    },
  };
}

class Latch implements Watch {
  private isOpen = false;
  private isClosed = false;
  private wake: (() => void) | null = null;
  private readonly onClose: () => void;

  constructor(onClose: () => void) {
    this.onClose = onClose;
  }

  open(): void {
    this.isOpen = true;
    this.wake?.();
  }

  async changed(): Promise<boolean> {
    if (!this.isOpen && !this.isClosed) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      this.wake = null;
    }
    this.isOpen = false;
    return !this.isClosed;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.onClose();
    this.wake?.();
  }
}
