/** What a scrape reads from the database, which must not cost much nor hold the scrape up. */

import { within } from '../within.ts';

/** Several scrapers share one read. */
const FRESH_MS = 5_000;
/** A scrape has some ten seconds in all, and everything else in it is known at once. */
const PATIENCE_MS = 1_000;

/** Null while the database does not answer; each scrape then asks again. */
export function createCachedReading<T>(read: () => Promise<T>): () => Promise<T | null> {
  let known: { readonly value: T; readonly at: number } | undefined;
  let underWay: Promise<T | null> | undefined;

  async function readNow(): Promise<T | null> {
    try {
      const value = await read();
      known = { value, at: performance.now() };
      return value;
    } catch {
      return null;
    } finally {
      underWay = undefined;
    }
  }

  return async () => {
    if (known && performance.now() - known.at < FRESH_MS) return known.value;
    underWay ??= readNow();
    return within(PATIENCE_MS, underWay, null);
  };
}
