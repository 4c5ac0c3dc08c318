/** What has been learnt of a document stays with its text, in bounded memory. */

import { LRUCache } from 'lru-cache';

/** In characters of text; what a parsed document takes is some twenty times as much. */
const CACHE_SIZE = 2 * 1024 * 1024;
const MAX_CACHED = 64 * 1024;

/**
 * A cache by a document's text, for Yoga's parser and for the thin path. It is bounded by the texts
 * and not by their number, for one may be as long as a body.
 */
export function createDocumentCache<T extends object>(): LRUCache<string, T> {
  return new LRUCache<string, T>({
    maxSize: CACHE_SIZE,
    maxEntrySize: MAX_CACHED,
    // An empty document has a size, too.
    sizeCalculation: (_value, text) => text.length + 1,
  });
}
