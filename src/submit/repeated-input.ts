/** Compares a repeated submit with the row that holds its key, even if the video to extend is gone. */

import { IdempotencyConflictError } from '../errors.ts';
import type { VideoRow } from '../store/rows.ts';
import type { SubmitReads } from '../store/submits.ts';
import { toCreationTime, toTaskId } from '../video-id.ts';
import { type Scheduling, type TaskInput, toSubmitFingerprint } from './input.ts';

export interface Repeated {
  /** With the id of the source as the caller gave it. */
  readonly input: TaskInput;
  readonly scheduling: Scheduling;
  readonly source: SubmitReads['source'];
  readonly holder: VideoRow;
}

/** @throws IdempotencyConflictError */
export function checkRepeated(repeated: Repeated): void {
  if (!isSameInput(repeated)) throw new IdempotencyConflictError();
}

/**
 * The gateway's id of a source that is no longer stored cannot be compared with the task id in the row. Such
 * a repeat is the same if the rest of its input is: a conflict would make the caller pay again.
 */
function isSameInput({ input, scheduling, source, holder }: Repeated): boolean {
  const isFirst = (candidate: TaskInput) =>
    toSubmitFingerprint(candidate, scheduling) === holder.fingerprint;
  if (input.kind === 'ORIGINAL') return isFirst(input);
  if (source) return source.taskId !== null && isFirst({ ...input, taskId: source.taskId });
  const key = input.taskId;
  if (isFirst(input) || isFirst({ ...input, taskId: toTaskId(key) })) return true;
  // The same for another owner's video, so that the answer does not reveal whether it exists.
  if (toCreationTime(key) === null) return false;
  // Deleting the extension has erased its source and its texts.
  if (holder.state === 'DELETED')
    return holder.kind === input.kind && holder.quality === input.quality;
  return isFirst({ ...input, taskId: holder.source_task_id });
}
