/**
 * Preloaded into a subject: tells what it takes, after a collection, when it is asked by a signal.
 * Plain JavaScript, so that it does not load the compiler of types on its behalf.
 */

process.on('SIGUSR2', () => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  process.send?.({ heapUsed, rss });
});
