/** Follows one task. */

import type { Cancellation } from '../cancellation.ts';
import { VideoNotFoundError } from '../errors.ts';
import type { Completion } from '../store/completions.ts';
import { isEnded, type Video } from '../video.ts';
import type { Feed } from './log.ts';
import { cancelWith, readPatiently } from './stream.ts';

/** One of the owner's tasks, and the id by which the client named it. */
export interface FollowedTask {
  readonly id: string;
  readonly key: string;
}

/**
 * Yields the current state of the task, then each change, and returns after the final state.
 *
 * @throws VideoNotFoundError when the row is gone because the task was never started.
 */
export async function* followStates(
  { reader, hub }: Feed,
  owner: string,
  { id, key }: FollowedTask,
  cancellation: Cancellation,
): AsyncGenerator<Video, void, void> {
  const watch = cancelWith(cancellation, hub.watchStates(id));
  let last = '';
  try {
    do {
      const video = await readPatiently(cancellation, () => reader.findVideo(owner, id));
      if (!video) throw new VideoNotFoundError(key);
      const step = `${video.state} ${video.taskId}`;
      if (step !== last) yield video;
      if (isEnded(video.state)) return;
      last = step;
    } while (await watch.changed());
  } finally {
    watch.cancel();
  }
}

/** Yields the task's completion, at once if it has ended, and returns. Throws like `followStates`. */
export async function* followEnd(
  feed: Feed,
  owner: string,
  task: FollowedTask,
  cancellation: Cancellation,
): AsyncGenerator<Completion, void, void> {
  const watch = cancelWith(cancellation, feed.hub.watchVideo(task.id));
  try {
    do {
      const completion = await findEnd(feed, owner, task, cancellation);
      if (!completion) continue;
      yield completion;
      return;
    } while (await watch.changed());
  } finally {
    watch.cancel();
  }
}

/** Null while the task is open. */
async function findEnd(
  { reader }: Feed,
  owner: string,
  { id, key }: FollowedTask,
  cancellation: Cancellation,
): Promise<Completion | null> {
  const task = await readPatiently(cancellation, () => reader.findTaskEnd(owner, id));
  if (task && !isEnded(task.video.state)) return null;
  // Pruning deletes the completion of an ended task before its row.
  if (!task?.completion) throw new VideoNotFoundError(key);
  return task.completion;
}
