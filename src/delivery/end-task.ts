/** Ends a task: commits the end, then wakes its listeners, then counts it. */

import type { Logger } from 'pino';
import type { Completion } from '../store/completions.ts';
import type { Database } from '../store/schema.ts';
import { endVideo } from '../store/transitions/end.ts';
import type { Ended, FollowUp, SequenceStep, VideoEnd } from '../store/transitions/end-columns.ts';
import { type CallbackProof, endConfirmedVideo } from '../store/transitions/end-confirmed.ts';
import type { Finder, Metrics } from '../telemetry/metrics.ts';
import type { Change, Hub } from './hub.ts';
import type { Reader } from './reader.ts';

export interface EndTaskParts {
  readonly db: Database;
  readonly reader: Reader;
  readonly hub: Hub;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/**
 * Resolves with true when the end is committed. Resolves with false when nothing has changed: the end
 * was a repeat, or it may not follow the current state.
 *
 * @throws GatewayUnavailableError when it could not be stored.
 */
export async function endTask(
  parts: EndTaskParts,
  { id }: Change,
  end: VideoEnd,
  finder: Finder,
): Promise<boolean> {
  const ended = await endVideo(parts.db, id, end);
  if (ended) notifyEnd(parts, ended, finder);
  return ended !== null;
}

/** The same for a callback about a confirmed task. Also false when any part of the proof is wrong. */
export async function endConfirmedTask(
  parts: EndTaskParts,
  proof: CallbackProof,
  end: VideoEnd,
): Promise<boolean> {
  const ended = await endConfirmedVideo(parts.db, proof, end);
  if (ended) notifyEnd(parts, ended, 'callback');
  return ended !== null;
}

/** Wakes the listeners of an end that is committed, and counts it and what followed from it. */
export function notifyEnd(
  parts: EndTaskParts,
  { owner, completion, followUp }: Ended,
  finder: Finder,
): void {
  notifyCompletion(parts, owner, completion, finder);
  if (followUp) notifyFollowUp(parts, owner, followUp);
}

const STEP_MESSAGES: Partial<Record<SequenceStep, string>> = {
  CREATE: 'sequence created',
  RETRY: 'a shot of the sequence is tried again',
  PAUSE: 'sequence paused',
  RESUME: 'sequence resumed',
  COMPLETE: 'sequence completed',
  CANCEL: 'sequence cancelled',
};

/** The same for what was written of sequences, whatever caused it. */
export function notifyFollowUp(
  parts: EndTaskParts,
  owner: string,
  { sequences, withdrawn, scheduled }: FollowUp,
): void {
  const { hub, log, metrics } = parts;
  for (const completion of withdrawn) notifyCompletion(parts, owner, completion, 'withdrawal');
  for (const { id, step } of sequences) {
    const message = STEP_MESSAGES[step];
    if (message) log[step === 'PAUSE' ? 'warn' : 'info']({ sequence: id }, message);
    hub.publish({ id, owner });
  }
  for (let count = 0; count < scheduled; count += 1) metrics.submit('SCHEDULED');
  if (scheduled > 0) hub.announceScheduled();
}

function notifyCompletion(
  { reader, hub, metrics }: EndTaskParts,
  owner: string,
  completion: Completion,
  finder: Finder,
): void {
  const { id, state, startedAt, failure } = completion.video;
  reader.prime(owner, completion);
  hub.publish({ id, owner });
  const took = startedAt === null ? null : Date.now() - startedAt;
  metrics.taskEnd(failure?.reason ?? (state === 'WITHDRAWN' ? state : 'SUCCEEDED'), took, finder);
}
