/** Deletes old rows and log entries, a small batch at a time. */

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Hub } from '../delivery/hub.ts';
import { DAY_MS } from '../durations.ts';
import { pruneAttempts } from '../store/owner-limits.ts';
import {
  pruneCompletions,
  pruneUnsent,
  pruneVideos,
  readPruningTimes,
  recordPruning,
} from '../store/pruning.ts';
import { expireCopies } from '../store/removals.ts';
import type { Database } from '../store/schema.ts';
import { pruneSequences } from '../store/sequence-removals.ts';

const EVERY_MS = 60 * 60_000;
const BATCH = 200;
/**
 * A clock that is further ahead of the last run than this may simply be wrong. Pruning by it would
 * delete idempotency keys that are still in use, and their next submit would be paid again.
 */
const MAX_JUMP_MS = DAY_MS;

export interface Pruner {
  stop(): Promise<void>;
}

/** Prunes now, and then every hour. */
export function startPruner(
  db: Database,
  config: Pick<Config, 'RETENTION_DAYS' | 'KEEP_DAYS' | 'CLOCK_CONFIRMED_ON'>,
  log: Logger,
  hub: Pick<Hub, 'publish'>,
): Pruner {
  const retentionMs = config.RETENTION_DAYS * DAY_MS;
  const stopping = new AbortController();
  const { signal } = stopping;

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        if (await isClockPlausible()) await prune();
      } catch (error) {
        log.error({ err: error }, 'pruning failed; the next try is in an hour');
      }
      await delay(EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  async function isClockPlausible(): Promise<boolean> {
    const { now, last } = await readPruningTimes(db);
    const jumpMs = now - (last ?? now);
    if (jumpMs <= MAX_JUMP_MS || isConfirmed(now)) {
      await recordPruning(db, now);
      return true;
    }
    // New rows carry the doubtful time, so the next run must not compare with them.
    await recordPruning(db, now - jumpMs);
    log.warn(
      {
        clock: new Date(now).toISOString(),
        last: new Date(now - jumpMs).toISOString(),
        fix: `If the clock is right, start once with CLOCK_CONFIRMED_ON=${toDate(now)}`,
      },
      'nothing is pruned: the clock is more than a day ahead of the last run',
    );
    return false;
  }

  function isConfirmed(now: number): boolean {
    const { CLOCK_CONFIRMED_ON: date } = config;
    return date !== undefined && Math.abs(Date.parse(date) - now) <= 2 * DAY_MS;
  }

  /** Yields between batches, so that other statements can run. */
  async function prune(): Promise<void> {
    let count = 0;
    if (config.KEEP_DAYS > 0) await expireOldCopies(config.KEEP_DAYS * DAY_MS);
    while (!signal.aborted && (await pruneUnsent(db, EVERY_MS, BATCH)) > 0) await delay(1);
    while (!signal.aborted && (await pruneCompletions(db, retentionMs, BATCH)) > 0) await delay(1);
    while (!signal.aborted && (await pruneSequences(db, retentionMs, BATCH)) > 0) await delay(1);
    while (!signal.aborted) {
      const removed = await pruneVideos(db, retentionMs, BATCH);
      if (removed === 0) break;
      count += removed;
      await delay(1);
    }
    while (!signal.aborted && (await pruneAttempts(db, DAY_MS, BATCH)) > 0) await delay(1);
    if (count > 0) log.info({ videos: count }, 'pruned');
  }

  async function expireOldCopies(keepMs: number): Promise<void> {
    while (!signal.aborted) {
      const expired = await expireCopies(db, keepMs, BATCH);
      if (expired.length === 0) return;
      for (const video of expired) hub.publish(video);
      log.info({ videos: expired.length }, 'copies expired');
      await delay(1);
    }
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

function toDate(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
