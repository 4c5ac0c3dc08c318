/** Batches reads of single videos. */

import DataLoader from 'dataloader';
import type { Video } from '../video.ts';
import type { Database } from './schema.ts';
import { findVideos } from './videos.ts';

/** A cache of final videos in front of the store. */
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
  /** Called when the video with this id has changed. */
  forget(id: string): void;
  /** Called when changes may have been missed. */
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

/** The limit of keys per statement, which also limits the number of different statement texts. */
const MAX_KEYS = 50;

type Batch = DataLoader<string, Video | null | undefined>;

/**
 * Loads all videos that an owner's requests need in one event loop tick with one statement. The statement
 * starts after the tick, and no request joins a statement that has started, so each request sees what was
 * committed before it. Final videos are cached.
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
