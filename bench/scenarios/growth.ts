/**
 * How costs grow: a query's with what is stored, a delivery's with those who listen, everybody's with
 * what one caller asks for.
 */

import { sql } from 'kysely';
import { openDatabase } from '../../src/store/database.ts';
import { gather } from '../lib/crowd.ts';
import { VIDEO_QUERY } from '../lib/graphql.ts';
import { load } from '../lib/load.ts';
import type { Pace } from '../lib/pace.ts';
import { createMeasure, type Measure, quantile } from '../lib/report.ts';
import { createDatabase, type Setting, startSubject } from '../lib/subjects.ts';
import { startWithTasks, timeOneByOne } from '../lib/tasks.ts';
import { measureHistory } from './history.ts';
import { measureHostility } from './hostility.ts';

const SIZES = [10, 100_000] as const;
const ROUNDS_OF_A_PROCESS = 3;

export async function measureGrowth(setting: Setting, pace: Pace): Promise<Measure[]> {
  return [
    ...(await measureStored(setting, pace)),
    ...(await measureListeners(setting, pace)),
    ...(await measureHistory(setting, pace)),
    ...(await measureHostility(setting)),
  ];
}

/** One task for each listener, so that every callback concerns one of them alone. */
async function measureListeners(setting: Setting, pace: Pace): Promise<Measure[]> {
  const measures = [];
  for (const size of [10, 2 * pace.crowd]) {
    const measure = createMeasure(
      `Callback → subscriber among ${size.toLocaleString('en')}: p50`,
      'ms',
    );
    measures.push(measure);
    const { subject, tasks: started } = await startWithTasks('sqlite', setting, 200 + size);
    const [warm, tasks] = [started.slice(0, 200), started.slice(200)];
    const toIds = (some: typeof tasks) => some.map(({ id }) => id);
    {
      await using crowd = await gather(subject, warm.length, toIds(warm));
      await timeOneByOne(crowd, warm);
    }
    await using crowd = await gather(subject, size, toIds(tasks));
    const times = await timeOneByOne(crowd, tasks.slice(0, 100));
    measure.add('sqlite', quantile(times, 0.5));
    await subject.stop();
  }
  return measures;
}

/**
 * Of an open video: a finished one would come from memory, and show nothing. Two processes of the
 * same code differ by as much as is looked for here, so each database is asked through several.
 */
async function measureStored(setting: Setting, pace: Pace): Promise<Measure[]> {
  const measures = SIZES.map((size) =>
    createMeasure(`An open video among ${size.toLocaleString('en')} stored tasks`, 'requests/s'),
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
  for (let process = 0; process < Math.ceil(pace.rounds / ROUNDS_OF_A_PROCESS); process += 1) {
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
