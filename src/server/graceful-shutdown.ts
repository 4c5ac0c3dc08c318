/** The end of a gateway: each step in its order, and all of them in time. */

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { isShared } from '../store/database.ts';
import type { LogOutput } from '../telemetry/log-output.ts';
import { within } from '../within.ts';

/** How long letting go of everything may take after a drain that took too long. */
const RELEASE_WITHIN_MS = 2_000;
/** How long the last lines of the log may take. */
const LOG_WITHIN_MS = 1_000;

export interface ShutdownParts {
  readonly config: Pick<Config, 'SHUTDOWN_TIMEOUT_MS' | 'DRAIN_GRACE_MS' | 'DATABASE_URL'>;
  readonly log: Logger;
  readonly output: LogOutput;
  /** From now on `/ready` answers 503; everything else is served for the grace. */
  readonly begin: () => void;
  /** Refuses new work, and resolves when all that is under way is done. */
  readonly drain: () => Promise<void>;
  /** Cuts the connections that are left. */
  readonly cutOff: () => void;
  /** Lets go of everything. `isLate`: without waiting for what the drain could not finish. */
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
    // Until the balancer has seen /ready, it sends requests, and they are served.
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
    return isWritten && (isReleased || isShared(config.DATABASE_URL));
  }

  let closing: Promise<boolean> | undefined;
  return () => {
    closing ??= close();
    return closing;
  };
}
