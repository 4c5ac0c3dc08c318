/** The end of a task, whoever has found it: written, then told to those who wait, then counted. */

import { endVideo, type VideoEnd } from '../store/completions.ts';
import type { Database } from '../store/schema.ts';
import type { Finder, Metrics } from '../telemetry/metrics.ts';
import type { Change, Hub } from './hub.ts';
import type { Reader } from './reader.ts';

export interface EndTaskParts {
  readonly db: Database;
  readonly reader: Reader;
  readonly hub: Hub;
  readonly metrics: Metrics;
}

/**
 * Resolves when the end is committed; false where a repeat, or an end that must not follow the
 * present state, has changed nothing.
 *
 * @throws GatewayUnavailableError when it could not be stored.
 */
export async function endTask(
  { db, reader, hub, metrics }: EndTaskParts,
  { id, owner }: Change,
  end: VideoEnd,
  finder: Finder,
): Promise<boolean> {
  const completion = await endVideo(db, id, end);
  if (!completion) return false;
  reader.tell(owner, completion);
  hub.publish({ id, owner });
  metrics.taskEnd(id, 'reason' in end.outcome ? end.outcome.reason : 'SUCCEEDED', finder);
  return true;
}
