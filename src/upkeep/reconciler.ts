/**
 * Reconciliation: settles submits whose process died, reads back tasks whose callback did not come, and
 * gives up tasks that never end. Every open row has a time of its next check, which one replica leases.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { type EndTaskParts, endTask } from '../delivery/end-task.ts';
import { GatewayError, RateLimitedError } from '../errors.ts';
import { type Place, pauseAllowance, takePlace, toAllowance } from '../store/allowance.ts';
import {
  endChecks,
  type LeasedRow,
  leaseDueRows,
  releaseLeases,
  scheduleCheck,
  scheduleWatchedNow,
} from '../store/check-leases.ts';
import { endPause } from '../store/pauses.ts';
import { toStartedAt } from '../store/rows.ts';
import { settleOverdue } from '../store/transitions/unconfirmed.ts';
import type { ReadOutcome } from '../telemetry/metrics.ts';
import { inSpan, type Tracing } from '../telemetry/tracing.ts';
import type { UpstreamClient } from '../upstream/client.ts';
import { fetchDetails, type TaskReport } from '../upstream/details.ts';
import { FILE_LIFETIME_MS, isEnded, type VideoFailure } from '../video.ts';
import { FILELESS_GAP_MS, toGap } from './check-gaps.ts';
import { applyReport } from './reports.ts';

/** Concurrent reads per replica. */
const CONCURRENCY = 8;
/** Rows without a task id settled per tick, which costs no read. */
const SETTLED_EACH_TICK = 64;
/**
 * How long after its deadline a task is given up although it could not be read. By then its file would be
 * gone as well.
 */
const UNREADABLE_FOR_MS = FILE_LIFETIME_MS;
/** Watched tasks considered per tick: the budget has no reads for many more. */
const WATCHED_EACH_TICK = 64;
/** After a read without news, a subscription does not cause another read for this long. */
const REST_MS = 15_000;

const NEVER_CONFIRMED: VideoFailure = {
  reason: 'NEVER_CONFIRMED',
  message: 'The upstream never confirmed this task, so its outcome is unknown.',
  upstreamCode: null,
};
const NEVER_SENT: VideoFailure = {
  reason: 'NEVER_SENT',
  message: 'The request could not be sent before its deadline. Nothing was started or paid.',
  upstreamCode: null,
};
const DEADLINE_PASSED: VideoFailure = {
  reason: 'DEADLINE_PASSED',
  message: 'The upstream did not end this task in time. A later success still counts.',
  upstreamCode: null,
};

export interface ReconcilerParts extends EndTaskParts {
  readonly upstream: UpstreamClient;
  readonly tracing: Tracing;
  readonly log: Logger;
  readonly config: Pick<
    Config,
    | 'RECONCILE_AFTER_MS'
    | 'UNCONFIRMED_DEADLINE_MS'
    | 'TASK_DEADLINE_MS'
    | 'UPSTREAM_TIMEOUT_MS'
    | 'UPSTREAM_REQUESTS'
    | 'UPSTREAM_WINDOW_MS'
  >;
}

export interface Reconciler {
  /** Checks due rows now instead of at the next tick. */
  wake(): void;
  /** Aborts running checks, whose rows stay due, and resolves when none is left. */
  stop(): Promise<void>;
}

function toReadOutcome(report: TaskReport | null): ReadOutcome {
  if (report === null) return 'unknown';
  return report.state !== null && isEnded(report.state) ? 'ended' : 'open';
}

export function startReconciler(parts: ReconcilerParts): Reconciler {
  const { db, hub, upstream, metrics, tracing, log, config } = parts;
  const stopping = new AbortController();
  const tickMs = Math.min(1_000, Math.max(20, config.RECONCILE_AFTER_MS / 4));
  const reads = new Set<Promise<void>>();
  const resting = new Map<string, NodeJS.Timeout>();
  const allowance = toAllowance('read', config);
  let wake = () => {};
  let turn = 0;

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      try {
        const { states, ends } = hub.watchedVideos();
        await scheduleWatchedNow(db, takeTurns(states), true);
        await scheduleWatchedNow(db, takeTurns(ends), false);
        await startDueChecks();
      } catch (error) {
        log.error({ err: error }, 'reconciliation could not read the database');
      }
      turn += 1;
      const timer = new AbortController();
      const tick = delay(tickMs, undefined, { signal: timer.signal }).catch(() => undefined);
      await Promise.race([woken, tick]);
      timer.abort();
    }
    await Promise.all(reads);
  }

  /** Takes a few per tick, all of them in rotation. */
  function takeTurns(ids: readonly string[]): readonly string[] {
    const awake = ids.filter((id) => !resting.has(id));
    if (awake.length <= WATCHED_EACH_TICK) return awake;
    const from = (turn * WATCHED_EACH_TICK) % awake.length;
    return [...awake.slice(from), ...awake.slice(0, from)].slice(0, WATCHED_EACH_TICK);
  }

  /** Releases the lease of rows for which the budget has no read. */
  async function startDueChecks(): Promise<void> {
    const leaseMs = config.UPSTREAM_TIMEOUT_MS + 10_000;
    const unnamed = await leaseDueRows(db, 'unnamed', SETTLED_EACH_TICK, leaseMs);
    await Promise.all(unnamed.map((row) => trace(row, () => settle(row))));

    const room = CONCURRENCY - reads.size;
    if (room <= 0) return;
    const rows = await leaseDueRows(db, 'readable', room, leaseMs);
    let begun = 0;
    for (const row of rows) {
      const place = await takePlace(db, allowance);
      if (!place) break;
      startRead(row, place);
      begun += 1;
    }
    const left = rows.slice(begun).map(({ id }) => id);
    if (left.length > 0) await releaseLeases(db, left);
  }

  function startRead(row: LeasedRow, place: Place): void {
    const check = trace(row, () => read(row, place));
    reads.add(check);
    void check.finally(() => {
      reads.delete(check);
      wake();
    });
  }

  async function trace(row: LeasedRow, check: () => Promise<void>): Promise<void> {
    const span = {
      name: 'reconcile',
      parent: row.traceparent,
      attributes: { 'longtake.video': row.id },
    };
    await inSpan(tracing, span, check).catch((error: unknown) => {
      if (!stopping.signal.aborted) log.error({ video: row.id, err: error }, 'a check failed');
    });
  }

  /** Settles a row without a task id, which cannot be read at the upstream. */
  async function settle(row: LeasedRow): Promise<void> {
    if (row.state === 'SUBMITTING') {
      const state = await settleOverdue(db, row.id, config.UNCONFIRMED_DEADLINE_MS);
      if (state === null) return;
      hub.publish(row);
      if (state === 'UNCONFIRMED') metrics.submit('OUTCOME_UNKNOWN');
      return;
    }
    if (row.state === 'SCHEDULED') return await giveUp(row, NEVER_SENT);
    // Confirmed without a task id of its own, so only its callback could have ended it.
    await giveUp(row, row.state === 'UNCONFIRMED' ? NEVER_CONFIRMED : DEADLINE_PASSED);
  }

  async function read(row: LeasedRow, place: Place): Promise<void> {
    const { id, owner, task_id: taskId } = row;
    if (taskId === null) return;
    let isReadable = false;
    let isFileless = false;
    try {
      const report = await fetchDetails(upstream, taskId, {
        signal: stopping.signal,
        // Each request takes a place of the allowance; the first place is already taken.
        mayRepeat: async () => (await takePlace(db, allowance)) !== null,
      });
      if (place.isTrial) await endPause(db, allowance.name);
      isFileless = await applyReport(parts, { id, owner }, report, true);
      isReadable = true;
      metrics.reconciliationRead(toReadOutcome(report));
      if (report === null) rest(id);
      if (row.state === 'FAILED' && report?.state === 'FAILED') return await endChecks(db, id);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      metrics.reconciliationRead('failed');
      rest(id);
      if (error instanceof RateLimitedError) {
        const pauseMs = await pauseAllowance(db, allowance, error.retryAfter);
        log.warn({ seconds: pauseMs / 1_000 }, 'reads are paused: the upstream has answered 429');
      } else if (place.isTrial) {
        await endPause(db, allowance.name);
      }
      log.warn({ video: id, code: error.code, upstreamCode: error.upstreamCode }, 'read failed');
    }
    const overdueMs = row.leased_at - toStartedAt(row) - config.TASK_DEADLINE_MS;
    if (overdueMs >= (isReadable ? 0 : UNREADABLE_FOR_MS)) await giveUp(row, DEADLINE_PASSED);
    else await scheduleCheck(db, row, toNextGap(row, isFileless));
  }

  function rest(id: string): void {
    clearTimeout(resting.get(id));
    resting.set(id, setTimeout(() => resting.delete(id), REST_MS).unref());
  }

  async function giveUp(row: LeasedRow, failure: VideoFailure): Promise<void> {
    if (!(await endTask(parts, row, { outcome: failure, reported: false }, 'deadline'))) {
      // The task has ended meanwhile, or was given up before and read once more.
      if (row.state === 'FAILED') await endChecks(db, row.id);
      return;
    }
    log.warn({ video: row.id, reason: failure.reason }, 'task given up');
  }

  /** The next check is at the deadline at the latest. */
  function toNextGap(row: LeasedRow, isFileless: boolean): number {
    const usual = toGap(config.RECONCILE_AFTER_MS, row.check_count);
    const gap = isFileless ? Math.min(usual, FILELESS_GAP_MS) : usual;
    const untilDeadline = toStartedAt(row) + config.TASK_DEADLINE_MS - row.leased_at;
    return Math.round(untilDeadline > 0 ? Math.min(gap, untilDeadline) : gap);
  }

  const running = run();
  return {
    wake: () => wake(),
    async stop() {
      stopping.abort();
      wake();
      await running;
    },
  };
}
