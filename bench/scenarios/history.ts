/** What a long history costs its owner: each question among a million rows over the same among 10,000. */

import { leaseDueRows } from '../../src/store/check-leases.ts';
import { openDatabase } from '../../src/store/database.ts';
import { pruneCompletions, pruneVideos } from '../../src/store/pruning.ts';
import type { Database } from '../../src/store/schema.ts';
import { makeHistory } from '../../test/support/long-history.ts';
import { callBack, extend, findCallbackUrl, post } from '../lib/graphql.ts';
import type { Pace } from '../lib/pace.ts';
import { createMeasure, type Measure, median } from '../lib/report.ts';
import { createDatabase, type Setting, type Subject, startSubject } from '../lib/subjects.ts';
import { HISTORY } from '../lib/targets.ts';
import { timeEach } from '../lib/timing.ts';

const OWNER = 'jwt:-:bench';
const COUNT = 60;
/** Nothing is older, so that nothing is pruned and every run finds the same. */
const AGE_MS = 60 * 24 * 3_600_000;
/** As an owner has it who is limited: the limit is far, so that all of its window is counted. */
const ENV = { OWNER_SUBMITS_PER_MINUTE: '100000', OWNER_TASKS_IN_FLIGHT: '100000' };

const ask = (query: string) => (subject: Subject) =>
  post(`${subject.url}/graphql`, { query }, subject.authorization);

const QUESTIONS: Readonly<Record<string, (subject: Subject) => Promise<unknown>>> = {
  videos: ask('{ videos { edges { node { id state } } } }'),
  'videos by state': ask('{ videos(states: [FAILED]) { edges { node { id state } } } }'),
  'videos by states': ask('{ videos(states: [QUEUED, FAILED]) { edges { node { id state } } } }'),
  completions: ask('{ completions { edges { node { video { id } } } } }'),
  'a video with its lineage': ask(
    '{ video(taskId: "task-40") { ancestors { id } extensions { edges { node { id } } } } }',
  ),
  'a submit with limits': extend,
};

/** What the gateway does by itself, in milliseconds each. */
const UPKEEP: Readonly<Record<string, (db: Database) => Promise<unknown>>> = {
  reconciliation: (db) => leaseDueRows(db, 'readable', 8, 1),
  'pruning of completions': (db) => pruneCompletions(db, AGE_MS, 20),
  'pruning of videos': (db) => pruneVideos(db, AGE_MS, 20),
};

async function timeUpkeep(url: string): Promise<number[]> {
  const { db, close } = await openDatabase(url);
  const times = [];
  for (const run of Object.values(UPKEEP)) {
    times.push(median(await timeEach(COUNT, () => run(db))));
  }
  await close();
  return times;
}

async function timeCallbacks(subject: Subject, setting: Setting): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < COUNT; count += 1) {
    const id = await extend(subject);
    const url = await findCallbackUrl(setting, id);
    times.push(...(await timeEach(1, () => callBack(url, id))));
  }
  return median(times);
}

function toGrowth([short = Number.NaN, long = Number.NaN]: readonly number[]): number {
  return long / short;
}

/** A gateway with a history. */
interface Settled {
  readonly subject: Subject;
  readonly upkeepMs: readonly number[];
  drop(): Promise<void>;
}

async function settle(
  name: 'sqlite' | 'postgres',
  size: number,
  setting: Setting,
): Promise<Settled> {
  const { url, drop } = await createDatabase(name, setting);
  await makeHistory(url, size, OWNER);
  const upkeepMs = await timeUpkeep(url);
  return {
    subject: await startSubject(name, setting, { database: url, env: ENV }),
    upkeepMs,
    drop,
  };
}

export async function measureHistory(setting: Setting, pace: Pace): Promise<Measure[]> {
  const [few, many] = pace.history.map((size) => size.toLocaleString('en'));
  const create = (name: string) =>
    createMeasure(`${HISTORY}, ${many} rows over ${few}: ${name}`, '× the time');
  const measures = Object.keys(QUESTIONS).map(create);
  const ofUpkeep = Object.keys(UPKEEP).map(create);
  const ofCallback = create('a callback');
  const ofStart = create('the start');
  for (const name of ['sqlite', 'postgres'] as const) {
    const short = await settle(name, pace.history[0], setting);
    const long = await settle(name, pace.history[1], setting);
    for (const [index, measure] of ofUpkeep.entries()) {
      measure.add(name, toGrowth([short.upkeepMs[index] ?? 0, long.upkeepMs[index] ?? 0]));
    }
    ofStart.add(name, long.subject.startMs / short.subject.startMs);
    const subjects = [short.subject, long.subject];
    for (let round = 0; round < pace.deliveryRounds; round += 1) {
      for (const [index, question] of Object.values(QUESTIONS).entries()) {
        const times = [];
        for (const subject of subjects) {
          if (round === 0) await timeEach(COUNT, () => question(subject));
          times.push(median(await timeEach(COUNT, () => question(subject))));
        }
        measures[index]?.add(name, toGrowth(times));
      }
      const times = [];
      for (const subject of subjects) times.push(await timeCallbacks(subject, setting));
      ofCallback.add(name, toGrowth(times));
    }
    await short.subject.stop();
    await long.subject.stop();
    await short.drop();
    await long.drop();
  }
  return [...measures, ...ofUpkeep, ofCallback, ofStart];
}
