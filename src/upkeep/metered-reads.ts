/** Reads at the upstream that clients cause, within their budget. */

import type { Config } from '../config.ts';
import { RateLimitedError } from '../errors.ts';
import type { UpstreamClient } from '../upstream/client.ts';
import { fetchDetails, type TaskReport } from '../upstream/details.ts';
import { createReadBudget } from './read-budget.ts';

/**
 * What the upstream reports of a task; null when it does not know the id.
 *
 * @throws RateLimitedError at once, before there is a promise, when the owner's budget is used up:
 * others who want to know the same must not share that answer. What `fetchDetails` throws.
 */
export type MeteredRead = (
  owner: string,
  taskId: string,
  signal: AbortSignal,
) => Promise<TaskReport | null>;

export function createMeteredRead(
  upstream: UpstreamClient,
  config: Pick<Config, 'OWNER_READS_PER_MINUTE' | 'READS_PER_MINUTE'>,
): MeteredRead {
  const budget = createReadBudget({
    perOwner: config.OWNER_READS_PER_MINUTE,
    inTotal: config.READS_PER_MINUTE,
  });

  return (owner, taskId, signal) => {
    const waitMs = budget.take(owner);
    if (waitMs !== null) throw new RateLimitedError({ retryAfter: Math.ceil(waitMs / 1_000) });
    return fetchDetails(upstream, taskId, {
      signal,
      mayRepeat: () => budget.take(owner) === null,
    });
  };
}
