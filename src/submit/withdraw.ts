/** Withdraws a scheduled submit. */

import { type EndTaskParts, notifyEnd } from '../delivery/end-task.ts';
import { TooLateError, VideoNotFoundError } from '../errors.ts';
import { toVideo } from '../store/rows.ts';
import { findRow } from '../store/submits.ts';
import { withdrawSubmit } from '../store/transitions/withdraw.ts';
import { findVideo } from '../store/videos.ts';
import type { Video } from '../video.ts';
import { type AnswerParts, waitUntilSettled } from './answer.ts';

/**
 * @param key the video's id or task id.
 * @throws VideoNotFoundError; TooLateError with the video in its current state.
 */
export async function withdraw(
  parts: AnswerParts & EndTaskParts,
  owner: string,
  key: string,
): Promise<Video> {
  const { db } = parts;
  const known = await findVideo(db, owner, key);
  if (!known) throw new VideoNotFoundError(key);
  for (;;) {
    const ended = await withdrawSubmit(db, owner, known.id);
    if (ended) {
      notifyEnd(parts, ended, 'withdrawal');
      return ended.completion.video;
    }
    const row = await findRow(db, known.id);
    if (!row) throw new VideoNotFoundError(key);
    if (row.state === 'WITHDRAWN') return toVideo(row);
    // A temporary refusal returns it to the queue.
    const settled = row.state === 'SUBMITTING' ? await waitUntilSettled(parts, row, null) : row;
    if (!settled) continue;
    if (settled.state === 'REJECTED') throw new VideoNotFoundError(key);
    if (settled.state !== 'SCHEDULED') throw new TooLateError(toVideo(settled));
  }
}
