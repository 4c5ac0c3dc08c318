/** How much one caller can slow down the others, and cost the operator. */

import { Agent } from 'undici';
import { openDatabase } from '../../src/store/database.ts';
import { DAY_MS } from '../../test/support/backdate.ts';
import { makeHistory } from '../../test/support/long-history.ts';
import {
  callBack,
  countReads,
  extend,
  findCallbackUrl,
  post,
  toExtension,
} from '../lib/graphql.ts';
import { createMeasure, type Measure, quantile } from '../lib/report.ts';
import { createDatabase, type Setting, type Subject, startSubject } from '../lib/subjects.ts';
import { startProbe } from '../lib/timing.ts';

const repeat = (count: number, write: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => write(index)).join(' ');

/** Documents just below the cost limit, with many statements, many rows, recursion, and many fields. */
const EXPENSIVE = [
  `{ ${repeat(98, (index) => `l${index}: videos(states: [FAILED, SUCCEEDED]) { edges { node { id state } } }`)} }`,
  `{ ${repeat(60, (index) => `l${index}: videos(first: 100) { edges { node { id state taskId } } }`)} }`,
  '{ videos(first: 100) { edges { node { ancestors(first: 100) { id state taskId } } } } }',
  `{ videos(first: 100) { edges { node { ${repeat(90, (index) => `f${index}: failure { message }`)} } } } }`,
];
const CONNECTIONS = 4;
const TASKS = 40;
const SUBMITS = 2_000;
const REQUESTS = 20;

export async function measureHostility(setting: Setting): Promise<Measure[]> {
  return [
    ...(await measureExpensiveQueries(setting)),
    await measureRefusedSubmits(setting),
    await measureUnknownIds(setting),
  ];
}

/** Callbacks while a caller sends the most expensive documents, one after another on each connection. */
async function measureExpensiveQueries(setting: Setting): Promise<Measure[]> {
  const callback = createMeasure('Callback during the most expensive queries, p99', 'ms');
  const health = createMeasure('GET /health during the most expensive queries, maximum', 'ms');
  for (const name of ['sqlite', 'postgres'] as const) {
    const { url: database, drop } = await createDatabase(name, setting);
    await makeHistory(database, 20_000, 'jwt:-:bench', Date.now() - DAY_MS);
    const subject = await startSubject(name, setting, { database });
    const tasks = [];
    for (let count = 0; count < TASKS; count += 1) {
      const id = await extend(subject);
      tasks.push({ id, url: await findCallbackUrl(setting, id) });
    }
    for (const query of EXPENSIVE) await postDocument(subject, query);

    let isOver = false;
    const callers = Array.from({ length: CONNECTIONS }, async (_, caller) => {
      for (let turn = caller; !isOver; turn += 1) {
        await postDocument(subject, EXPENSIVE[turn % EXPENSIVE.length] ?? '');
      }
    });
    const probe = startProbe(`${subject.url}/health`);
    const times: number[] = [];
    for (const { id, url } of tasks) {
      const begun = performance.now();
      await callBack(url, id);
      times.push(performance.now() - begun);
    }
    isOver = true;
    await Promise.all(callers);
    callback.add(name, quantile(times, 0.99));
    health.add(name, Math.max(...(await probe.stop())));
    await subject.stop();
    await drop();
  }
  return [callback, health];
}

const crowd = new Agent({ connections: CONNECTIONS, keepAliveTimeout: 60_000 });

async function postDocument(subject: Subject, query: string): Promise<void> {
  const url = `${subject.url}/graphql`;
  const answer = (await post(url, { query }, subject.authorization, crowd)) as { errors?: unknown };
  if (answer.errors) throw new Error(JSON.stringify(answer.errors).slice(0, 500));
}

/** The upstream allows 20 submits in 10 s, and none waits for more than 1 s. */
async function measureRefusedSubmits(setting: Setting): Promise<Measure> {
  const measure = createMeasure(`Rows left by ${SUBMITS.toLocaleString('en')} refused submits`, '');
  const { url: database, drop } = await createDatabase('sqlite', setting);
  const env = { SUBMIT_MAX_WAIT_MS: '1000' };
  const subject = await startSubject('sqlite', setting, { database, isBounded: true, env });
  const url = `${subject.url}/graphql`;
  let left = SUBMITS;
  await Promise.all(
    Array.from({ length: 50 }, async () => {
      while (left > 0) {
        left -= 1;
        await post(url, toExtension(subject), subject.authorization, crowd);
      }
    }),
  );
  await subject.stop();
  const { db, close } = await openDatabase(database);
  const rows = await db.selectFrom('video').select('id').where('state', '=', 'REJECTED').execute();
  measure.add('sqlite', rows.length);
  await close();
  await drop();
  return measure;
}

/** Concurrent requests, each with as many unknown ids as a document may name. */
async function measureUnknownIds(setting: Setting): Promise<Measure> {
  const measure = createMeasure(
    `Upstream reads caused by ${(REQUESTS * 99).toLocaleString('en')} unknown ids`,
    '',
  );
  const subject = await startSubject('sqlite', setting);
  const before = await countReads(setting);
  await Promise.all(
    Array.from({ length: REQUESTS }, (_, request) => {
      const fields = repeat(
        99,
        (index) => `v${index}: video(taskId: "u-${request}-${index}") { id }`,
      );
      return post(
        `${subject.url}/graphql`,
        { query: `{ ${fields} }` },
        subject.authorization,
        crowd,
      );
    }),
  );
  measure.add('sqlite', (await countReads(setting)) - before);
  await subject.stop();
  return measure;
}
