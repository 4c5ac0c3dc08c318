/** Single videos, read together. */

import DataLoader from 'dataloader';
import type { Video } from '../video.ts';
import type { FinishedVideos } from './finished.ts';
import type { Database } from './schema.ts';
import { findVideos } from './videos.ts';

export interface VideoLoader {
  /** By id or task id; null and undefined as in `findVideos`. */
  load(owner: string, key: string): Promise<Video | null | undefined>;
}

/** A list in a statement is bounded, and so are the texts of statements that differ by it. */
const MOST = 50;

type Batch = DataLoader<string, Video | null | undefined>;

/**
 * What an owner asks for in one turn of the event loop, in whichever requests, is one statement. It
 * begins after all of them have come, so each sees what was committed before it came; what is under
 * way already is joined by nobody. What is final is remembered.
 */
export function createVideoLoader(db: Database, finished: FinishedVideos): VideoLoader {
  /** Those that have not begun, by owner. */
  const waiting = new Map<string, Batch>();

  function begin(owner: string): Batch {
    const batch: Batch = new DataLoader(
      async (keys) => {
        if (waiting.get(owner) === batch) waiting.delete(owner);
        const found = await findVideos(db, owner, [...new Set(keys)]);
        for (const video of found.values()) if (video) finished.remember(owner, video);
        return keys.map((key) => found.get(key));
      },
      { cache: false, maxBatchSize: MOST, batchScheduleFn: (run) => setImmediate(run) },
    );
    waiting.set(owner, batch);
    return batch;
  }

  return { load: (owner, key) => (waiting.get(owner) ?? begin(owner)).load(key) };
}
