import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { createAllowance, takePlaceForNewSubmit } from '../src/store/allowance.ts';
import { openDatabase } from '../src/store/database.ts';
import { lockOwner } from '../src/store/owner-limits.ts';
import type { Database } from '../src/store/schema.ts';
import { confirmSubmit } from '../src/store/transitions/confirm.ts';
import { endConfirmedVideo } from '../src/store/transitions/end-confirmed.ts';
import { insertSubmit } from '../src/store/transitions/insert.ts';
import { createVideoId } from '../src/video-id.ts';
import { makeFolder } from './support/folder.ts';

/** The write-ahead log: a header, then a header and a page per frame (sqlite.org/walformat.html). */
const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const FRAME_BYTES = FRAME_HEADER_BYTES + 4_096;

const ALLOWANCE = { name: 'submit', calls: 20, windowMs: 10_000 } as const;

/** Watches which tables and indexes are written. */
async function watchWrites(path: string, db: Database) {
  let seen = LOG_HEADER_BYTES;
  async function readNewPages(): Promise<number[]> {
    const log = await readFile(`${path}-wal`);
    const pages: number[] = [];
    for (; seen + FRAME_BYTES <= log.length; seen += FRAME_BYTES)
      pages.push(log.readUInt32BE(seen));
    return pages;
  }
  await readNewPages();
  /** The names of those that were written since the last call, sorted. */
  return async () => {
    const pages = await readNewPages();
    const { rows } = await sql<{ name: string; pageno: number }>`
      select name, pageno from dbstat`.execute(db);
    const names = rows.filter(({ pageno }) => pages.includes(pageno)).map(({ name }) => name);
    return [...new Set(names)].sort();
  };
}

it('on SQLite, each commit of a task writes only the indexes that it changes', async () => {
  await using folder = await makeFolder();
  const path = join(folder.path, 'gateway.db');
  const { db, close } = await openDatabase(`sqlite:${path}`);
  await createAllowance(db, ALLOWANCE);
  // The owner's first task also adds a row for the owner.
  await lockOwner(db, 'me');
  const readWritten = await watchWrites(path, db);
  const task = { id: createVideoId(), taskId: 'task', tokenHash: 'token' };

  await db.transaction().execute(async (trx) => {
    await insertSubmit(trx, {
      ...{ id: task.id, tokenHash: task.tokenHash, owner: 'me', runtimeMs: 60_000 },
      ...{ idempotencyKey: null, fingerprint: 'fingerprint', kind: 'EXTENSION' },
      ...{ sourceTaskId: 'source', duration: null, aspectRatio: null, prompt: 'Dance' },
      ...{ quality: 'P720', waterMark: '', imageUrl: null, expandPrompt: null },
    });
    await takePlaceForNewSubmit(trx, ALLOWANCE, null);
  });
  const submitted = await readWritten();
  await confirmSubmit(db, { ...task, firstCheckMs: 60_000 });
  const confirmed = await readWritten();
  const outcome = { videoId: '1', videoUrl: 'https://files.example/v.mp4', coverUrl: null };
  await endConfirmedVideo(db, task, { outcome, reported: true });
  const ended = await readWritten();
  await close();

  expect(submitted).toEqual([
    ...['allowance', 'allowance_free', 'sqlite_autoindex_video_1', 'video'],
    ...['video_due_unnamed', 'video_extensions', 'video_list', 'video_state'],
  ]);
  expect(confirmed).toEqual([
    ...['video', 'video_due_named', 'video_due_unnamed', 'video_state', 'video_task'],
  ]);
  expect(ended).toEqual([
    ...['completion', 'completion_age', 'completion_video', 'owner'],
    ...[
      'sqlite_autoindex_completion_1',
      'video',
      'video_due_named',
      'video_finished',
      'video_state',
    ],
    'video_to_keep',
  ]);
});
