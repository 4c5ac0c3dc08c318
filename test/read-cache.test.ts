import { describe, expect, it } from 'vitest';
import { createReadCache } from '../src/delivery/read-cache.ts';

/** Reads that the test ends itself. */
function createReads() {
  const started: PromiseWithResolvers<number>[] = [];
  return {
    started,
    read() {
      const one = Promise.withResolvers<number>();
      started.push(one);
      return one.promise;
    },
  };
}

const tick = () => new Promise((resolve) => setImmediate(resolve));

describe('a cache of reads', () => {
  it('lets all callers of a tick share a read that starts after them', async () => {
    const cache = createReadCache<number>();
    const { started, read } = createReads();
    const results = Array.from({ length: 100 }, () => cache.load('a', read));
    expect(started).toHaveLength(0);
    await tick();
    expect(started).toHaveLength(1);
    started[0]?.resolve(1);
    expect(new Set(await Promise.all(results))).toEqual(new Set([1]));
  });

  it('lets callers during a read share the next one, which sees what was committed since', async () => {
    const cache = createReadCache<number>();
    const { started, read } = createReads();
    const first = cache.load('a', read);
    await tick();
    const later: Promise<number>[] = [];
    for (let caller = 0; caller < 100; caller += 1) {
      later.push(cache.load('a', read));
      await tick();
    }
    const other = cache.load('b', read);
    await tick();
    // Another key waits for nobody.
    expect(started).toHaveLength(2);
    started[1]?.resolve(20);
    expect(await other).toBe(20);
    started[0]?.resolve(1);
    expect(await first).toBe(1);
    await tick();
    expect(started).toHaveLength(3);
    started[2]?.resolve(3);
    expect(new Set(await Promise.all(later))).toEqual(new Set([3]));
  });

  it('starts the next read although the one before it has failed', async () => {
    const cache = createReadCache<number>();
    const { started, read } = createReads();
    const first = cache.load('a', read);
    await tick();
    const second = cache.load('a', read);
    started[0]?.reject(new Error('broken'));
    await expect(first).rejects.toThrow('broken');
    await tick();
    started[1]?.resolve(2);
    expect(await second).toBe(2);
  });

  it('answers with a primed value for the rest of the tick', async () => {
    const cache = createReadCache<number>();
    const { started, read } = createReads();
    cache.prime('a', 7);
    expect(await cache.load('a', read)).toBe(7);
    await tick();
    const fresh = cache.load('a', read);
    await tick();
    started[0]?.resolve(8);
    expect(await fresh).toBe(8);
  });
});
