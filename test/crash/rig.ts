/** One point at which the gateway is killed, again and again, and what is left after all of it. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ExtendDocument, type ExtendMutation } from '../generated/graphql.ts';
import { type ChildGateway, startChildGateway } from '../support/child-gateway.ts';
import type { InnerPoint } from './inside.ts';
import { createListener } from './listener.ts';
import { type PaidTask, type PaidUpstream, PUBLIC_URL, startPaidUpstream } from './upstream.ts';
import { within } from './within.ts';

export interface Point {
  /** While what is done the kill comes. */
  readonly during: 'submit' | 'callback' | 'read';
  /** Where inside the process; or the request at whose arrival the upstream kills it from outside. */
  readonly at: InnerPoint | 'POST received' | 'GET received';
}

/** All but the first two should be 0. */
export interface Tally {
  kills: number;
  tasks: number;
  /** Tasks that ended upstream and are not ended in the gateway, or not in the log exactly once. */
  lost: number;
  /** POSTs beyond the first for the same idempotency key. */
  secondPosts: number;
  /** Rows in a state that the upstream did not tell of, and answers that contradict the row. */
  wrong: number;
  /** Completions that the resuming listener missed, had twice, or had out of order. */
  misheard: number;
}

/** How many tasks are in flight at each kill, which meets another one of them each time. */
const TASKS = 3;
const PATIENCE_MS = 20_000;

type Result = ExtendMutation['extendVideo'];
/** An answer to a submit, and what the upstream made of its prompt; null where it was cut off. */
interface Answer {
  readonly prompt: string;
  readonly result: Result | null;
}

/** Kills the gateway so many times at the point, brings it back each time, and counts. */
export async function crash(point: Point, rounds: number, compileCache: string): Promise<Tally> {
  const folder = await mkdtemp(join(tmpdir(), 'longtake-crash-'));
  await using upstream = await startPaidUpstream();
  const listener = createListener();
  const answers: Answer[] = [];
  let kills = 0;
  let gateway = await start();

  function start(): Promise<ChildGateway> {
    return startChildGateway({
      folder,
      upstreamUrl: upstream.url,
      env: {
        PUBLIC_URL,
        AUTH: 'none',
        RECONCILE_AFTER_MS: '100',
        UPSTREAM_REQUESTS: '200',
        UPSTREAM_WINDOW_MS: '100',
        UPSTREAM_BREAKER: 'off',
        NODE_COMPILE_CACHE: compileCache,
      },
    });
  }

  /** A client that does not give up: what it was not told, it asks again. */
  async function submit(prompt: string): Promise<Answer> {
    const input = { taskId: 'source', prompt, quality: 'P720', idempotencyKey: prompt } as const;
    const answer = await gateway.graphql(ExtendDocument, { input }).catch(() => null);
    const entry = { prompt, result: answer?.data?.extendVideo ?? null };
    answers.push(entry);
    return entry;
  }

  const submitAll = (prompts: readonly string[]) => Promise.all(prompts.map(submit));
  const tasksOf = (prompts: readonly string[]) =>
    upstream.tasks.filter(({ prompt }) => prompts.includes(prompt));
  const callBackAll = (tasks: readonly PaidTask[]) =>
    Promise.all(
      tasks.filter((task) => !task.isAcknowledged).map((t) => upstream.callBack(t, gateway.url)),
    );

  function tellReaders(tasks: readonly PaidTask[]): void {
    for (const task of tasks) task.isReadable = true;
  }

  /** Has the next doings end in the kill, at the n-th time that they reach the point. */
  async function arm(nth: number): Promise<void> {
    const { at } = point;
    if (at !== 'POST received' && at !== 'GET received') return gateway.arm(at, nth);
    const doomed = gateway;
    let remaining = nth;
    upstream.onRequest = (method) => {
      if (!at.startsWith(method) || --remaining > 0) return false;
      void doomed.kill();
      return true;
    };
  }

  async function round(n: number): Promise<void> {
    const prompts = Array.from({ length: TASKS }, (_, i) => `round ${n}, task ${i}`);
    const nth = 1 + (n % TASKS);
    if (point.during !== 'submit') await submitAll(prompts);
    await arm(nth);
    const pending: Promise<unknown>[] = [];
    if (point.during === 'submit') pending.push(submitAll(prompts));
    if (point.during === 'callback') pending.push(callBackAll(tasksOf(prompts)));
    // Any other point of a read is reached again and again while the tasks are open.
    if (point.during === 'read' && point.at === 'before the commit of the end') {
      tellReaders(tasksOf(prompts));
    }

    const signal = await within(PATIENCE_MS, `"${point.at}" in round ${n}`, gateway.exited);
    if (signal !== 'SIGKILL') throw new Error(`The gateway ended by itself in round ${n}.`);
    kills += 1;
    await Promise.all(pending);
    upstream.onRequest = () => false;
    gateway = await start();
    await listener.follow(gateway);

    // Which comes first after the restart: the upstream's news or the client's repeat.
    if (n % 2 === 0) await tellEnds(n, prompts);
    await submitAll(prompts);
    await tellEnds(n, prompts);
    const ended = upstream.tasks.length;
    await within(PATIENCE_MS, `${ended} completions in round ${n}`, listener.until(ended));
    await submitAll(prompts);
  }

  /** A callback that was never acknowledged comes again; or it is lost for good, and a read tells. */
  async function tellEnds(n: number, prompts: readonly string[]): Promise<void> {
    const tasks = tasksOf(prompts);
    const isByRead = point.during === 'read' || (point.during === 'callback' && n % 2 === 1);
    if (isByRead) tellReaders(tasks);
    else await callBackAll(tasks);
  }

  try {
    await listener.follow(gateway);
    let fault: unknown = null;
    for (let n = 0; n < rounds && !fault; n++) {
      await round(n).catch((error) => {
        fault = error;
      });
    }
    listener.close();
    if (fault) await gateway.kill();
    else await gateway.stop();
    const tally = {
      kills,
      ...count(join(folder, 'gateway.db'), upstream, listener.heard, answers),
    };
    if (fault) throw new Error(`${fault} So far: ${JSON.stringify(tally)}`, { cause: fault });
    return tally;
  } finally {
    await gateway.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Row {
  readonly id: string;
  readonly prompt: string;
  readonly task_id: string | null;
  readonly state: string;
  readonly entries: number;
}

/** Holds what the file says against what the upstream knows. */
function count(
  file: string,
  upstream: PaidUpstream,
  heard: readonly string[],
  answers: readonly Answer[],
): Omit<Tally, 'kills'> {
  const db = new DatabaseSync(file);
  const rows = db
    .prepare(
      `select id, prompt, task_id, state,
        (select count(*) from completion where video_row = video.id) as entries from video`,
    )
    .all() as unknown as Row[];
  const log = db.prepare('select video_row as id from completion order by number').all() as {
    id: string;
  }[];
  db.close();

  const tally = { tasks: upstream.tasks.length, lost: 0, secondPosts: 0, wrong: 0, misheard: 0 };
  const prompts = new Set(upstream.tasks.map(({ prompt }) => prompt));
  tally.secondPosts = upstream.tasks.length - prompts.size;

  for (const { taskId, end } of upstream.tasks) {
    const row = rows.find(({ task_id }) => task_id === taskId);
    if (row?.entries !== 1) tally.lost += 1;
    else if (row.state !== end) tally.wrong += 1;
  }
  for (const row of rows) {
    // A request that never left: nothing can be known of it, and its key stays taken.
    if (!prompts.has(row.prompt) && (row.state !== 'UNCONFIRMED' || row.entries > 0)) {
      tally.wrong += 1;
    }
  }
  for (const { prompt, result } of answers) {
    if (
      result &&
      !isTrue(
        result,
        rows.filter((row) => row.prompt === prompt),
      )
    )
      tally.wrong += 1;
  }

  const length = Math.max(log.length, heard.length);
  for (let i = 0; i < length; i++) if (log[i]?.id !== heard[i]) tally.misheard += 1;
  return tally;
}

/** A submit is answered with the one row of its key, or not at all. */
function isTrue(result: Result, rows: readonly Row[]): boolean {
  const [row] = rows;
  if (!row || rows.length > 1) return false;
  if (result.__typename === 'ExtendVideoSuccess') {
    return result.video.id === row.id && result.video.taskId === row.task_id;
  }
  return result.__typename === 'OutcomeUnknownError' && result.video.id === row.id;
}
