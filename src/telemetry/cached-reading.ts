/** Caches values that /metrics reads from the database, so that scrapes are cheap and never wait long. */

import { within } from '../within.ts';

/** Several scrapers share one read. */
const FRESH_MS = 5_000;
/** Prometheus allows a scrape about 10 s in all. */
const MAX_WAIT_MS = 1_000;

/** Null while the database does not answer; then the next scrape reads again. */
export function createCachedReading<T>(read: () => Promise<T>): () => Promise<T | null> {
  let known: { readonly value: T; readonly at: number } | undefined;
  let reading: Promise<T | null> | undefined;

  async function readNow(): Promise<T | null> {
    try {
      const value = await read();
      known = { value, at: performance.now() };
      return value;
    } catch {
      return null;
    } finally {
      reading = undefined;
    }
  }

  return async () => {
    if (known && performance.now() - known.at < FRESH_MS) return known.value;
    reading ??= readNow();
    return within(MAX_WAIT_MS, reading, null);
  };
}
