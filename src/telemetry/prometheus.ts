/** Metrics for Prometheus. Each label has a fixed list of values. */

import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { CopyState } from '../store/copy-state.ts';
import { type OpenTasks, TASK_STATES } from '../store/open-tasks.ts';
import { FAILURE_REASONS } from '../video.ts';
import { watchCopies } from './copies.ts';
import * as labels from './metrics.ts';
import { type PauseReadings, watchPauses } from './pauses.ts';
import { watchProcess } from './process-metrics.ts';
import { type QueueReadings, watchQueue } from './queue-metrics.ts';
import type { RequestCounts } from './request-counts.ts';
import { type SequenceReadings, watchSequences } from './sequence-metrics.ts';

/** Values that are read at each scrape instead of being counted. */
export interface Readings extends PauseReadings, QueueReadings, SequenceReadings {
  readonly sockets: () => number;
  readonly subscriptions: () => number;
  /** Null while the database does not answer. */
  readonly openTasks: () => Promise<OpenTasks | null>;
  readonly isDatabaseReady: () => Promise<boolean>;
  /** Null when `SUBMITS_PER_DAY` is not set. */
  readonly submitsToday: (() => Promise<number | null>) | null;
  /** Null when `UPSTREAM_CREDITS` is off. */
  readonly credits: (() => Promise<number | null>) | null;
  /** Null without `KEEP_URL`. */
  readonly copies: (() => Promise<CopyState | null>) | null;
  readonly droppedLogLines: () => number;
}

export interface PrometheusMetrics extends labels.Metrics {
  readonly contentType: string;
  /** All metrics, in Prometheus' text format. */
  scrape(): Promise<string>;
  close(): void;
}

export function createPrometheusMetrics(
  version: string,
  requests: RequestCounts,
  readings: Readings,
): PrometheusMetrics {
  const register = new Registry();
  const registers = [register];
  const stopWatching = watchProcess(register);
  watchPauses(register, readings);
  const countCopy = watchCopies(register, readings.copies);
  watchSequences(register, readings);
  const queueWaits = watchQueue(register, readings);

  const upstreamCalls = new Histogram({
    name: 'longtake_upstream_request_duration_seconds',
    help: "Calls at the upstream, by the code of the answer's envelope or what came in its place.",
    labelNames: ['method', 'code'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const upstreamTotal = new Counter({
    name: 'longtake_upstream_requests_total',
    help: "Calls at the upstream, by the code of the answer's envelope or what came in its place.",
    labelNames: ['method', 'code'],
    registers,
  });
  const submits = new Counter({
    name: 'longtake_submits_total',
    help: 'Paid requests, by the code of their refusal; OUTCOME_UNKNOWN may have been paid.',
    labelNames: ['outcome'],
    registers,
  });
  const gateWaits = new Histogram({
    name: 'longtake_gate_wait_seconds',
    help: "Time for which submits waited for their place among the upstream's allowance.",
    labelNames: ['outcome'],
    buckets: [0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const unknownStates = new Counter({
    name: 'longtake_upstream_unknown_states_total',
    help: 'Reads of tasks whose state word is not known here; the log names each word once.',
    registers,
  });
  const callbacks = new Counter({
    name: 'longtake_callbacks_total',
    help: 'Callbacks of the upstream, by what came of them.',
    labelNames: ['outcome'],
    registers,
  });
  const completions = new Counter({
    name: 'longtake_completions_total',
    help: 'Tasks that have ended: SUCCEEDED, or the reason of the failure; and who found out.',
    labelNames: ['outcome', 'found_by'],
    registers,
  });
  const taskDurations = new Histogram({
    name: 'longtake_task_duration_seconds',
    help: "From a submit to its task's end.",
    labelNames: ['outcome'],
    buckets: [10, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400, 86_400],
    registers,
  });
  const reads = new Counter({
    name: 'longtake_reconciliation_reads_total',
    help: 'Reads of open tasks whose callback has not come.',
    labelNames: ['outcome'],
    registers,
  });

  new Gauge({
    name: 'longtake_build_info',
    help: 'Always 1; its labels show what is running.',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version, node: process.versions.node }, 1);
  new Counter({
    name: 'longtake_log_lines_dropped_total',
    help: 'Log lines that standard output did not take: a full disk, a reader that is gone or too slow.',
    registers,
    collect() {
      this.reset();
      this.inc(readings.droppedLogLines());
    },
  });
  new Gauge({
    name: 'longtake_sockets',
    help: 'WebSockets that are open.',
    registers,
    collect() {
      this.set(readings.sockets());
    },
  });
  new Gauge({
    name: 'longtake_subscriptions',
    help: 'Operations that are open on WebSockets and by server-sent events.',
    registers,
    collect() {
      this.set(readings.subscriptions());
    },
  });
  new Gauge({
    name: 'longtake_tasks_open',
    help: 'Tasks that have not ended, of all replicas together. Missing while the database is away.',
    labelNames: ['state'],
    registers,
    async collect() {
      this.reset();
      const tasks = await readings.openTasks();
      for (const state of tasks ? TASK_STATES : []) this.set({ state }, tasks?.counts[state] ?? 0);
    },
  });
  new Gauge({
    name: 'longtake_tasks_oldest_seconds',
    help: 'Age of the oldest task that has not ended, of all replicas together; 0 without any.',
    registers,
    async collect() {
      this.reset();
      const tasks = await readings.openTasks();
      if (tasks) this.set(tasks.oldestSeconds);
      else this.remove();
    },
  });
  new Gauge({
    name: 'longtake_database_up',
    help: 'Whether the database answered at this scrape, and could be written.',
    registers,
    async collect() {
      this.set((await readings.isDatabaseReady()) ? 1 : 0);
    },
  });

  const optional = (name: string, help: string, read: (() => Promise<number | null>) | null) =>
    read &&
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const value = await read();
        if (value === null) this.remove();
        else this.set(value);
      },
    });
  optional(
    'longtake_submits_today',
    'Submits of all owners since midnight (UTC), which SUBMITS_PER_DAY limits.',
    readings.submitsToday,
  );
  optional(
    'longtake_upstream_credits',
    "The upstream account's balance as it was last read, at most every five minutes.",
    readings.credits,
  );

  // Start every series at 0: Prometheus sees no increase in a series whose first value is 1.
  for (const code of labels.UPSTREAM_CODES) {
    for (const method of ['GET', 'POST']) upstreamTotal.inc({ method, code }, 0);
  }
  for (const outcome of labels.SUBMIT_OUTCOMES) submits.inc({ outcome }, 0);
  for (const outcome of labels.CALLBACK_OUTCOMES) callbacks.inc({ outcome }, 0);
  for (const outcome of labels.READ_OUTCOMES) reads.inc({ outcome }, 0);
  for (const outcome of ['let_through', 'refused']) gateWaits.zero({ outcome });
  for (const outcome of ['succeeded', 'failed']) taskDurations.zero({ outcome });
  for (const found_by of labels.FINDERS) {
    for (const outcome of ['SUCCEEDED', 'WITHDRAWN', ...FAILURE_REASONS])
      completions.inc({ outcome, found_by }, 0);
  }

  return {
    upstreamCall(method, code, seconds) {
      upstreamTotal.inc({ method, code });
      upstreamCalls.observe({ method, code }, seconds);
    },
    submit: (outcome) => submits.inc({ outcome }),
    gateWait: (isLetThrough, seconds) =>
      gateWaits.observe({ outcome: isLetThrough ? 'let_through' : 'refused' }, seconds),
    queueWait: (seconds) => queueWaits.observe(seconds),
    unknownState: () => unknownStates.inc(),
    callback: (outcome) => callbacks.inc({ outcome }),
    taskEnd(end, tookMs, finder) {
      completions.inc({ outcome: end, found_by: finder });
      // These ended before their POST.
      if (tookMs === null || finder === 'submit' || finder === 'withdrawal') return;
      const outcome = end === 'SUCCEEDED' ? 'succeeded' : 'failed';
      taskDurations.observe({ outcome }, Math.max(0, tookMs) / 1_000);
    },
    reconciliationRead: (outcome) => reads.inc({ outcome }),
    copy: countCopy,
    contentType: register.contentType,
    scrape: async () => `${await register.metrics()}\n${requests.toText()}`,
    close: stopWatching,
  };
}
