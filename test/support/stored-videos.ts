/** Finished videos that no upstream has made. */

import { openDatabase } from '../../src/store/database.ts';
import { confirmSubmit } from '../../src/store/transitions/confirm.ts';
import { endVideo } from '../../src/store/transitions/end.ts';
import { insertSubmit } from '../../src/store/transitions/insert.ts';
import { createVideoId } from '../../src/video-id.ts';

/**
 * Stores a finished video for each film, as if its task had succeeded.
 *
 * @returns their ids.
 */
export async function storeVideos(url: string, films: readonly string[]): Promise<string[]> {
  const { db, close } = await openDatabase(url);
  const ids: string[] = [];
  for (const film of films) {
    const id = createVideoId();
    await insertSubmit(db, {
      id,
      owner: 'open',
      idempotencyKey: null,
      fingerprint: 'fingerprint',
      tokenHash: 'token',
      kind: 'ORIGINAL',
      sourceTaskId: '',
      duration: 5,
      aspectRatio: 'SQUARE_1_1',
      prompt: 'Dance',
      quality: 'P720',
      waterMark: '',
      imageUrl: null,
      expandPrompt: null,
      runtimeMs: 60_000,
    });
    await confirmSubmit(db, { id, taskId: `task-${id}`, firstCheckMs: 0 });
    const files = { videoId: id, videoUrl: film, coverUrl: null };
    await endVideo(db, id, { outcome: files, reported: true });
    ids.push(id);
  }
  await close();
  return ids;
}
