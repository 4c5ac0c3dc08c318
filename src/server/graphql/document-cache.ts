/** Caches parsed documents by their text, in bounded memory. */

import { LRUCache } from 'lru-cache';

/** In characters of text. A parsed document takes about twenty times as much memory. */
const CACHE_SIZE = 2 * 1024 * 1024;
const MAX_CACHED = 64 * 1024;

/**
 * A cache for Yoga's parser or for the thin path. It is limited by the length of the texts instead of
 * their number, because one text may be as long as a request.
 */
export function createDocumentCache<T extends object>(): LRUCache<string, T> {
  return new LRUCache<string, T>({
    maxSize: CACHE_SIZE,
    maxEntrySize: MAX_CACHED,
    // lru-cache requires a positive size, also for an empty text.
    sizeCalculation: (_value, text) => text.length + 1,
  });
}
