/**
 * Mixed load with faults, for as long as one likes: submits with every word of the sandbox, repeats
 * of them, reads, listeners that come and go, and every so often a SIGKILL. Ends with counts that
 * should be 0 (exit code 1 where they are not) and with what the memory did.
 *
 *   SOAK_SECONDS=600 npm run soak
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { ORIGINAL_TASK_ID, type SandboxTask, startSandbox } from '../src/sandbox/sandbox.ts';
import { SCENARIOS } from '../src/sandbox/scenarios.ts';
import {
  ExtendDocument,
  type ExtendVideoInput,
  OnExtendedDocument,
  ReadCompletionsDocument,
  ReadNodeDocument,
} from '../test/generated/graphql.ts';
import { type ChildGateway, startChildGateway } from '../test/support/child-gateway.ts';
import { openSocket } from '../test/support/socket.ts';
import { openSse } from '../test/support/sse.ts';

const SECONDS = Number(process.env.SOAK_SECONDS ?? 120);
const LIFE_MS = 20_000;
const SETTLE_MS = 60_000;
const SUBMITTERS = 8;
const READERS = 4;
const LISTENERS = 6;
const RANKS = ['UNCONFIRMED', 'WAITING', 'QUEUED', 'GENERATING', 'FAILED', 'SUCCEEDED'];
/** The words whose answer asserts a refusal, so that a key is free again: a code from 500 up does not. */
const REFUSING = new Set(
  SCENARIOS.filter(({ behaviour }) => behaviour.refusal && behaviour.refusal.code < 500).map(
    ({ word }) => word,
  ),
);
/** Half of the submits are ordinary ones. A 429 holds up all submits for a while: few of them. */
const WORDS = Array.from({ length: 10 }, (_, n) =>
  SCENARIOS.flatMap(({ word }) => (n > 0 && word.includes('429') ? [''] : [word, ''])),
).flat();

const faults = { lost: 0, secondPosts: 0, wrong: 0, missed: 0, doubled: 0, refusedListeners: 0 };
const done = { submits: 0, repeats: 0, reads: 0, reconnects: 0, kills: 0 };
const loading = new AbortController();
const listening = new AbortController();

const folder = await mkdtemp(join(tmpdir(), 'longtake-soak-'));
const sandbox = await startSandbox({ stepMs: 200, retryDelaysMs: [300, 700, 1500, 3000, 6000] });
// Below the system's ephemeral ports, so that no other process takes it while the gateway is down.
const port = await findPort(20_000 + (process.pid % 10_000));

let up: Promise<ChildGateway> = start();

function start(): Promise<ChildGateway> {
  return startChildGateway({
    folder,
    upstreamUrl: sandbox.url,
    env: {
      PORT: String(port),
      UPSTREAM_TIMEOUT_MS: '3000',
      UPSTREAM_REQUESTS: '200',
      UPSTREAM_WINDOW_MS: '100',
      UPSTREAM_BREAKER: 'off',
      RECONCILE_AFTER_MS: '1000',
    },
  });
}

async function findPort(from: number): Promise<number> {
  for (let candidate = from; ; candidate++) {
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(candidate, '127.0.0.1', () => resolve(true));
    });
    await new Promise((resolve) => server.close(resolve));
    if (isFree) return candidate;
  }
}

/** False once the load is over. */
async function pause(ms: number, { signal } = loading): Promise<boolean> {
  return delay(ms, true, { signal }).catch(() => false);
}

const anyOf = <T>(items: readonly T[]): T => items[Math.floor(Math.random() * items.length)] as T;

// Memory, and the kills.

interface Sample {
  readonly life: number;
  readonly seconds: number;
  readonly rss: number;
  readonly heapUsed: number;
}
const samples: Sample[] = [];

async function live(): Promise<void> {
  for (let life = 1; ; life++) {
    const gateway = await up;
    const begun = Date.now();
    for (let age = 0; age < LIFE_MS && (await pause(LIFE_MS / 5)); age = Date.now() - begun) {
      const { rss, heapUsed } = await gateway.memory();
      samples.push({ life, seconds: Math.round((Date.now() - begun) / 1000), rss, heapUsed });
    }
    if (loading.signal.aborted) return;
    // Later callers wait for the next one.
    const next = Promise.withResolvers<ChildGateway>();
    up = next.promise;
    await gateway.kill();
    done.kills += 1;
    start().then(next.resolve, next.reject);
  }
}

// Submits.

/** By key: whether each POST was refused, in order. */
const posts = new Map<string, boolean[]>();
const confirmed = new Set<string>();
/** By id: the highest rank of a state that a client has received. */
const received = new Map<string, number>();

async function countPosts(): Promise<void> {
  for (;;) {
    const { body, taskId } = await sandbox.nextRequest(({ method }) => method === 'POST');
    const [key = '', word = ''] = (body as { prompt: string }).prompt.split(' ');
    const before = posts.get(key) ?? [];
    if (before.includes(false)) faults.secondPosts += 1;
    posts.set(key, [...before, taskId === null && REFUSING.has(word)]);
  }
}

/** Asks until it is answered. */
async function submit(input: ExtendVideoInput): Promise<void> {
  for (;;) {
    const gateway = await up;
    const answer = await gateway.graphql(ExtendDocument, { input }).catch(() => null);
    if (!answer) {
      // The next one is under way, or this one has just fallen.
      await Promise.race([gateway.exited, delay(200)]);
      continue;
    }
    if (!answer.data) {
      faults.wrong += 1;
      return;
    }
    const result = answer.data.extendVideo;
    if (result.__typename === 'GatewayUnavailableError') continue;
    if (result.__typename === 'ExtendVideoSuccess') confirmed.add(input.prompt);
    if ('video' in result && result.video) note(result.video.id, result.video.state, -1);
    return;
  }
}

/** States only move forward, from what was known when the question went out. */
function note(id: string, state: string, known: number): void {
  const rank = RANKS.indexOf(state);
  if (rank < known) faults.wrong += 1;
  received.set(id, Math.max(rank, received.get(id) ?? 0));
}

let keys = 0;
async function submitOnAndOn(): Promise<void> {
  while (await pause(100 + Math.random() * 200)) {
    const key = `soak-${++keys}`;
    const prompt = `${key} ${anyOf(WORDS)}`.trim();
    const input = {
      taskId: ORIGINAL_TASK_ID,
      prompt,
      quality: 'P720',
      idempotencyKey: key,
    } as const;
    const twins = Math.random() < 0.2 ? 3 : 1;
    await Promise.all(Array.from({ length: twins }, () => submit(input)));
    done.submits += 1;
    if (Math.random() > 0.3) continue;
    await submit(input);
    done.repeats += 1;
  }
}

async function readOnAndOn(): Promise<void> {
  while (await pause(20 + Math.random() * 60)) {
    const ids = [...received.keys()];
    if (ids.length === 0) continue;
    const id = anyOf(ids.slice(-200));
    const known = received.get(id) ?? 0;
    const gateway = await up;
    const answer = await gateway.graphql(ReadNodeDocument, { id }).catch(() => null);
    if (!answer) continue;
    const node = answer.data?.node;
    if (node?.__typename === 'Video') note(id, node.state, known);
    else faults.wrong += 1;
    done.reads += 1;
  }
}

// Listeners.

interface Heard {
  readonly ids: string[];
  readonly prompts: Set<string | null>;
}

async function listenOnAndOn(kind: number, heard: Heard): Promise<void> {
  const { data } = await (await up).graphql(ReadCompletionsDocument, { first: 0 });
  let after = data.completions.pageInfo.endCursor ?? null;
  while (!listening.signal.aborted) {
    const { url } = await up;
    try {
      const stream = await open(kind, url, after);
      const leave = () => stream.stop();
      listening.signal.addEventListener('abort', leave);
      // Some stay, some leave soon and come back.
      const patience = kind < 2 || loading.signal.aborted ? Infinity : 1 + Math.random() * 100;
      for (let n = 0; n < patience; n++) {
        const event = await stream.next();
        if (!event) break;
        if (event.errors) throw new Error(JSON.stringify(event.errors));
        after = event.data.videoExtended.cursor;
        heard.ids.push(event.data.videoExtended.video.id);
        heard.prompts.add(event.data.videoExtended.video.prompt ?? null);
      }
      listening.signal.removeEventListener('abort', leave);
      await stream.stop();
    } catch (error) {
      // Only the connection may fail. What the gateway says to a resuming listener is a fault.
      if (/extensions|"code"/.test(String(error)) || Array.isArray(error)) {
        faults.refusedListeners += 1;
        console.error('a listener was refused:', error);
      }
      await delay(100);
    }
    done.reconnects += 1;
  }
}

async function open(kind: number, url: string, after: string | null) {
  if (kind % 2 === 0) {
    const { next, close } = await openSse(url, OnExtendedDocument, { after });
    return { next, stop: close };
  }
  const socket = await openSocket(url);
  const { next } = socket.subscribe(OnExtendedDocument, { after });
  return { next, stop: () => socket.close() };
}

// The end of it.

/** Tasks that the gateway can know of: not those whose answer and callback are both lost. */
function isFindable(task: SandboxTask): boolean {
  return task.behaviour.callbacks !== 0 || confirmed.has(task.prompt);
}

function expectedState({ state, behaviour }: SandboxTask): string {
  return state === 'success' && !behaviour.withoutUrl ? 'SUCCEEDED' : 'FAILED';
}

function tasks(): SandboxTask[] {
  return [...sandbox.tasks.values()].filter(({ taskId }) => taskId !== ORIGINAL_TASK_ID);
}

/** Waits until every listener has heard of every task that can end. */
async function settle(listeners: readonly Heard[]): Promise<void> {
  const deadline = Date.now() + SETTLE_MS;
  const isOpen = (task: SandboxTask) =>
    !task.behaviour.endless &&
    isFindable(task) &&
    listeners.some(({ prompts }) => !prompts.has(task.prompt));
  while (tasks().some(isOpen) && Date.now() < deadline) await delay(250);
}

function judge(listeners: readonly Heard[]): void {
  const file = new DatabaseSync(join(folder, 'gateway.db'));
  const rows = file
    .prepare(
      `select id, prompt, task_id, state,
        (select count(*) from completion where video_row = video.id) as entries
        from video where state <> 'REJECTED'`,
    )
    .all() as {
    id: string;
    prompt: string;
    task_id: string | null;
    state: string;
    entries: number;
  }[];
  const log = file.prepare('select video_row as id from completion order by number').all() as {
    id: string;
  }[];
  file.close();

  const byTask = new Map(rows.map((row) => [row.task_id, row]));
  // A failure without data names no task: then the prompt, which is used once, tells.
  const byPrompt = new Map(rows.map((row) => [row.prompt, row]));
  for (const task of tasks()) {
    const row = byTask.get(task.taskId) ?? byPrompt.get(task.prompt);
    if (task.behaviour.endless) {
      if (!row || row.entries > 0 || RANKS.indexOf(row.state) > 3) faults.wrong += 1;
    } else if (row?.entries === 1) {
      if (row.state !== expectedState(task)) faults.wrong += 1;
    } else if (row?.entries !== 0 || isFindable(task) || row.task_id !== null) faults.lost += 1;
  }
  for (const { ids } of listeners) {
    const set = new Set(ids);
    faults.doubled += ids.length - set.size;
    faults.missed += log.filter(({ id }) => !set.has(id)).length;
    if (set.size === ids.length) {
      // Out of order is as bad as missing.
      faults.missed += ids.filter((id, index) => log[index]?.id !== id).length;
    }
  }
}

function report(): void {
  const megabytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
  console.log('done  ', JSON.stringify({ ...done, posts: [...posts.values()].flat().length }));
  for (const last of samples.filter((s, i) => samples[i + 1]?.life !== s.life)) {
    const first = samples.find(({ life }) => life === last.life) ?? last;
    const heap = `heap ${megabytes(first.heapUsed)} → ${megabytes(last.heapUsed)}`;
    const rss = `rss ${megabytes(first.rss)} → ${megabytes(last.rss)}`;
    console.log(`life ${last.life}: ${first.seconds} s → ${last.seconds} s, ${heap}, ${rss}`);
  }
  console.log('faults', JSON.stringify(faults));
}

const giveUp = setTimeout(
  () => {
    console.error('The soak did not end in time.');
    report();
    process.exit(1);
  },
  SECONDS * 1000 + SETTLE_MS + 60_000,
);
try {
  await up;
  // Ends with the sandbox.
  countPosts().catch(() => {});
  const heard: Heard[] = Array.from({ length: LISTENERS }, () => ({ ids: [], prompts: new Set() }));
  const listeners = heard.map((list, kind) => listenOnAndOn(kind, list));
  const load = [
    live(),
    ...Array.from({ length: SUBMITTERS }, submitOnAndOn),
    ...Array.from({ length: READERS }, readOnAndOn),
  ];
  await delay(SECONDS * 1000);
  loading.abort();
  await Promise.all(load);
  await settle(heard);
  listening.abort();
  await Promise.all(listeners);
  await (await up).stop();
  judge(heard);
  report();
  process.exitCode = Object.values(faults).some((count) => count > 0) ? 1 : 0;
} finally {
  clearTimeout(giveUp);
  await (await up).kill();
  await sandbox.close();
  await rm(folder, { recursive: true, force: true });
}
