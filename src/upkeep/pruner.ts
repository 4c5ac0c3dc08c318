/** Takes old rows and log entries away, a small batch at a time. */

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { DAY_MS } from '../durations.ts';
import { pruneCompletions, pruneVideos } from '../store/pruning.ts';
import type { Database } from '../store/schema.ts';
import { pruneAttempts } from '../store/spending.ts';

const EVERY_MS = 60 * 60_000;
const BATCH = 200;

export interface Pruner {
  stop(): Promise<void>;
}

/** Prunes now and then every hour. */
export function startPruner(db: Database, retentionMs: number, log: Logger): Pruner {
  const stopping = new AbortController();
  const { signal } = stopping;

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        await prune();
      } catch (error) {
        log.error({ err: error }, 'pruning failed; it is tried again in an hour');
      }
      await delay(EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Lets other statements in between the batches. */
  async function prune(): Promise<void> {
    let count = 0;
    while (!signal.aborted && (await pruneCompletions(db, retentionMs, BATCH)) > 0) await delay(1);
    while (!signal.aborted) {
      const removed = await pruneVideos(db, retentionMs, BATCH);
      if (removed === 0) break;
      count += removed;
      await delay(1);
    }
    while (!signal.aborted && (await pruneAttempts(db, DAY_MS, BATCH)) > 0) await delay(1);
    if (count > 0) log.info({ videos: count }, 'pruned');
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
