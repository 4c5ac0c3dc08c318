/** What a long history costs its owner: the time of each operation among many rows over that among few. */

import { leaseDueRows } from '../../src/store/check-leases.ts';
import { openDatabase } from '../../src/store/database.ts';
import { pruneCompletions, pruneVideos } from '../../src/store/pruning.ts';
import type { Database } from '../../src/store/schema.ts';
import { DAY_MS } from '../../test/support/backdate.ts';
import { makeHistory } from '../../test/support/long-history.ts';
import { callBack, extend, findCallbackUrls, post } from '../lib/graphql.ts';
import type { Pace } from '../lib/pace.ts';
import { createMeasure, type Measure } from '../lib/report.ts';
import { settle } from '../lib/settle.ts';
import {
  createDatabase,
  type Setting,
  type Subject,
  startSubject,
  type TestDatabase,
} from '../lib/subjects.ts';
import { HISTORY } from '../lib/targets.ts';
import { compareTimes } from '../lib/timing.ts';

const NAMES = ['postgres', 'sqlite'] as const;
const OWNER = 'jwt:-:bench';
const COUNT = 60;
/** Nothing is older, so that nothing is pruned and all runs find the same rows. */
const AGE_MS = 60 * DAY_MS;
/** Limits that are not reached, so that each submit counts the owner's tasks and the whole window. */
const ENV = { OWNER_SUBMITS_PER_MINUTE: '100000', OWNER_TASKS_IN_FLIGHT: '100000' };

const ask = (query: string) => (subject: Subject) =>
  post(`${subject.url}/graphql`, { query }, subject.authorization);

const QUESTIONS: Readonly<Record<string, (subject: Subject) => Promise<unknown>>> = {
  'list of videos': ask('{ videos { edges { node { id state } } } }'),
  'list by state': ask('{ videos(states: [FAILED]) { edges { node { id state } } } }'),
  'list by states': ask('{ videos(states: [QUEUED, FAILED]) { edges { node { id state } } } }'),
  'list of completions': ask('{ completions { edges { node { video { id } } } } }'),
  'ancestors and extensions': ask(
    '{ video(taskId: "task-40") { ancestors { id } extensions { edges { node { id } } } } }',
  ),
  'submit with limits': extend,
};

/** Background work. */
const UPKEEP: Readonly<Record<string, (db: Database) => Promise<unknown>>> = {
  reconciliation: (db) => leaseDueRows(db, 'readable', 8, 1),
  'pruning of completions': (db) => pruneCompletions(db, AGE_MS, 20),
  'pruning of videos': (db) => pruneVideos(db, AGE_MS, 20),
};

type Pair<Value> = readonly [Value, Value];

export async function measureHistory(setting: Setting, pace: Pace): Promise<Measure[]> {
  const [few, many] = pace.history.map((size) => size.toLocaleString('en'));
  const measures = new Map<string, ReturnType<typeof createMeasure>>();
  const add = (name: (typeof NAMES)[number], what: string, growth: number) => {
    const title = `${HISTORY}${many} videos, relative to ${few}: ${what}`;
    const measure = measures.get(what) ?? createMeasure(title, '×');
    measures.set(what, measure);
    measure.add(name, growth);
  };
  for (const name of NAMES) {
    const short = await fill(name, setting, pace.history[0]);
    const long = await fill(name, setting, pace.history[1]);
    const urls = [short.url, long.url] as const;
    await measureUpkeep(urls, pace, (what, growth) => add(name, what, growth));
    for (let round = 0; round < pace.historyRounds; round += 1) {
      add(name, 'start', await compareStarts(name, urls, setting));
    }
    const subjects = [
      await startSubject(name, setting, { database: short.url, env: ENV }),
      await startSubject(name, setting, { database: long.url, env: ENV }),
    ] as const;
    await measureRequests(subjects, setting, pace, (what, growth) => add(name, what, growth));
    for (const subject of subjects) await subject.stop();
    await short.drop();
    await long.drop();
  }
  return [...measures.values()];
}

async function fill(
  name: (typeof NAMES)[number],
  setting: Setting,
  size: number,
): Promise<TestDatabase> {
  const database = await createDatabase(name, setting);
  await makeHistory(database.url, size, OWNER, Date.now() - DAY_MS);
  await settle(database.url);
  return database;
}

/** Each starts while the other does not run. */
async function compareStarts(
  name: (typeof NAMES)[number],
  urls: Pair<string>,
  setting: Setting,
): Promise<number> {
  const times = [];
  for (const database of urls) {
    const subject = await startSubject(name, setting, { database, env: ENV });
    times.push(subject.startMs);
    await subject.stop();
  }
  const [short = Number.NaN, long = Number.NaN] = times;
  return long / short;
}

type Add = (what: string, growth: number) => void;

/** The first round of each warms up. */
async function measureUpkeep(urls: Pair<string>, pace: Pace, add: Add): Promise<void> {
  const short = await openDatabase(urls[0]);
  const long = await openDatabase(urls[1]);
  for (const [what, run] of Object.entries(UPKEEP)) {
    for (let round = 0; round <= pace.historyRounds; round += 1) {
      const growth = await compareTimes(COUNT, [() => run(short.db), () => run(long.db)]);
      if (round > 0) add(what, growth);
    }
  }
  await short.close();
  await long.close();
}

async function measureRequests(
  [short, long]: Pair<Subject>,
  setting: Setting,
  pace: Pace,
  add: Add,
): Promise<void> {
  for (const [what, ask] of Object.entries(QUESTIONS)) {
    for (let round = 0; round <= pace.historyRounds; round += 1) {
      const growth = await compareTimes(COUNT, [() => ask(short), () => ask(long)]);
      if (round > 0) add(what, growth);
    }
  }
  for (let round = 0; round <= pace.historyRounds; round += 1) {
    const growth = await compareTimes(COUNT, [
      await prepareCallbacks(short, setting),
      await prepareCallbacks(long, setting),
    ]);
    if (round > 0) add('callback', growth);
  }
}

/** Starts tasks. Each call of the result ends one of them. */
async function prepareCallbacks(subject: Subject, setting: Setting): Promise<() => Promise<void>> {
  const ids: string[] = [];
  for (let count = 0; count < COUNT; count += 1) ids.push(await extend(subject));
  const urls = await findCallbackUrls(setting, ids);
  let next = 0;
  return async () => {
    const index = next++;
    await callBack(urls[index] ?? '', ids[index] ?? '');
  };
}
