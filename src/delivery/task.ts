/** The followers of one task. */

import type { Ending } from '../ending.ts';
import { VideoNotFoundError } from '../errors.ts';
import type { Completion } from '../store/completions.ts';
import { isEnded, type Video } from '../video.ts';
import type { Watch } from './hub.ts';
import type { Feed } from './log.ts';
import { closeWith, readPatiently } from './stream.ts';

/**
 * The task as it stands, then each change of its state; ends with the last one.
 *
 * @throws VideoNotFoundError when the task turns out never to have been started.
 */
export function followStates(
  feed: Feed,
  owner: string,
  id: string,
  ending: Ending,
): AsyncGenerator<Video, void, void> {
  return follow(feed, feed.hub.watchStates(id), owner, id, ending);
}

async function* follow(
  { reader }: Feed,
  opened: Watch,
  owner: string,
  id: string,
  ending: Ending,
): AsyncGenerator<Video, void, void> {
  const watch = closeWith(ending, opened);
  let last: Video | undefined;
  try {
    do {
      const video = await readPatiently(ending, () => reader.findVideo(owner, id));
      if (!video) throw new VideoNotFoundError(id);
      if (video.state !== last?.state || video.taskId !== last.taskId) yield video;
      if (isEnded(video.state)) return;
      last = video;
    } while (await watch.changed());
  } finally {
    watch.close();
  }
}

/** The completion of the task, at once if it has ended; then ends. Throws as `followStates`. */
export async function* followEnd(
  feed: Feed,
  owner: string,
  id: string,
  ending: Ending,
): AsyncGenerator<Completion, void, void> {
  for await (const video of follow(feed, feed.hub.watchVideo(id), owner, id, ending)) {
    if (!isEnded(video.state)) continue;
    const completion = await readPatiently(ending, () => feed.reader.findCompletion(owner, video));
    // Its entry may have been pruned, which leaves the row until the next batch.
    if (!completion) throw new VideoNotFoundError(id);
    yield completion;
  }
}
