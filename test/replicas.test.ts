import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PaidUpstream, startPaidUpstream } from './crash/upstream.ts';
import { within } from './crash/within.ts';
import {
  ExtendDocument,
  type ExtendVideoInput,
  OnExtendedDocument,
  OnUpdatedDocument,
  ReadCompletionsDocument,
  ReadVideoDocument,
} from './generated/graphql.ts';
import type { TestCaller } from './support/gateway.ts';
import { startHeldUpstream } from './support/held-upstream.ts';
import { extend, INPUT } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import { createFleet, type Fleet, type Replica } from './support/replicas.ts';
import { chooseRounds } from './support/rounds.ts';

const postgres = sharedPostgres();

/** Numbers in [0, 1), the same ones in every run. */
function createChance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const chance = createChance(5);

function pick<T>(items: readonly T[]): T {
  return items[Math.floor(chance() * items.length)] as T;
}

/** Does the work for each item with this many workers. */
async function inParallel<T>(
  items: Iterable<T>,
  workers: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const queue = [...items];
  const run = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: workers }, run));
}

function toInput(prompt: string, idempotencyKey: string | null = null): ExtendVideoInput {
  return { ...INPUT, prompt, idempotencyKey };
}

async function submit(caller: TestCaller, input: ExtendVideoInput) {
  return (await caller.graphql(ExtendDocument, { input })).data.extendVideo;
}

/** The place before the first completion. */
async function readStart(caller: TestCaller): Promise<string> {
  const { data } = await caller.graphql(ReadCompletionsDocument, { first: 0 });
  return data.completions.pageInfo.endCursor ?? '';
}

/** The log after a cursor, to its end. */
async function readLog(caller: TestCaller, after: string) {
  const log: { cursor: string; id: string }[] = [];
  for (let place = after; ; ) {
    const { data } = await caller.graphql(ReadCompletionsDocument, { first: 100, after: place });
    const { edges, pageInfo } = data.completions;
    for (const { node } of edges) log.push({ cursor: node.cursor, id: node.video.id });
    place = pageInfo.endCursor ?? place;
    if (!pageInfo.hasNextPage) return log;
  }
}

const COMPLETIONS = chooseRounds({ few: 100, all: 300 });

describe('three replicas on one PostgreSQL', () => {
  let upstream: PaidUpstream;
  let fleet: Fleet;
  let replicas: Replica[];
  beforeAll(async () => {
    upstream = await startPaidUpstream();
    fleet = await createFleet(upstream, { DATABASE_URL: await postgres.createDatabase() });
    replicas = await fleet.start(3);
  }, 240_000);
  afterAll(async () => {
    await fleet[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });

  it('deliver a completion to listeners on all of them', async () => {
    const [a, b, c] = replicas as [Replica, Replica, Replica];
    const { id, taskId, cursor } = await extend(b, { prompt: 'Told to A' });
    const task = upstream.tasks.find((made) => made.taskId === taskId);
    const socketOfB = await b.socket();
    const onB = socketOfB.subscribe(OnExtendedDocument, { taskId });
    const states = socketOfB.subscribe(OnUpdatedDocument, { taskId });
    const onC = await c.sse(OnExtendedDocument, { after: cursor });
    expect((await states.next())?.data.videoUpdated.state).toBe('WAITING');

    if (task) await upstream.callBack(task, a.url);

    expect(task?.isAcknowledged).toBe(true);
    const [event] = await onB.rest();
    expect(event?.data.videoExtended.video).toMatchObject({ id, taskId, state: task?.end });
    expect((await states.rest()).at(-1)?.data.videoUpdated.state).toBe(task?.end);
    expect((await onC.next())?.data.videoExtended.video.id).toBe(id);
    for (const replica of replicas) {
      const { data } = await replica.graphql(ReadVideoDocument, { taskId });
      expect(data.video?.state).toBe(task?.end);
    }
    onC.close();
    await socketOfB.close();
  });

  it('send one POST for 30 equal submits, and give one answer', async () => {
    const input = toInput('Thirty times', 'thirty');

    const results = await Promise.all(
      Array.from({ length: 30 }, (_, n) => submit(replicas[n % 3] as Replica, input)),
    );

    const posts = upstream.tasks.filter(({ prompt }) => prompt === 'Thirty times');
    expect(posts).toHaveLength(1);
    const videos = results.map((result) => 'video' in result && result.video.taskId);
    expect(new Set(videos)).toEqual(new Set([posts[0]?.taskId]));
    expect(new Set(results.map(({ __typename }) => __typename))).toEqual(
      new Set(['ExtendVideoSuccess']),
    );
  });

  it(`deliver each of ${COMPLETIONS} completions once to a client that reconnects at random to any of them`, async () => {
    const made = upstream.tasks.length;
    const { cursor: start } = await extend(pick(replicas), { prompt: 'Completion 0' });
    const numbers = Array.from({ length: COMPLETIONS - 1 }, (_, n) => n + 1);
    await inParallel(numbers, 24, async (n) => {
      await extend(pick(replicas), { prompt: `Completion ${n}` });
    });
    const tasks = upstream.tasks.slice(made);

    const heard: { cursor: string; id: string }[] = [];
    let connections = 0;
    async function listen(): Promise<void> {
      while (heard.length < tasks.length) {
        connections += 1;
        const socket = await pick(replicas).socket();
        const after = heard.at(-1)?.cursor ?? start;
        const events = socket.subscribe(OnExtendedDocument, { after });
        for (let n = 1 + Math.floor(chance() * 20); n > 0 && heard.length < tasks.length; n--) {
          const event = await events.next();
          if (!event) break;
          const { cursor, video } = event.data.videoExtended;
          heard.push({ cursor, id: video.id });
        }
        await socket.close();
      }
    }
    const listening = listen();
    await inParallel(tasks, 12, (task) => upstream.callBack(task, pick(replicas).url));
    await within(60_000, `${COMPLETIONS} completions`, listening);

    expect(tasks.every(({ isAcknowledged }) => isAcknowledged)).toBe(true);
    expect(connections).toBeGreaterThan(COMPLETIONS / 30);
    expect(new Set(heard.map(({ id }) => id)).size).toBe(COMPLETIONS);
    expect(heard).toEqual(await readLog(pick(replicas), start));
  });
});

describe('30 equal submits over three replicas', () => {
  it('send one POST and give one answer if it is a refusal, too', async () => {
    await using upstream = await startHeldUpstream();
    await using fleet = await createFleet(upstream, {
      DATABASE_URL: await postgres.createDatabase(),
    });
    const replicas = await fleet.start(3);
    const input = toInput('Refused', 'refused');

    const first = submit(replicas[0] as Replica, input);
    const held = await upstream.nextSubmit();
    const others = Array.from({ length: 29 }, (_, n) => submit(replicas[n % 3] as Replica, input));
    // A submit that came after the refusal would be a new one: each must have joined before it. What
    // was sent after them and has been answered many times over shows that they are there.
    for (const replica of replicas) {
      for (let n = 0; n < 30; n++) await readStart(replica);
    }
    held.refuse(451);
    const results = await Promise.all([first, ...others]);

    expect(upstream.submits).toHaveLength(1);
    expect(new Set(results.map((result) => JSON.stringify(result)))).toHaveLength(1);
    expect(results[0]).toMatchObject({ __typename: 'SourceUnavailableError', upstreamCode: 451 });
  });
});

describe('a replica that is killed', () => {
  it('leaves its leases and its submit to the others', { timeout: 240_000 }, async () => {
    const SHORT = { UPSTREAM_TIMEOUT_MS: '1000', SUBMIT_MAX_WAIT_MS: '100' };
    await using upstream = await startPaidUpstream();
    const DATABASE_URL = await postgres.createDatabase();
    await using fleet = await createFleet(upstream, { DATABASE_URL, ...SHORT });
    const [doomed] = (await fleet.start(1, { RECONCILE_AFTER_MS: '2000' })) as [Replica];
    const start = await readStart(doomed);
    await Promise.all(Array.from({ length: 8 }, (_, n) => extend(doomed, { prompt: `Task ${n}` })));

    // Its reads hang, and a submit too, when it dies.
    const { promise: isReading, resolve: read } = Promise.withResolvers<void>();
    const { promise: isSubmitting, resolve: post } = Promise.withResolvers<void>();
    let reads = 0;
    upstream.onRequest = (method) => {
      if (method === 'POST') post();
      else if (++reads === 8) read();
      return true;
    };
    await within(60_000, 'eight reads', isReading);
    const input = toInput('Orphan', 'orphan');
    const lost = submit(doomed, input).catch(() => 'cut off');
    await isSubmitting;
    await doomed.kill();
    expect(await lost).toBe('cut off');

    upstream.onRequest = () => false;
    for (const task of upstream.tasks) task.isReadable = true;
    const [other, another] = (await fleet.start(2)) as [Replica, Replica];
    const socket = await another.socket();
    const events = socket.subscribe(OnExtendedDocument, { after: start });
    const orphan = await submit(other, input);
    const heard: string[] = [];
    while (heard.length < 8) {
      const event = await within(60_000, 'a completion', events.next());
      heard.push(event?.data.videoExtended.video.taskId ?? '');
    }

    expect(orphan).toMatchObject({
      __typename: 'OutcomeUnknownError',
      retryable: false,
      video: { state: 'UNCONFIRMED', taskId: null },
    });
    expect((await submit(another, input)).__typename).toBe('OutcomeUnknownError');
    const orphans = upstream.tasks.filter(({ prompt }) => prompt === 'Orphan');
    expect(orphans).toHaveLength(1);
    const tasks = upstream.tasks.filter(({ prompt }) => prompt !== 'Orphan');
    expect(heard.sort()).toEqual(tasks.map(({ taskId }) => taskId).sort());
    // The callback still proves that the task was started, and under which id.
    if (orphans[0]) await upstream.callBack(orphans[0], other.url);
    expect((await submit(other, input)).__typename).toBe('ExtendVideoSuccess');
    await socket.close();
  });
});

describe('a rolling restart under load', () => {
  const SOCKETS = chooseRounds({ few: 100, all: 500 });
  const SUBMITS = chooseRounds({ few: 48, all: 120 });

  it(`loses nothing for ${SOCKETS} listeners and ${SUBMITS} submits`, {
    timeout: 240_000,
  }, async () => {
    await using upstream = await startPaidUpstream();
    await using fleet = await createFleet(upstream, {
      DATABASE_URL: await postgres.createDatabase(),
    });
    let live = await fleet.start(3);
    const start = await readStart(pick(live));
    let isOver = false;
    let connections = 0;

    /** Resumes after its last cursor on any replica that accepts it. */
    async function listen(until: Promise<unknown>): Promise<{ cursor: string; id: string }[]> {
      const heard: { cursor: string; id: string }[] = [];
      let ended = false;
      void until.then(() => {
        ended = true;
      });
      while (!ended) {
        const socket = await pick(live)
          .socket()
          .catch(() => null);
        if (!socket) continue;
        connections += 1;
        void until.then(() => socket.close());
        const after = heard.at(-1)?.cursor ?? start;
        const events = socket.subscribe(OnExtendedDocument, { after });
        try {
          for (let event = await events.next(); event; event = await events.next()) {
            const { cursor, video } = event.data.videoExtended;
            heard.push({ cursor, id: video.id });
            if (heard.length === SUBMITS) return heard;
          }
        } catch {
          // Closed by the gateway: on to the next.
        }
        await socket.close();
      }
      return heard;
    }

    /** A client that does not give up, with one key. */
    async function insist(n: number): Promise<void> {
      const input = toInput(`Submit ${n}`, `submit-${n}`);
      for (;;) {
        const result = await submit(pick(live), input).catch(() => null);
        if (result?.__typename === 'ExtendVideoSuccess') return;
        if (result && !('retryable' in result && result.retryable)) {
          throw new Error(JSON.stringify(result));
        }
      }
    }

    async function callBackAll(): Promise<void> {
      while (!isOver || upstream.tasks.some(({ isAcknowledged }) => !isAcknowledged)) {
        const open = upstream.tasks.filter(({ isAcknowledged }) => !isAcknowledged);
        await inParallel(open, 4, (task) => upstream.callBack(task, pick(live).url));
        await new Promise((resolve) => setImmediate(resolve));
      }
    }

    const { promise: given, resolve: giveUp } = Promise.withResolvers<void>();
    const listeners = Array.from({ length: SOCKETS }, () => listen(given));
    const calling = callBackAll();
    /** A third of the submits goes out around each of the three restarts. */
    for (let round = 0; round < 3; round++) {
      const [old] = live as [Replica];
      const third = Array.from({ length: SUBMITS / 3 }, (_, n) => (round * SUBMITS) / 3 + n);
      const submitting = inParallel(third, 4, insist);
      const [fresh] = (await fleet.start(1)) as [Replica];
      live = [...live.slice(1), fresh];
      await old.stop();
      await submitting;
    }
    isOver = true;
    await within(60_000, 'the last callbacks', calling);
    const heard = await within(60_000, 'all completions', Promise.all(listeners)).catch(
      async () => {
        giveUp();
        return Promise.all(listeners);
      },
    );

    const log = await readLog(pick(live), start);
    expect(log).toHaveLength(SUBMITS);
    expect(new Set(upstream.tasks.map(({ prompt }) => prompt)).size).toBe(SUBMITS);
    expect(upstream.tasks).toHaveLength(SUBMITS);
    for (const list of heard) expect(list).toEqual(log);
    expect(connections).toBeGreaterThan(SOCKETS);
    for (const replica of live) await replica.stop();
  });
});
