/** Shuts the gateway down: drain, cut off, release, each within its time limit. */

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { isShared } from '../store/database.ts';
import type { LogOutput } from '../telemetry/log-output.ts';
import { within } from '../within.ts';

/** Time limit for `release` after a drain that took too long. */
const RELEASE_WITHIN_MS = 2_000;
/** Time limit for writing the last log lines. */
const LOG_WITHIN_MS = 1_000;

export interface ShutdownParts {
  readonly config: Pick<
    Config,
    'SHUTDOWN_TIMEOUT_MS' | 'DRAIN_GRACE_MS' | 'DATABASE_URL' | 'KEEP_URL'
  >;
  readonly log: Logger;
  readonly output: LogOutput;
  /** Makes `/ready` answer 503. Everything else is still served for DRAIN_GRACE_MS. */
  readonly begin: () => void;
  /** Refuses new work, and resolves when all running work is done. */
  readonly drain: () => Promise<void>;
  /** Cuts the remaining connections. */
  readonly cutOff: () => void;
  /** Closes the database and everything else. `isLate`: does not wait for work that is still running. */
  readonly release: (isLate: boolean) => Promise<void>;
}

/** Returns `Gateway.close`. */
export function createShutdown(parts: ShutdownParts): () => Promise<boolean> {
  const { config, log, output } = parts;

  async function close(): Promise<boolean> {
    const deadline = performance.now() + config.SHUTDOWN_TIMEOUT_MS;
    const remaining = () => Math.max(0, deadline - performance.now());
    parts.begin();
    log.info('draining');
    // The load balancer sends requests until it has seen that /ready fails.
    await delay(Math.min(config.DRAIN_GRACE_MS, remaining()));
    const drained = parts.drain().then(() => true);
    const isLate = !(await within(remaining(), drained, false));
    if (isLate) log.error('the drain took too long and was cut off');
    parts.cutOff();
    const released = parts.release(isLate).then(() => true);
    const isReleased = await within(Math.max(RELEASE_WITHIN_MS, remaining()), released, false);
    if (!isReleased) log.error('not everything could be closed in time');
    log.info('closed');
    const isWritten = await output.close(LOG_WITHIN_MS);
    // Threads hang in calls to a disk, not in those to a network.
    const usesDisk = !isShared(config.DATABASE_URL) || config.KEEP_URL?.kind === 'file';
    return isWritten && (isReleased || !usesDisk);
  }

  let closing: Promise<boolean> | undefined;
  return () => {
    closing ??= close();
    return closing;
  };
}
