/** The end of a task, whoever has found it: written, then told to those who wait, then counted. */

import type { Completion } from '../store/completions.ts';
import type { Database } from '../store/schema.ts';
import { endVideo } from '../store/transitions/end.ts';
import type { VideoEnd } from '../store/transitions/end-columns.ts';
import { type CallbackProof, endConfirmedVideo } from '../store/transitions/end-confirmed.ts';
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
  parts: EndTaskParts,
  { id, owner }: Change,
  end: VideoEnd,
  finder: Finder,
): Promise<boolean> {
  const completion = await endVideo(parts.db, id, end);
  if (completion) tell(parts, owner, completion, finder);
  return completion !== null;
}

/** The same for a callback about a confirmed task; false also where the proof is wrong in any part. */
export async function endConfirmedTask(
  parts: EndTaskParts,
  proof: CallbackProof,
  end: VideoEnd,
): Promise<boolean> {
  const ended = await endConfirmedVideo(parts.db, proof, end);
  if (ended) tell(parts, ended.owner, ended.completion, 'callback');
  return ended !== null;
}

function tell(
  { reader, hub, metrics }: EndTaskParts,
  owner: string,
  completion: Completion,
  finder: Finder,
): void {
  const { id, failure } = completion.video;
  reader.tell(owner, completion);
  hub.publish({ id, owner });
  metrics.taskEnd(id, failure?.reason ?? 'SUCCEEDED', finder);
}
