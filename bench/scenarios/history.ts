/** What a long history costs its owner: each question among 200,000 rows over the same among 100. */

import { makeHistory } from '../../test/support/long-history.ts';
import { extend, post } from '../lib/graphql.ts';
import type { Pace } from '../lib/pace.ts';
import { createMeasure, type Measure, median } from '../lib/report.ts';
import { createDatabase, type Setting, type Subject, startSubject } from '../lib/subjects.ts';
import { timeEach } from '../lib/timing.ts';

const OWNER = 'jwt:-:bench';
const SIZES = [100, 200_000] as const;
const COUNT = 60;
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

export async function measureHistory(setting: Setting, pace: Pace): Promise<Measure[]> {
  const measures = Object.keys(QUESTIONS).map((name) =>
    createMeasure(`Among 200,000 rows over 100: ${name}`, '× the time'),
  );
  for (const name of ['sqlite', 'postgres'] as const) {
    const subjects: Subject[] = [];
    const drops: (() => Promise<void>)[] = [];
    for (const size of SIZES) {
      const { url, drop } = await createDatabase(name, setting);
      await makeHistory(url, size, OWNER);
      subjects.push(await startSubject(name, setting, { database: url, env: ENV }));
      drops.push(drop);
    }
    for (const [index, question] of Object.values(QUESTIONS).entries()) {
      for (const subject of subjects) await timeEach(COUNT, () => question(subject));
      for (let round = 0; round < pace.deliveryRounds; round += 1) {
        const times = [];
        for (const subject of subjects) {
          times.push(median(await timeEach(COUNT, () => question(subject))));
        }
        const [few = Number.NaN, many = Number.NaN] = times;
        measures[index]?.add(name, many / few);
      }
    }
    for (const subject of subjects) await subject.stop();
    for (const drop of drops) await drop();
  }
  return measures;
}
