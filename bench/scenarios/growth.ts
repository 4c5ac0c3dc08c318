/** How a query's cost grows with what is stored. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { openDatabase } from '../../src/store/database.ts';
import { VIDEO_QUERY } from '../lib/graphql.ts';
import { load } from '../lib/load.ts';
import { createMeasure, type Measure } from '../lib/report.ts';
import { type Setting, startSubject } from '../lib/subjects.ts';
import type { Pace } from '../run.ts';

const SIZES = [10, 100_000] as const;

/** Of an open video: a finished one would come from memory, and show nothing. */
export async function measureGrowth(setting: Setting, pace: Pace): Promise<Measure[]> {
  const measures = SIZES.map((size) =>
    createMeasure(`An open video among ${size.toLocaleString('en')} stored tasks`, 'requests/s'),
  );
  const folder = await mkdtemp(join(tmpdir(), 'longtake-growth-'));
  const subjects = [];
  for (const name of ['sqlite', 'postgres'] as const) {
    for (const [index, size] of SIZES.entries()) {
      const url =
        name === 'sqlite'
          ? `sqlite:${join(folder, `${size}.db`)}`
          : await setting.postgres.createDatabase();
      await fill(url, size);
      subjects.push({ subject: await startSubject(name, setting, url), measure: measures[index] });
    }
  }
  const body = { query: VIDEO_QUERY, operationName: 'V', variables: { id: 'task-seeded-5' } };
  for (const { subject } of subjects) await load(subject, body, pace.warmUpSeconds);
  for (let round = 0; round < pace.rounds; round += 1) {
    for (const { subject, measure } of subjects) {
      measure?.add(subject.name, (await load(subject, body, pace.seconds)).perSecond);
    }
  }
  for (const { subject } of subjects) await subject.stop();
  await rm(folder, { recursive: true, force: true });
  return measures;
}

/** Videos of the bench's own caller: one in a hundred open, the rest finished. */
async function fill(url: string, count: number): Promise<void> {
  const { db, close } = await openDatabase(url);
  const now = Date.now();
  for (let from = 0; from < count; from += 500) {
    const rows = Array.from({ length: Math.min(500, count - from) }, (_, index) => {
      const number = from + index;
      const isOpen = number % 100 === 5;
      return {
        id: `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`,
        owner: 'jwt:-:bench',
        state: isOpen ? ('GENERATING' as const) : ('SUCCEEDED' as const),
        key_held: 0,
        fingerprint: '',
        source_task_id: 'done-1',
        prompt: 'The cat goes on dancing',
        quality: 'P720' as const,
        water_mark: '',
        submit_until: now,
        token_hash: '',
        task_id: `task-seeded-${number}`,
        video_url: isOpen ? null : 'https://files.example.com/1.mp4',
        expire_flag: 0,
        created_at: now,
        unfinished_at: now,
        check_after: isOpen ? now + 3_600_000 : null,
        check_count: 0,
        lease_until: 0,
        fileless_reads: 0,
      };
    });
    await db
      .insertInto('video')
      .values(rows as never)
      .execute();
  }
  await sql`analyze`.execute(db);
  await close();
}
