/** Reads at the upstream that clients cause: limited by a budget, and refused while reads are paused. */

import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { RateLimitedError } from '../errors.ts';
import { pauseAllowance, toAllowance } from '../store/allowance.ts';
import { endPause, readPauses, takeTrial } from '../store/pauses.ts';
import type { Database } from '../store/schema.ts';
import type { UpstreamClient } from '../upstream/client.ts';
import { fetchDetails, type TaskReport } from '../upstream/details.ts';
import { createReadBudget } from './read-budget.ts';

/**
 * What the upstream reports of a task; null when it does not know the id.
 *
 * @throws RateLimitedError at once, before there is a promise, when the owner's budget is used up:
 * others who want to know the same must not share that answer. What `fetchDetails` throws, and
 * RateLimitedError during a pause.
 */
export type MeteredRead = (
  owner: string,
  taskId: string,
  signal: AbortSignal,
) => Promise<TaskReport | null>;

export type MeteredReadConfig = Pick<
  Config,
  'OWNER_READS_PER_MINUTE' | 'READS_PER_MINUTE' | 'UPSTREAM_REQUESTS' | 'UPSTREAM_WINDOW_MS'
>;

export function createMeteredRead(parts: {
  readonly db: Database;
  readonly upstream: UpstreamClient;
  readonly log: Logger;
  readonly config: MeteredReadConfig;
}): MeteredRead {
  const { db, upstream, log, config } = parts;
  const allowance = toAllowance('read', config);
  const budget = createReadBudget({
    perOwner: config.OWNER_READS_PER_MINUTE,
    inTotal: config.READS_PER_MINUTE,
  });

  async function fetch(owner: string, taskId: string, signal: AbortSignal) {
    const isTrial = await enter();
    try {
      const report = await fetchDetails(upstream, taskId, {
        signal,
        mayRepeat: () => budget.take(owner) === null,
      });
      if (isTrial) await endPause(db, allowance.name);
      return report;
    } catch (error) {
      if (error instanceof RateLimitedError) {
        const pauseMs = await pauseAllowance(db, allowance, error.retryAfter);
        log.warn({ seconds: pauseMs / 1_000 }, 'reads are paused: the upstream has answered 429');
      } else if (isTrial && !signal.aborted) {
        await endPause(db, allowance.name);
      }
      throw error;
    }
  }

  /** Whether this read is the trial call after a pause. */
  async function enter(): Promise<boolean> {
    const pause = (await readPauses(db)).find(({ name }) => name === allowance.name);
    if (!pause) return false;
    if (pause.remainingMs > 0) throw toRefusal(pause.remainingMs);
    return pause.mustTry && (await takeTrial(db, allowance.name));
  }

  return (owner, taskId, signal) => {
    const waitMs = budget.take(owner);
    if (waitMs !== null) throw toRefusal(waitMs);
    return fetch(owner, taskId, signal);
  };
}

function toRefusal(waitMs: number): RateLimitedError {
  return new RateLimitedError({ retryAfter: Math.ceil(waitMs / 1_000) });
}
