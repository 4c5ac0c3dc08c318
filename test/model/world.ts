/** The gateway that is held against the model, its upstream and its listeners. */

import type { ServerResponse } from 'node:http';
import { expect } from 'vitest';
import { within } from '../crash/within.ts';
import {
  OnExtendedDocument,
  type OnExtendedSubscription,
  ReadCompletionsDocument,
  ReadNodeDocument,
  ReadVideosDocument,
  type TypedDocumentString,
} from '../generated/graphql.ts';
import type { GraphQLAnswer, TestCaller } from '../support/gateway.ts';
import { createQueue } from '../support/queue.ts';
import { answerJson, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { extendOf, generateOf, toResult } from '../support/submit-kinds.ts';
import { type Answer, type Callback, type Model, type ModelTask, toKind } from './model.ts';
import type { ModelSite } from './sites.ts';

/** Only to end what hangs. */
const PATIENCE_MS = 60_000;
/** One that no command uses. */
const OTHER_INPUT = 99;
const PUBLIC_URL = 'http://gateway.example';

/** A POST as the upstream has it. */
interface Post {
  readonly taskId: string;
  readonly prompt: string;
  readonly callbackPath: string;
  readonly response: ServerResponse;
}

interface Submitted {
  readonly type: string;
  /** The gateway's id, where the answer names a video. */
  readonly id: string | null;
  readonly cursor: string | null;
}

/** A cursor, and how many entries of the model's log lie before it. */
interface Place {
  cursor: string;
  position: number;
}

interface Listener extends Place {
  next(): Promise<GraphQLAnswer<OnExtendedSubscription> | undefined>;
  stop(): void;
}

export type World = Awaited<ReturnType<typeof startWorld>>;

export async function startWorld(
  model: Model,
  startSite: (upstream: { url: string }) => Promise<ModelSite>,
) {
  const posts: Post[] = [];
  const arrivals = createQueue<Post>();
  const { promise: alarmed, reject: alarm } = Promise.withResolvers<never>();
  alarmed.catch(() => {});
  const upstream = await startScriptedUpstream((request, response) => {
    // A read never tells anything new here: what a task is comes by answers and callbacks alone.
    if (request.method === 'GET') return answerJson(response, { code: 422, msg: 'unknown' });
    const { prompt, callBackUrl } = request.json() as { prompt: string; callBackUrl: string };
    const callbackPath = callBackUrl.slice(PUBLIC_URL.length);
    const post = { taskId: `task-of-post-${posts.length}`, prompt, callbackPath, response };
    posts.push(post);
    arrivals.push(post);
    if (posts.length > model.tasks.length) alarm(new Error(`A POST too many: ${prompt}.`));
  });
  const site = await startSite(upstream);

  /** The n-th POST belongs to the model's n-th task, since each was waited for. */
  const postOf = (task: ModelTask) => posts[task.number] as Post;
  const ids = new Map<ModelTask, string>();
  const pending = new Map<ModelTask, Promise<Submitted>[]>();
  /** On one line a submit is taken up before the next: so the second one's answer tells of the first. */
  let line = await site.next().socket();
  const places: Place[] = [{ cursor: await readStart(site.next()), position: 0 }];
  const listeners = new Map<number, Listener>();

  /** Also ends when the gateway has done what must not be, so that nobody waits for the rest. */
  const wait = <T>(what: string, promise: Promise<T>) =>
    within(PATIENCE_MS, what, Promise.race([promise, alarmed]));

  /** With a key over the socket, where one can tell which submit came first. */
  function send<Data, Variables>(
    key: string | null,
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
  ): Promise<GraphQLAnswer<Data> | undefined> {
    if (key === null || !site.isOrdered) return site.next().graphql(document, variables);
    return line.subscribe(document, variables).next();
  }

  async function submit(key: string | null, input: number): Promise<Submitted> {
    const prompt = key === null ? `alone ${input}` : `${key} ${input}`;
    const common = { prompt, idempotencyKey: key };
    const answer =
      toKind(input) === 'generate'
        ? await send(key, ...generateOf(common))
        : await send(key, ...extendOf(common));
    if (!answer) throw new Error('cut off');
    const { data, errors } = answer;
    if (errors) throw new Error(JSON.stringify(errors));
    const result = toResult(data);
    if (!result) throw new Error('no result');
    const video = 'video' in result ? result.video : 'inDoubt' in result ? result.inDoubt : null;
    const id = video?.id ?? null;
    const cursor = 'cursor' in result ? result.cursor : null;
    return { type: result.__typename, id, cursor };
  }

  /** Has the promised answers in, now that the model says what they are. */
  async function settle(task: ModelTask, allowed: readonly (string | null)[]): Promise<void> {
    if (model.answerTo(task) === null) return;
    const waiting = pending.get(task) ?? [];
    pending.delete(task);
    for (const answer of await wait('answers', Promise.all(waiting))) {
      expect(allowed).toContain(answer.type);
      if (answer.id !== null) expect(answer.id).toBe(idOf(task));
    }
  }

  /** A submit that a callback has answered waits no more for its id, which is stored all the same. */
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

  /** The row's id as the callback's URL tells it. */
  function idOf(task: ModelTask): string {
    const id = ids.get(task) ?? postOf(task).callbackPath.split('/')[2] ?? '';
    ids.set(task, id);
    return id;
  }

  async function sendCallback(task: ModelTask, callback: Callback): Promise<void> {
    const { taskId, callbackPath } = postOf(task);
    const response = await fetch(`${site.next().url}${callbackPath}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify(toCallback(taskId, callback)),
    });
    expect({ callback, status: response.status }).toEqual({ callback, status: 200 });
    await response.arrayBuffer();
  }

  function sendAnswer(task: ModelTask, answer: Answer): void {
    const { taskId, response } = postOf(task);
    if (answer === 'lost') response.destroy();
    else if (answer === 'accepted') answerJson(response, { code: 200, data: { taskId } });
    else answerJson(response, { code: answer, msg: 'refused' });
  }

  async function open(slot: number, { cursor, position }: Place): Promise<void> {
    const variables = { after: cursor };
    if (slot % 2 === 0) {
      const { next, close: stop } = await site.next().sse(OnExtendedDocument, variables);
      listeners.set(slot, { next, stop, cursor, position });
    } else {
      const { next, stop } = (await site.next().socket()).subscribe(OnExtendedDocument, variables);
      listeners.set(slot, { next, stop, cursor, position });
    }
  }

  async function readLog(): Promise<string[]> {
    const { data } = await site.next().graphql(ReadCompletionsDocument, { first: 100 });
    return data.completions.edges.map(({ node }) => node.video.id);
  }

  return {
    /** So many at once, and what the model expects of each. */
    async submit(key: string | null, input: number, times: number): Promise<void> {
      const known = model.tasks.length;
      // Without a key no two submits are one.
      const variant = key === null ? 100 + known : input;
      const position = model.log.length;
      const task = model.submit(key, variant);
      const isWaiting = task?.state === 'SUBMITTING';
      const isNew = task?.number === known;
      // Who joins a submit under way must have joined it before it is answered.
      const count = site.isOrdered || !isWaiting ? times : isNew ? 1 : 0;
      const submits = Array.from({ length: count }, () => submit(key, variant));
      for (const answer of submits) {
        answer.then(({ cursor }) => cursor && places.push({ cursor, position })).catch(() => {});
      }
      if (task === null) {
        for (const { type } of await wait('conflicts', Promise.all(submits))) {
          expect(type).toBe('IdempotencyConflictError');
        }
        return;
      }
      pending.set(task, [...(pending.get(task) ?? []), ...submits]);
      if (isNew) {
        const post = await wait('a POST', arrivals.next());
        expect(post).toBe(postOf(task));
      }
      if (key !== null && task.state === 'SUBMITTING') {
        expect((await submit(key, OTHER_INPUT)).type).toBe('IdempotencyConflictError');
      }
      await settle(task, [model.answerTo(task)]);
    },

    async answer(task: ModelTask, answer: Answer): Promise<void> {
      model.answer(task, answer);
      sendAnswer(task, answer);
      await settle(task, [model.answerToWaiting(task)]);
      if (answer === 'accepted') await untilNamed(task);
    },

    async callBack(task: ModelTask, callback: Callback): Promise<void> {
      model.callBack(task, callback);
      await sendCallback(task, callback);
      await settle(task, [model.answerTo(task)]);
    },

    /** The answer and the callback at the same time: a submit may be told of either. */
    async race(task: ModelTask, answer: Answer, callback: Callback): Promise<void> {
      model.answer(task, answer);
      const first = model.answerToWaiting(task);
      model.callBack(task, callback);
      sendAnswer(task, answer);
      await sendCallback(task, callback);
      await settle(task, [first, model.answerTo(task)]);
      if (answer === 'accepted') await untilNamed(task);
    },

    /**
     * Many callbacks at once: the log decides on their order. One for each key, because of two
     * tombstones the first to be heard of takes the key back.
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
      expect(data.node).toEqual(toExpected(task, idOf(task), postOf(task).taskId));
    },

    /** Begins to listen where the slot left off, or at another place of the caller's. */
    async listen(slot: number, choice: number): Promise<void> {
      const left = listeners.get(slot);
      left?.stop();
      const known = left ? [left, left, ...places] : places;
      await open(slot, known[choice % known.length] as Place);
    },

    /** Every open listener hears what the log has beyond its place, in its order. */
    async hear(): Promise<void> {
      for (const listener of listeners.values()) {
        for (const task of model.log.slice(listener.position)) {
          const event = await wait('a completion', listener.next());
          expect(event?.data?.videoExtended.video.id).toBe(idOf(task));
          listener.cursor = event?.data?.videoExtended.cursor ?? '';
          listener.position += 1;
        }
      }
    },

    async crash(): Promise<void> {
      model.crash();
      const left = [...listeners];
      await site.crash(async () => {
        for (const { response } of posts) response.destroy();
        for (const waiting of pending.values()) await Promise.allSettled(waiting);
      });
      pending.clear();
      line = await site.next().socket();
      for (const [slot, listener] of left) {
        listener.stop();
        await open(slot, listener);
      }
    },

    /** All that can be asked at the end, then that nothing more has come. */
    async conclude(): Promise<void> {
      for (const task of model.tasks) await this.read(task);
      expect(await readLog()).toEqual(model.log.map(idOf));
      const listed = model.tasks.filter(({ state }) => state !== 'REJECTED').map(idOf);
      const { data } = await site.next().graphql(ReadVideosDocument, { first: 100 });
      expect(data.videos.edges.map(({ node }) => node.id)).toEqual(listed.sort().reverse());
      await this.hear();

      for (const { response } of posts) response.destroy();
      await site.stop();
      for (const { next } of listeners.values()) {
        expect(await wait('the end of a stream', next().catch(toEnd))).toBeUndefined();
      }
      expect(posts.map(({ prompt }) => prompt)).toEqual(model.tasks.map(toPrompt));
    },

    async [Symbol.asyncDispose](): Promise<void> {
      await upstream.close();
      await site[Symbol.asyncDispose]();
    },
  };
}

/** A gateway that stops closes its sockets with "Service restart". */
function toEnd(fault: unknown): undefined {
  if ((fault as { code?: number }).code !== 1012) throw fault;
}

function toPrompt({ key, input }: ModelTask): string {
  return key === null ? `alone ${input}` : `${key} ${input}`;
}

async function readStart(gateway: TestCaller): Promise<string> {
  const { data } = await gateway.graphql(ReadCompletionsDocument, { first: 0 });
  return data.completions.pageInfo.endCursor ?? '';
}

/** A tombstone is nobody's video. */
function toExpected({ state, isNamed }: ModelTask, id: string, taskId: string) {
  if (state === 'REJECTED') return null;
  const shown = state === 'SUBMITTING' ? 'UNCONFIRMED' : state;
  return { __typename: 'Video', id, taskId: isNamed ? taskId : null, state: shown };
}

function toCallback(taskId: string, callback: Callback): object {
  const data = { task_id: taskId, video_id: taskId, video_url: '', image_url: '' };
  switch (callback) {
    case 'success':
      return { code: 200, data: { ...data, video_url: `https://files.example/${taskId}.mp4` } };
    case 'no file':
      return { code: 200, data };
    case 'failure':
      return { code: 400, msg: 'Incorrect image format.', data };
    case 'failure without data':
      return { code: 500, msg: 'An unexpected error occurred', data: null };
  }
}
