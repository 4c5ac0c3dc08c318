import { join } from 'node:path';
import { Kysely, sql } from 'kysely';
import { expect, it } from 'vitest';
import { openDatabase, SQLITE_MIGRATIONS } from '../src/store/database.ts';
import { applyMigrations } from '../src/store/migrate.ts';
import type { Database, Tables } from '../src/store/schema.ts';
import { createSqliteDialect, openSqliteFile } from '../src/store/sqlite.ts';
import { adoptTask } from '../src/store/transitions/confirm.ts';
import { deleteEndedVideo } from '../src/store/transitions/delete.ts';
import { endVideo } from '../src/store/transitions/end.ts';
import { listVideos } from '../src/store/videos.ts';
import { makeFolder } from './support/folder.ts';

const FILES = { videoId: 'v', videoUrl: 'https://files.example/v.mp4', coverUrl: null };
const STATES = ['SUCCEEDED', 'REJECTED', 'DELETED', 'WAITING'] as const;

/** Made by the last version whose indexes named the states. The id of each row is its state. */
async function makeOlderFile(path: string): Promise<void> {
  const db = new Kysely<Tables>({ dialect: createSqliteDialect(openSqliteFile(path)) });
  const older = Object.entries(SQLITE_MIGRATIONS).filter(([name]) => name < '0016');
  await db.transaction().execute((trx) => applyMigrations(trx, Object.fromEntries(older)));
  for (const state of STATES) {
    await sql`
      insert into video (id, owner, state, key_held, fingerprint, source_task_id, prompt, quality,
        water_mark, submit_until, token_hash, created_at, finished_at, unfinished_at)
      values (${state}, 'me', ${state}, 0, '', 'source', 'Dance', 'P720', '', 0, '', 0,
        ${state === 'WAITING' ? null : 1}, 0)`.execute(db);
  }
  await db.destroy();
}

/** The ids in the list of all videos; it equals the list of the source's extensions. */
async function listIds(db: Database): Promise<string[]> {
  const page = { limit: 10, before: null };
  const all = await listVideos(db, 'me', {}, page);
  expect(await listVideos(db, 'me', { sourceTaskId: 'source' }, page)).toEqual(all);
  return all.map(({ id }) => id);
}

it('an SQLite file of an older version lists the same videos, also after later changes', async () => {
  await using folder = await makeFolder();
  const path = join(folder.path, 'gateway.db');
  await makeOlderFile(path);

  const { db, close } = await openDatabase(`sqlite:${path}`);
  expect(await listIds(db)).toEqual(['WAITING', 'SUCCEEDED']);
  await adoptTask(db, 'REJECTED', 'task-1', false, 1_000);
  expect(await listIds(db)).toEqual(['WAITING', 'SUCCEEDED', 'REJECTED']);
  await endVideo(db, 'WAITING', { outcome: FILES, taskId: 'task-2', reported: true });
  await deleteEndedVideo(db, 'me', 'WAITING');
  expect(await listIds(db)).toEqual(['SUCCEEDED', 'REJECTED']);
  await close();
});
