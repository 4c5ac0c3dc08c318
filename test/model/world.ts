/** The commands of the model test: each acts on the gateway and on the model, and compares the two. */

import { expect } from 'vitest';
import { within } from '../crash/within.ts';
import {
  ReadCompletionsDocument,
  ReadNodeDocument,
  ReadVideosDocument,
} from '../generated/graphql.ts';
import { createListeners } from './listeners.ts';
import type { Answer, Callback, Model, ModelTask } from './model.ts';
import { startPosts, toCallback } from './posts.ts';
import type { ModelSite } from './sites.ts';
import { createSubmitter, type Submitted, toPrompt } from './submitting.ts';

/** Only to end what hangs. */
const PATIENCE_MS = 60_000;
/** An input that no command uses. */
const OTHER_INPUT = 99;

export type World = Awaited<ReturnType<typeof startWorld>>;

export async function startWorld(
  model: Model,
  startSite: (upstream: { url: string }) => Promise<ModelSite>,
) {
  const posts = await startPosts(model);
  const site = await startSite(posts);
  const submitter = await createSubmitter(site);
  const listeners = await createListeners(site, model, wait);
  const ids = new Map<ModelTask, string>();
  const pending = new Map<ModelTask, Promise<Submitted>[]>();

  /** Also rejects at once when the gateway sends a POST too many. */
  function wait<T>(what: string, promise: Promise<T>): Promise<T> {
    return within(PATIENCE_MS, what, Promise.race([promise, posts.alarmed]));
  }

  /** The row's id, which the callback URL contains. */
  function idOf(task: ModelTask): string {
    const id = ids.get(task) ?? posts.of(task).callbackPath.split('/')[2] ?? '';
    ids.set(task, id);
    return id;
  }

  /** Compares the answers of the waiting submits, once the model says what they are. */
  async function settle(task: ModelTask, allowed: readonly (string | null)[]): Promise<void> {
    if (model.answerTo(task) === null) return;
    const waiting = pending.get(task) ?? [];
    pending.delete(task);
    for (const answer of await wait('answers', Promise.all(waiting))) {
      expect(allowed).toContain(answer.type);
      if (answer.id !== null) expect(answer.id).toBe(idOf(task));
    }
  }

  /** Waits until the task id is stored: a submit that a callback has answered no longer waits for it. */
  async function untilNamed(task: ModelTask): Promise<void> {
    const read = () => site.next().graphql(ReadNodeDocument, { id: idOf(task) });
    const isNamed = ({ data: { node } }: Awaited<ReturnType<typeof read>>) =>
      node?.__typename === 'Video' && node.taskId !== null;
    await wait(
      'the id',
      (async () => {
        while (!isNamed(await read()));
      })(),
    );
  }

  async function sendCallback(task: ModelTask, callback: Callback): Promise<void> {
    const { taskId, callbackPath } = posts.of(task);
    const response = await fetch(`${site.next().url}${callbackPath}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify(toCallback(taskId, callback)),
    });
    expect({ callback, status: response.status }).toEqual({ callback, status: 200 });
    await response.arrayBuffer();
  }

  async function readLog(): Promise<string[]> {
    const { data } = await site.next().graphql(ReadCompletionsDocument, { first: 100 });
    return data.completions.edges.map(({ node }) => node.video.id);
  }

  return {
    /** Sends equal submits at once. */
    async submit(key: string | null, input: number, times: number): Promise<void> {
      const known = model.tasks.length;
      // Without a key every submit is a task of its own.
      const variant = key === null ? 100 + known : input;
      const position = model.log.length;
      const task = model.submit(key, variant);
      const isWaiting = task?.state === 'SUBMITTING';
      const isNew = task?.number === known;
      // A submit that joins one in flight must have joined it before that is answered.
      const count = site.isOrdered || !isWaiting ? times : isNew ? 1 : 0;
      const submits = Array.from({ length: count }, () => submitter.submit(key, variant));
      for (const answer of submits) {
        answer.then(({ cursor }) => cursor && listeners.addPlace(cursor, position)).catch(() => {});
      }
      if (task === null) {
        for (const { type } of await wait('conflicts', Promise.all(submits))) {
          expect(type).toBe('IdempotencyConflictError');
        }
        return;
      }
      pending.set(task, [...(pending.get(task) ?? []), ...submits]);
      if (isNew) {
        const post = await wait('a POST', posts.next());
        expect(post).toBe(posts.of(task));
      }
      if (key !== null && task.state === 'SUBMITTING') {
        expect((await submitter.submit(key, OTHER_INPUT)).type).toBe('IdempotencyConflictError');
      }
      await settle(task, [model.answerTo(task)]);
    },

    async answer(task: ModelTask, answer: Answer): Promise<void> {
      model.answer(task, answer);
      posts.answer(task, answer);
      await settle(task, [model.answerToWaiting(task)]);
      if (answer === 'accepted') await untilNamed(task);
    },

    async callBack(task: ModelTask, callback: Callback): Promise<void> {
      model.callBack(task, callback);
      await sendCallback(task, callback);
      await settle(task, [model.answerTo(task)]);
    },

    /** Sends the answer and the callback at the same time. The submit may get the outcome of either. */
    async race(task: ModelTask, answer: Answer, callback: Callback): Promise<void> {
      model.answer(task, answer);
      const first = model.answerToWaiting(task);
      model.callBack(task, callback);
      posts.answer(task, answer);
      await sendCallback(task, callback);
      await settle(task, [first, model.answerTo(task)]);
      if (answer === 'accepted') await untilNamed(task);
    },

    /**
     * Sends many callbacks at once; the log decides on their order. One per key, because of two
     * tombstones with the same key the first one to get a callback takes the key back.
     */
    async storm(callback: Callback): Promise<void> {
      const before = model.log.length;
      const latest = new Map(model.tasks.map((task) => [task.key ?? task.number, task]));
      const tasks = [...latest.values()];
      for (const task of tasks) model.callBack(task, callback);
      await Promise.all(tasks.map((task) => sendCallback(task, callback)));
      for (const task of tasks) await settle(task, [model.answerTo(task)]);

      const order = await readLog();
      const rank = (task: ModelTask) => order.indexOf(idOf(task), before);
      const ended = model.log.slice(before).sort((a, b) => rank(a) - rank(b));
      model.log = [...model.log.slice(0, before), ...ended];
    },

    async read(task: ModelTask): Promise<void> {
      const { data } = await site.next().graphql(ReadNodeDocument, { id: idOf(task) });
      expect(data.node).toEqual(toExpected(task, idOf(task), posts.of(task).taskId));
    },

    listen: (slot: number, choice: number) => listeners.listen(slot, choice),
    hear: () => listeners.hear(idOf),

    async crash(): Promise<void> {
      model.crash();
      await site.crash(async () => {
        posts.cut();
        for (const waiting of pending.values()) await Promise.allSettled(waiting);
      });
      pending.clear();
      await submitter.reconnect();
      await listeners.reconnect();
    },

    /** Compares everything that can be read, then expects that nothing more arrives. */
    async conclude(): Promise<void> {
      for (const task of model.tasks) await this.read(task);
      expect(await readLog()).toEqual(model.log.map(idOf));
      const listed = model.tasks.filter(({ state }) => state !== 'REJECTED').map(idOf);
      const { data } = await site.next().graphql(ReadVideosDocument, { first: 100 });
      expect(data.videos.edges.map(({ node }) => node.id)).toEqual(listed.sort().reverse());
      await this.hear();

      posts.cut();
      await site.stop();
      await listeners.expectEnds();
      expect(posts.prompts()).toEqual(model.tasks.map(toPrompt));
    },

    async [Symbol.asyncDispose](): Promise<void> {
      await posts.close();
      await site[Symbol.asyncDispose]();
    },
  };
}

/** A tombstone is not a video. */
function toExpected({ state, isNamed }: ModelTask, id: string, taskId: string) {
  if (state === 'REJECTED') return null;
  const shown = state === 'SUBMITTING' ? 'UNCONFIRMED' : state;
  return { __typename: 'Video', id, taskId: isNamed ? taskId : null, state: shown };
}
