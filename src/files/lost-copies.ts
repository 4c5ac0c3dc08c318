/** Notices copies that somebody has deleted at the destination. */

import type { Logger } from 'pino';
import type { Hub } from '../delivery/hub.ts';
import { HOUR_MS } from '../durations.ts';
import { loseCopy } from '../store/lost-copies.ts';
import type { Database } from '../store/schema.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { type Destination, DestinationError } from './destination.ts';

/** At most this many names are remembered. */
const MAX_NAMES = 10_000;

export interface LostCopies {
  /**
   * Checks whether a copy exists. If not, it is copied again, or given up when the upstream has deleted
   * the original.
   *
   * @throws DestinationError
   */
  check(name: string): Promise<void>;
  /** The same in the background, once per hour and copy. */
  checkLater(name: string): void;
  /** Ends the checks in the background, and resolves when none is running. */
  stop(): Promise<void>;
}

export interface LostCopiesParts {
  readonly db: Database;
  readonly hub: Hub;
  readonly metrics: Pick<Metrics, 'copy'>;
  readonly log: Logger;
  readonly destination: Destination;
}

export function createLostCopies(parts: LostCopiesParts): LostCopies {
  const { db, hub, metrics, log, destination } = parts;
  const checked = new Set<string>();
  const waiting = new Set<string>();
  let hour = 0;
  let isRunning = false;
  let isStopped = false;
  let checking = Promise.resolve();

  async function check(name: string): Promise<void> {
    if (await destination.has(name)) return;
    const lost = await loseCopy(db, name);
    if (!lost) return;
    const { video_row: id, owner, part, state } = lost;
    metrics.copy('lost', 0);
    const next = state === 'PENDING' ? 'it is copied again' : 'its original is gone too';
    log.error({ video: id, part }, `a copy is missing at the destination: ${next}`);
    hub.publish({ id, owner });
  }

  /** One after another, so that a long list does not become a burst of requests. */
  async function checkWaiting(): Promise<void> {
    isRunning = true;
    for (const name of waiting) {
      waiting.delete(name);
      try {
        await check(name);
      } catch (error) {
        if (!(error instanceof DestinationError)) log.error({ err: error }, 'copy not checked');
      }
    }
    isRunning = false;
  }

  return {
    check,
    checkLater(name) {
      const now = Math.floor(Date.now() / HOUR_MS);
      if (now !== hour) checked.clear();
      hour = now;
      if (isStopped || checked.has(name) || checked.size === MAX_NAMES) return;
      checked.add(name);
      waiting.add(name);
      if (!isRunning) checking = checkWaiting();
    },
    async stop() {
      isStopped = true;
      waiting.clear();
      await checking;
    },
  };
}
