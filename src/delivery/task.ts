/** The followers of one task. */

import type { Cancellation } from '../cancellation.ts';
import { VideoNotFoundError } from '../errors.ts';
import type { Completion } from '../store/completions.ts';
import { isEnded, type Video } from '../video.ts';
import type { Feed } from './log.ts';
import { endWith, readPatiently } from './stream.ts';

/** One of the owner's tasks, and the id by which its follower named it. */
export interface FollowedTask {
  readonly id: string;
  readonly key: string;
}

/**
 * The task as it stands, then each change of its state; ends with the last one.
 *
 * @throws VideoNotFoundError when the task turns out never to have been started.
 */
export async function* followStates(
  { reader, hub }: Feed,
  owner: string,
  { id, key }: FollowedTask,
  cancellation: Cancellation,
): AsyncGenerator<Video, void, void> {
  const watch = endWith(cancellation, hub.watchStates(id));
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
    watch.end();
  }
}

/** The completion of the task, at once if it has ended; then ends. Throws as `followStates`. */
export async function* followEnd(
  feed: Feed,
  owner: string,
  task: FollowedTask,
  cancellation: Cancellation,
): AsyncGenerator<Completion, void, void> {
  const watch = endWith(cancellation, feed.hub.watchVideo(task.id));
  try {
    do {
      const completion = await findEnd(feed, owner, task, cancellation);
      if (!completion) continue;
      yield completion;
      return;
    } while (await watch.changed());
  } finally {
    watch.end();
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
  // The entry of one that has ended may have been pruned, which leaves the row until the next batch.
  if (!task?.completion) throw new VideoNotFoundError(key);
  return task.completion;
}
