/** Follows a sequence and its videos. */

import type { Cancellation } from '../cancellation.ts';
import { SequenceNotFoundError } from '../errors.ts';
import { type Sequence, START } from '../sequence.ts';
import { isEnded, type Video } from '../video.ts';
import type { Feed } from './log.ts';
import { cancelWith, readPatiently } from './stream.ts';

/**
 * Yields the sequence with its shots, then again after each change of its own or of the video that is
 * being made, and returns once it is COMPLETED or CANCELLED. Listeners that a change wakes share one read.
 *
 * @throws SequenceNotFoundError when it is gone.
 */
export async function* followSequence(
  { reader, hub }: Feed,
  owner: string,
  id: string,
  cancellation: Cancellation,
): AsyncGenerator<Sequence, void, void> {
  const watch = hub.watchSequence(id);
  cancelWith(cancellation, watch);
  let last = '';
  try {
    for (;;) {
      const sequence = await readPatiently(cancellation, () => reader.findSequence(owner, id));
      if (!sequence) throw new SequenceNotFoundError(id);
      const open = findOpen(sequence);
      const isNew = watch.follow(open?.id ?? null);
      const step = `${sequence.revision} ${open?.state} ${open?.taskId}`;
      if (step !== last) yield sequence;
      if (sequence.state === 'COMPLETED' || sequence.state === 'CANCELLED') return;
      last = step;
      // Nothing woke this listener if the video changed before it was watched, so read once more.
      if (!isNew && !(await watch.changed())) return;
    }
  } finally {
    watch.cancel();
  }
}

/** The video that is being made. */
function findOpen({ current, parts }: Sequence): Video | null {
  const shot = parts?.shots.find(({ number }) => number === current);
  const video = current === START ? parts?.start : shot?.video;
  return video && !isEnded(video.state) ? video : null;
}
