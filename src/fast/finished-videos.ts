/**
 * A cache of SUCCEEDED videos, whose state is final. Gain: 1.4 times the requests per
 * second for a finished video, which is answered without SQL (bench/notes/measurements.md).
 */

import { LRUCache } from 'lru-cache';
import type { VideoCache } from '../store/video-loader.ts';
import type { Video } from '../video.ts';

/** The lifetime of an entry: a pruned video disappears after it. */
const REMEMBERED_MS = 5 * 60_000;
const MAX_VIDEOS = 10_000;

interface Entry {
  readonly owner: string;
  readonly video: Video;
}

export function createFinishedVideos(): VideoCache {
  // Two entries per video: by its id and by its task id.
  const entries = new LRUCache<string, Entry>({
    max: 2 * MAX_VIDEOS,
    ttl: REMEMBERED_MS,
    // Otherwise the cache reads the clock once a millisecond.
    ttlResolution: 1_000,
  });
  return {
    find(owner, key) {
      const entry = entries.get(key);
      if (entry?.owner !== owner) return undefined;
      const { video } = entry;
      const hasExpired = video.expiresAt !== null && video.expiresAt <= Date.now();
      return hasExpired && !video.expired ? { ...video, expired: true } : video;
    },
    remember(owner, video) {
      if (video.state !== 'SUCCEEDED' || video.taskId === null) return;
      entries.set(video.id, { owner, video });
      entries.set(video.taskId, { owner, video });
    },
  };
}
