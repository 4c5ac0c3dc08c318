/** Batches reads of single videos. */

import DataLoader from 'dataloader';
import type { Video } from '../video.ts';
import type { Database } from './schema.ts';
import { findVideos } from './videos.ts';

/** Holds videos that seldom change, in front of the store. */
export interface VideoCache {
  /** By id or task id; undefined when it is not cached or belongs to another owner. */
  find(owner: string, key: string): Video | undefined;
  /**
   * Caches a video that was read from the store, if its state is final.
   *
   * @param since `now()` before the read.
   */
  remember(owner: string, video: Video, since: number): void;
  /** Counts the changes. */
  now(): number;
  /** The video with this id has changed. */
  forget(id: string): void;
  /** Changes may have been missed. */
  forgetAll(): void;
}

export const NO_CACHE: VideoCache = {
  find: () => undefined,
  remember: () => {},
  now: () => 0,
  forget: () => {},
  forgetAll: () => {},
};

export interface VideoLoader {
  /** By id or task id; null and undefined as in `findVideos`. */
  load(owner: string, key: string): Promise<Video | null | undefined>;
}

/** Keys per statement: it bounds the statement and the number of different statement texts. */
const MAX_KEYS = 50;

type Batch = DataLoader<string, Video | null | undefined>;

/**
 * Everything that an owner's requests load in one event loop tick is one statement. It starts after the
 * tick, so each request sees what was committed before it; no request joins a statement that has
 * started. Final videos are cached.
 */
export function createVideoLoader(db: Database, cache: VideoCache): VideoLoader {
  /** Batches that have not started, by owner. */
  const waiting = new Map<string, Batch>();

  function begin(owner: string): Batch {
    const batch: Batch = new DataLoader(
      async (keys) => {
        if (waiting.get(owner) === batch) waiting.delete(owner);
        const since = cache.now();
        const found = await findVideos(db, owner, [...new Set(keys)]);
        for (const video of found.values()) if (video) cache.remember(owner, video, since);
        return keys.map((key) => found.get(key));
      },
      { cache: false, maxBatchSize: MAX_KEYS, batchScheduleFn: (run) => setImmediate(run) },
    );
    waiting.set(owner, batch);
    return batch;
  }

  return { load: (owner, key) => (waiting.get(owner) ?? begin(owner)).load(key) };
}
