/** Videos that can change no more, in memory. */

import { LRUCache } from 'lru-cache';
import type { Video } from '../video.ts';

/**
 * In front of the store, for SUCCEEDED videos alone: that state is final. Only their expiry goes on,
 * and is computed at each look. What retention has pruned is forgotten here soon after.
 */
export interface FinishedVideos {
  /** By id or task id; undefined says nothing. Another's is not found. */
  find(owner: string, key: string): Video | undefined;
  /** Takes in what has been read from the store, if it is final. */
  remember(owner: string, video: Video): void;
}

const REMEMBERED_MS = 5 * 60_000;
const MOST_VIDEOS = 10_000;

interface Entry {
  readonly owner: string;
  readonly video: Video;
}

export function createFinishedVideos(): FinishedVideos {
  // Each is in it twice, by its two names.
  const entries = new LRUCache<string, Entry>({
    max: 2 * MOST_VIDEOS,
    ttl: REMEMBERED_MS,
    // Or it would look at the clock once a millisecond.
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
