/** Follows one task. */

import type { Cancellation } from '../cancellation.ts';
import { VideoNotFoundError } from '../errors.ts';
import type { Completion } from '../store/completions.ts';
import { isEnded, type Video } from '../video.ts';
import type { Change } from './hub.ts';
import type { Feed } from './log.ts';
import { cancelWith, readPatiently } from './stream.ts';

/** One of the owner's tasks, and the id by which the client named it. */
export interface FollowedTask {
  readonly id: string;
  readonly key: string;
}

/** Delivers changes of the queue to listeners of a scheduled task. */
export interface QueueNews {
  /** Publishes a change to the hub when the task's position changes. Returns how to stop. */
  follow(change: Change): () => void;
  /** Null for a task that is not scheduled. */
  findSchedule(owner: string, video: Video): Promise<{ readonly position: number } | null>;
}

/**
 * Yields the current state of the task, then each change, and returns after the final state. Of a
 * scheduled task, a new position is a change, too.
 *
 * @throws VideoNotFoundError when the row is gone because the task was never started.
 */
export async function* followStates(
  { reader, hub, forecast }: Feed & { readonly forecast: QueueNews },
  owner: string,
  { id, key }: FollowedTask,
  cancellation: Cancellation,
): AsyncGenerator<Video, void, void> {
  const watch = cancelWith(cancellation, hub.watchStates(id));
  let unfollow: (() => void) | undefined;
  let last = '';
  try {
    do {
      const video = await readPatiently(cancellation, () => reader.findVideo(owner, id));
      if (!video) throw new VideoNotFoundError(key);
      if (video.state === 'SCHEDULED') unfollow ??= forecast.follow({ id, owner });
      else {
        unfollow?.();
        unfollow = undefined;
      }
      const schedule = unfollow
        ? await readPatiently(cancellation, () => forecast.findSchedule(owner, video))
        : null;
      const step = `${video.state} ${video.taskId} ${schedule?.position}`;
      if (step !== last) yield video;
      if (isEnded(video.state)) return;
      last = step;
    } while (await watch.changed());
  } finally {
    unfollow?.();
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
