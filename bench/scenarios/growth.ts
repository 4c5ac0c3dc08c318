/** Queries of a video among few and among many stored videos. */

import { openDatabase } from '../../src/store/database.ts';
import { VIDEO_QUERY } from '../lib/graphql.ts';
import { load } from '../lib/load.ts';
import type { Pace } from '../lib/pace.ts';
import { createMeasure, type Measure } from '../lib/report.ts';
import { settle } from '../lib/settle.ts';
import { createDatabase, type Setting, startSubject } from '../lib/subjects.ts';

const SIZES = [10, 100_000] as const;
const PROCESSES = 4;
const ROUNDS_OF_A_PROCESS = 2;

/**
 * An open video, because a finished one would come from memory. Two processes of the same code differ by as
 * much as is looked for here, so each database is read by several processes.
 */
export async function measureGrowth(setting: Setting, pace: Pace): Promise<Measure[]> {
  const measures = SIZES.map((size) =>
    createMeasure(`Query of an open video among ${size.toLocaleString('en')} videos`, 'requests/s'),
  );
  const databases = [];
  for (const name of ['sqlite', 'postgres'] as const) {
    for (const [index, size] of SIZES.entries()) {
      const database = await createDatabase(name, setting);
      await fill(database.url, size);
      databases.push({ name, ...database, measure: measures[index] });
    }
  }
  const body = { query: VIDEO_QUERY, operationName: 'V', variables: { id: 'task-seeded-5' } };
  for (let process = 0; process < Math.min(PROCESSES, pace.rounds); process += 1) {
    const subjects = [];
    for (const { name, url, measure } of databases) {
      const subject = await startSubject(name, setting, { database: url });
      await load(subject, body, pace.warmUpSeconds);
      subjects.push({ subject, measure });
    }
    for (let round = 0; round < ROUNDS_OF_A_PROCESS; round += 1) {
      for (const { subject, measure } of subjects) {
        measure?.add(subject.name, (await load(subject, body, pace.seconds)).perSecond);
      }
    }
    for (const { subject } of subjects) await subject.stop();
  }
  for (const { drop } of databases) await drop();
  return measures;
}

/** Inserts videos of the bench's own caller, of which one in a hundred is open. */
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
  await close();
  await settle(url);
}
