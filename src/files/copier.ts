/** Copies finished files in the background, starting with those that the upstream deletes first. */

import { setTimeout as delay } from 'node:timers/promises';
import { type LeasedCopy, leaseCopies, planCopies } from '../store/copies.ts';
import { giveUpCopy, releaseCopy, retryCopy } from '../store/copy-ends.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { type CopyParts, copyFile, LEASE_MS, LeaseLostError, toNames } from './copy-file.ts';
import { DestinationError } from './destination.ts';
import { removeCopies } from './remover.ts';
import { SourceError } from './source-error.ts';

/** Copies at a time, per replica. */
const CONCURRENCY = 4;
const PLANNED_AT_A_TIME = 100;
const TICK_MS = 1_000;
/** Milliseconds until the next attempt, by the number of failures. After the last one the file is given up. */
const RETRY_GAPS_MS = [1_000, 5_000, 30_000, 120_000, 600_000, 3_600_000, 14_400_000, 43_200_000];
/** While the destination fails, nothing is copied for this long; it doubles up to ten minutes. */
const MIN_PAUSE_MS = 2_000;
const MAX_PAUSE_MS = 600_000;

export interface Copier {
  /** Checks for new files now instead of at the next tick. */
  wake(): void;
  /** Aborts running copies and resolves when none is left. */
  stop(): Promise<void>;
}

export interface CopierParts extends CopyParts {
  readonly metrics: Pick<Metrics, 'copy'>;
  readonly retryGapsMs?: readonly number[];
}

export function startCopier(parts: CopierParts): Copier {
  const { db, hub, destination, metrics, log, retryGapsMs = RETRY_GAPS_MS } = parts;
  const stopping = new AbortController();
  const { signal } = stopping;
  const running = new Set<Promise<void>>();
  let pauseMs = 0;
  let pausedUntil = 0;
  let wake = () => {};

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      let hasMore = false;
      try {
        hasMore = await startDueCopies();
        hasMore ||= (await removeCopies(parts)).due > 0;
      } catch (error) {
        log.error({ err: error }, 'copying was interrupted');
      }
      if (hasMore) continue;
      const timer = new AbortController();
      const tick = delay(TICK_MS, undefined, { signal: timer.signal }).catch(() => undefined);
      await Promise.race([woken, tick]);
      timer.abort();
    }
    await Promise.all(running);
  }

  /** Returns whether there is more to plan. */
  async function startDueCopies(): Promise<boolean> {
    const planned = await planCopies(db, PLANNED_AT_A_TIME);
    // One copy at a time until one succeeds. A file that makes the thread of the copies die is found by that.
    const room = (pauseMs > 0 ? 1 : CONCURRENCY) - running.size;
    if (room > 0 && performance.now() >= pausedUntil) {
      for (const copy of await leaseCopies(db, room, LEASE_MS)) start(copy);
    }
    return planned === PLANNED_AT_A_TIME;
  }

  function start(copy: LeasedCopy): void {
    const copying = copyOnce(copy)
      .catch((error: unknown) => log.error({ video: copy.video_row, err: error }, 'copy failed'))
      .finally(() => {
        running.delete(copying);
        wake();
      });
    running.add(copying);
  }

  async function copyOnce(copy: LeasedCopy): Promise<void> {
    const { video_row: video, part } = copy;
    try {
      const bytes = await copyFile(parts, copy, signal);
      pauseMs = 0;
      metrics.copy('kept', bytes);
      log.info({ video, part, bytes }, 'file kept');
      hub.publish({ id: video, owner: copy.owner });
    } catch (error) {
      if (error instanceof LeaseLostError) await releaseCopy(db, copy);
      else if (signal.aborted)
        await retryCopy(db, copy, { afterMs: 0, reason: 'stopped', isFailure: false });
      else if (error instanceof DestinationError) await pause(copy, error);
      else if (error instanceof SourceError) await retryOrGiveUp(copy, error);
      else await retryUnexpected(copy, error);
    }
  }

  /**
   * After a bug, or a failure of the database. The copy may have been recorded although an error was
   * reported, so nothing is removed or given up now.
   */
  async function retryUnexpected(copy: LeasedCopy, error: unknown): Promise<void> {
    const { video_row: video, part } = copy;
    const afterMs = retryGapsMs[copy.failures] ?? retryGapsMs.at(-1) ?? 0;
    metrics.copy('retried', 0);
    log.error(
      { video, part, err: error, seconds: afterMs / 1_000 },
      'copy failed unexpectedly; retrying',
    );
    await retryCopy(db, copy, { afterMs, reason: 'unexpected error', isFailure: true });
  }

  async function retryOrGiveUp(copy: LeasedCopy, error: SourceError): Promise<void> {
    const { video_row: video, part } = copy;
    const gapMs = retryGapsMs[copy.failures];
    const hasExpired = copy.leased_at >= copy.expires_at;
    if (!error.isFinal && !hasExpired && gapMs !== undefined) {
      metrics.copy('retried', 0);
      log.warn(
        { video, part, reason: error.message, seconds: gapMs / 1_000 },
        'copy failed; retrying',
      );
      await retryCopy(db, copy, { afterMs: gapMs, reason: error.message, isFailure: true });
      return;
    }
    for (const name of toNames(copy)) await destination.remove(name);
    if (!(await giveUpCopy(db, copy, error.message))) return;
    metrics.copy('given_up', 0);
    log.error({ video, part, reason: error.message }, 'file given up: it is not kept');
    hub.publish({ id: video, owner: copy.owner });
  }

  /**
   * All copying pauses, and no failure of the file is counted, because usually the destination fails for every
   * file. It may also refuse this one alone, so others are tried before it.
   */
  async function pause(copy: LeasedCopy, error: DestinationError): Promise<void> {
    pauseMs = Math.min(MAX_PAUSE_MS, Math.max(MIN_PAUSE_MS, pauseMs * 2));
    pausedUntil = performance.now() + pauseMs;
    metrics.copy('destination_failed', 0);
    log.error(
      { err: error, seconds: pauseMs / 1_000 },
      'the destination of KEEP_URL fails; copying pauses',
    );
    const refusals = copy.attempts - copy.failures;
    const grownMs = Math.min(MAX_PAUSE_MS, MIN_PAUSE_MS * 2 ** (refusals - 1));
    const afterMs = Math.max(pauseMs + 2 * TICK_MS, grownMs);
    await retryCopy(db, copy, { afterMs, reason: error.message, isFailure: false });
  }

  const done = run();
  return {
    wake: () => wake(),
    async stop() {
      stopping.abort();
      wake();
      await done;
    },
  };
}
