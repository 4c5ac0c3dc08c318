/** The commands of the queue's model test: each acts on a gateway and on the model, and compares the two. */

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { expect } from 'vitest';
import { within } from '../crash/within.ts';
import {
  ExtendDocument,
  ReadCompletionsDocument,
  ReadScheduleDocument,
  ReadVideosDocument,
  WithdrawDocument,
} from '../generated/graphql.ts';
import { postCallback, toSuccess } from '../support/callback.ts';
import { startGateway } from '../support/gateway.ts';
import { type HeldSubmit, startHeldUpstream } from '../support/held-upstream.ts';
import { INPUT } from '../support/operations.ts';
import {
  DEADLINE_HOURS,
  type QueueAnswer,
  type QueuedTask,
  type QueueModel,
} from './queue-model.ts';

const HOUR_MS = 3_600_000;
/** Only to end what hangs. */
const PATIENCE_MS = 60_000;
/** A lane that a refusal has paused resumes when an hour has passed. */
const LATER = { 'retry-after': '300' };
const toPassing = (ms: number) => [
  `update video set not_before = not_before - ${ms} where not_before is not null`,
  `update video set queue_until = queue_until - ${ms} where queue_until is not null`,
  `update video set check_after = queue_until where state = 'SCHEDULED'`,
  `update lane set resume_at = resume_at - ${ms}`,
];

export type QueueWorld = Awaited<ReturnType<typeof startQueueWorld>>;

/** @param databaseUrl of PostgreSQL; null: a file. */
export async function startQueueWorld(model: QueueModel, databaseUrl: string | null) {
  const upstream = await startHeldUpstream();
  const gateway = await startGateway(upstream, {
    QUEUE_DEADLINE_MS: String(DEADLINE_HOURS * HOUR_MS),
    RECONCILE_AFTER_MS: '100',
    UNCONFIRMED_DEADLINE_MS: String(100 * HOUR_MS),
    TASK_DEADLINE_MS: String(100 * HOUR_MS),
    ...(databaseUrl !== null && { DATABASE_URL: databaseUrl }),
  });
  const ids: string[] = [];
  const answers = new Map<QueuedTask, Promise<string>>();
  const posts = new Map<QueuedTask, HeldSubmit[]>();
  const wait = <T>(what: string, promise: Promise<T>) => within(PATIENCE_MS, what, promise);

  async function expectPost(task: QueuedTask): Promise<void> {
    const post = await wait('a POST', upstream.nextSubmit());
    expect(post.prompt).toBe(toPrompt(task));
    ids[task.number] = post.callback.id;
    posts.set(task, [...(posts.get(task) ?? []), post]);
  }

  /** Resolves with the answer's type. */
  async function send(task: QueuedTask): Promise<string> {
    const notBefore =
      task.dueIn > 0
        ? new Date(Date.now() + task.dueIn * HOUR_MS - HOUR_MS / 4).toISOString()
        : null;
    const input = { ...INPUT, prompt: toPrompt(task), notBefore, whenBusy: 'QUEUE' } as const;
    const result = (await gateway.graphql(ExtendDocument, { input })).data.extendVideo;
    if (result.__typename === 'ExtendVideoSuccess') ids[task.number] = result.video.id;
    return result.__typename;
  }

  async function withdraw(task: QueuedTask): Promise<string> {
    const { data } = await gateway.graphql(WithdrawDocument, { id: ids[task.number] ?? '' });
    return data.withdrawVideo.__typename;
  }

  const toWithdrawn = (task: QueuedTask) =>
    task.state === 'REJECTED'
      ? 'VideoNotFoundError'
      : model.withdraw(task)
        ? 'WithdrawVideoSuccess'
        : 'TooLateError';

  async function answerPost(task: QueuedTask, answer: QueueAnswer): Promise<void> {
    model.answer(task, answer);
    const post = posts.get(task)?.at(-1);
    if (answer === 'accepted') post?.accept(toTaskId(task));
    else if (answer === 'later') post?.refuse(455, LATER);
    else if (answer === 'refused') post?.refuse(422);
    else post?.cut();
    const type = await wait('an answer', answers.get(task) ?? Promise.resolve(null));
    answers.delete(task);
    if (type === null) return;
    const expected = { REJECTED: 'InvalidInputError', UNCONFIRMED: 'OutcomeUnknownError' };
    expect(type).toBe(expected[task.state as keyof typeof expected] ?? 'ExtendVideoSuccess');
  }

  return {
    async submit(dueIn: number): Promise<void> {
      const task = model.submit(dueIn);
      const answer = send(task);
      if (task.state === 'LEAVING') {
        answers.set(task, answer);
        await expectPost(task);
      } else {
        expect(await wait('an answer', answer)).toBe('ExtendVideoSuccess');
      }
    },

    async answer(task: QueuedTask, answer: QueueAnswer): Promise<void> {
      await answerPost(task, answer);
      await this.read(task);
    },

    /** By the URL of any of its POSTs. */
    async callBack(task: QueuedTask, choice: number): Promise<void> {
      const known = posts.get(task) ?? [];
      model.callBack(task);
      const { url } = (known[choice % known.length] as HeldSubmit).callback;
      expect((await postCallback(url, toSuccess(toTaskId(task)))).status).toBe(200);
      await this.read(task);
    },

    async withdraw(task: QueuedTask): Promise<void> {
      const expected = toWithdrawn(task);
      expect(await wait('a withdrawal', withdraw(task))).toBe(expected);
    },

    /** The withdrawal waits for the answer, or comes just after it. */
    async withdrawWhileLeaving(task: QueuedTask, answer: QueueAnswer): Promise<void> {
      const withdrawing = withdraw(task);
      await answerPost(task, answer);
      const expected = toWithdrawn(task);
      expect(await wait('a withdrawal', withdrawing)).toBe(expected);
      await this.read(task);
    },

    /** @param answer to all POSTs that have none: the gateway stops meanwhile. */
    async pass(hours: number, answer: QueueAnswer): Promise<void> {
      for (const task of model.tasks) {
        if (task.state === 'LEAVING' || answers.has(task)) await answerPost(task, answer);
      }
      // Answers to POSTs whose tasks a callback has ended are still to come.
      for (const task of model.tasks) posts.get(task)?.at(-1)?.cut();
      await gateway.stop();
      await execute(databaseUrl, join(gateway.folder, 'gateway.db'), toPassing(hours * HOUR_MS));
      const sent = model.pass(hours);
      await gateway.restart();
      for (const task of sent) await expectPost(task);
      for (const task of model.tasks) await this.read(task);
    },

    /** Until the gateway says the same as the model: it writes some states after the event. */
    async read(task: QueuedTask): Promise<void> {
      const expected = toExpected(task);
      const look = async () => {
        const { data } = await gateway.graphql(ReadScheduleDocument, {
          id: ids[task.number] ?? '',
        });
        if (!data.video) return null;
        const { state, taskId, failure } = data.video;
        return { state, taskId, reason: failure?.reason ?? null };
      };
      let found: Awaited<ReturnType<typeof look>> = null;
      const until = async () => {
        do found = await look();
        while (JSON.stringify(found) !== JSON.stringify(expected));
      };
      await wait(`${JSON.stringify(expected)} of ${toPrompt(task)}`, until()).catch(
        () => undefined,
      );
      expect(found).toEqual(expected);
    },

    async conclude(): Promise<void> {
      for (const task of model.tasks) await this.read(task);
      const log = (await gateway.graphql(ReadCompletionsDocument, { first: 100 })).data.completions;
      const ended = log.edges.map(({ node }) => ids.indexOf(node.video.id));
      // Deadlines that pass together end in any order.
      const isNumber = (a: number, b: number) => a - b;
      expect(ended.sort(isNumber)).toEqual(model.log.map(({ number }) => number).sort(isNumber));
      const { data } = await gateway.graphql(ReadVideosDocument, { first: 100 });
      const listed = model.tasks.filter(({ state }) => state !== 'REJECTED');
      expect(data.videos.edges.map(({ node }) => node.prompt).sort()).toEqual(
        listed.map(toPrompt).sort(),
      );
      for (const task of model.tasks) posts.get(task)?.at(-1)?.cut();
      await gateway.stop();
      const count = model.tasks.reduce((sum, task) => sum + task.posts, 0);
      expect(upstream.submits).toHaveLength(count);
    },

    async [Symbol.asyncDispose](): Promise<void> {
      await upstream[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

const toPrompt = ({ number }: QueuedTask) => `Task ${number}`;
const toTaskId = ({ number }: QueuedTask) => `task-${number}`;

function toExpected(task: QueuedTask) {
  if (task.state === 'REJECTED') return null;
  const state = task.state === 'LEAVING' ? 'SCHEDULED' : task.state;
  return { state, taskId: task.isNamed ? toTaskId(task) : null, reason: task.reason };
}

async function execute(url: string | null, path: string, statements: readonly string[]) {
  if (url === null) {
    const file = new DatabaseSync(path);
    for (const statement of statements) file.exec(statement);
    file.close();
    return;
  }
  const client = new pg.Client(url);
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}
