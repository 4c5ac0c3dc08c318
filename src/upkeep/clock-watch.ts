/** Detects a clock that was set back, at the start and while the gateway runs. */

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { MAX_AHEAD_MS, MAX_PAUSE_MS, MINUTE_MS } from '../durations.ts';
import { type Bounds, clampTimes } from '../store/clamps.ts';
import type { Database } from '../store/schema.ts';
import { toLongestGap } from './check-gaps.ts';

const EVERY_MS = 5_000;
/** Tolerance for times that replicas with other settings have stored. */
const TOLERANCE_MS = MINUTE_MS;

export type ClockConfig = Pick<
  Config,
  | 'RECONCILE_AFTER_MS'
  | 'UNCONFIRMED_DEADLINE_MS'
  | 'TASK_DEADLINE_MS'
  | 'SUBMIT_MAX_WAIT_MS'
  | 'QUEUE_DEADLINE_MS'
  | 'UPSTREAM_TIMEOUT_MS'
  | 'UPSTREAM_WINDOW_MS'
>;

export interface ClockWatch {
  stop(): Promise<void>;
}

export function startClockWatch(db: Database, config: ClockConfig, log: Logger): ClockWatch {
  const stopping = new AbortController();
  const { signal } = stopping;
  const bounds = toBounds(config);

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        const rows = await clampTimes(db, bounds);
        if (rows > 0) log.warn({ rows }, 'the clock was set back: times too far ahead were moved');
      } catch (error) {
        log.error({ err: error }, 'the check for times that are too far ahead failed');
      }
      await delay(EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
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

function toBounds(config: ClockConfig): Bounds {
  const { UPSTREAM_WINDOW_MS: windowMs, SUBMIT_MAX_WAIT_MS, UPSTREAM_TIMEOUT_MS } = config;
  return {
    lookMs: toLongestGap(config.RECONCILE_AFTER_MS) + TOLERANCE_MS,
    submitMs: SUBMIT_MAX_WAIT_MS + UPSTREAM_TIMEOUT_MS + TOLERANCE_MS,
    unconfirmedMs: config.UNCONFIRMED_DEADLINE_MS + TOLERANCE_MS,
    deadlineMs: config.TASK_DEADLINE_MS + TOLERANCE_MS,
    queueMs: MAX_AHEAD_MS + config.QUEUE_DEADLINE_MS + TOLERANCE_MS,
    laneMs: Math.max(MAX_PAUSE_MS, UPSTREAM_TIMEOUT_MS) + TOLERANCE_MS,
    placeMs: windowMs + 1_000,
    pauseMs: Math.max(MAX_PAUSE_MS, windowMs) + 1_000,
  };
}
