/** Crashes at each of some points in turn, again and again, and what is left after all of them. */

import type { ChildGateway } from '../support/child-gateway.ts';
import { extendOf, generateOf, KINDS, toResult } from '../support/submit-kinds.ts';
import { createListener } from './listener.ts';
import type { At, During, Site } from './site.ts';
import { type Answer, count, type Tally } from './tally.ts';
import { type PaidTask, type PaidUpstream, startPaidUpstream } from './upstream.ts';
import { within } from './within.ts';

/** How many tasks are in flight at each crash, which meets another one of them each time. */
const TASKS = 3;
/** Only to end what hangs. */
const PATIENCE_MS = 60_000;

/** Crashes this many times at each point, recovers each time, and counts. */
export async function crash(
  during: During,
  points: readonly At[],
  rounds: number,
  createSite: (upstream: PaidUpstream) => Promise<Site>,
): Promise<Tally> {
  await using upstream = await startPaidUpstream();
  await using site = await createSite(upstream);
  const listener = createListener();
  const answers: Answer[] = [];
  const burnable = new Set<string>();
  const kills: Record<string, number> = {};
  let turns = 0;

  function nextGateway(): ChildGateway {
    turns += 1;
    return site.gateways[turns % site.gateways.length] as ChildGateway;
  }

  /** Resolves with the answer; null where it was cut off. */
  async function submit(prompt: string, gateway: ChildGateway): Promise<Answer['result']> {
    const input = { prompt, idempotencyKey: prompt };
    const submitting = prompt.startsWith('generate')
      ? gateway.graphql(...generateOf(input))
      : gateway.graphql(...extendOf(input));
    const result = toResult((await submitting.catch(() => null))?.data) ?? null;
    answers.push({ prompt, result });
    return result;
  }

  /** A client that does not give up: it repeats what was cut off, or refused because of the crash. */
  async function insist(prompt: string): Promise<void> {
    for (let isAnswered = false; !isAnswered; ) {
      const result = await submit(prompt, nextGateway());
      isAnswered = result !== null && result.__typename !== 'GatewayUnavailableError';
    }
  }

  const submitAll = (prompts: readonly string[]) =>
    within(PATIENCE_MS, `answers to ${prompts}`, Promise.all(prompts.map(insist)));
  const tasksOf = (prompts: readonly string[]) =>
    upstream.tasks.filter(({ prompt }) => prompts.includes(prompt));
  const callBackAll = (tasks: readonly PaidTask[]) =>
    Promise.all(tasks.filter((task) => !task.isAcknowledged).map(callBack));

  async function callBack(task: PaidTask): Promise<void> {
    const status = await upstream.callBack(task, nextGateway().url);
    // Unreachable and unavailable are to be expected, and nothing else is.
    if (status !== 200 && status !== 503 && status !== null) {
      throw new Error(`The callback of "${task.prompt}" was answered with ${status}.`);
    }
  }

  function tellReaders(tasks: readonly PaidTask[]): void {
    for (const task of tasks) task.isReadable = true;
  }

  async function round(n: number): Promise<void> {
    const prompts = Array.from({ length: TASKS }, (_, i) => {
      const kind = KINDS[(n + i) % KINDS.length];
      return `${kind} in round ${n}, task ${i}`;
    });
    const index = n % points.length;
    const at = points[index] as At;
    // In the same round of all points, each meets another task and another victim.
    const turn = index + Math.floor(n / points.length);
    if (during !== 'submit') await submitAll(prompts);
    const armed = await site.arm(at, 1 + (turn % TASKS), turn);
    if (armed.mayBurnKeys) for (const prompt of prompts) burnable.add(prompt);
    const pending: Promise<unknown>[] = [];
    if (during === 'submit') {
      for (const gateway of armed.receivers) {
        pending.push(...prompts.map((prompt) => submit(prompt, gateway)));
      }
    }
    if (during === 'callback') pending.push(callBackAll(tasksOf(prompts)));
    // Any other point of a read is reached again and again while the tasks are open.
    if (during === 'read' && at === 'before the commit of the end') {
      tellReaders(tasksOf(prompts));
    }

    await within(PATIENCE_MS, `"${at}" in round ${n}`, armed.happened);
    kills[at] = (kills[at] ?? 0) + 1;
    upstream.onRequest = () => false;
    await site.recover();
    await within(PATIENCE_MS, `the answers of round ${n}`, Promise.all(pending));
    await listener.follow(nextGateway());

    // Which comes first after the crash: the upstream's news or the client's repeat.
    if (n % 2 === 0) await tellEnds(n, prompts);
    await submitAll(prompts);
    await tellEnds(n, prompts);
    const ended = upstream.tasks.length;
    await within(PATIENCE_MS, `${ended} completions in round ${n}`, listener.until(ended));
    await submitAll(prompts);
  }

  /** An unacknowledged callback is repeated; or it is lost, and a read finds the end. */
  async function tellEnds(n: number, prompts: readonly string[]): Promise<void> {
    const tasks = tasksOf(prompts);
    const isByRead = during === 'read' || (during === 'callback' && n % 2 === 1);
    if (isByRead) tellReaders(tasks);
    // The upstream retries until it is acknowledged.
    else while (!tasks.every(({ isAcknowledged }) => isAcknowledged)) await callBackAll(tasks);
  }

  await listener.follow(nextGateway());
  for (let n = 0; n < rounds * points.length; n++) await round(n);
  listener.close();
  const stored = await site.conclude();
  const { tasks } = upstream;
  return count({ kills, tasks, stored, heard: listener.heard, answers, burnable });
}
