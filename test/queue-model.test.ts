/**
 * Promise 9 under random interleavings of submits, answers, callbacks, withdrawals and the passage of
 * time, compared with a small model. A failure prints its seed and the commands that led to it.
 */

import fc from 'fast-check';
import { describe, it } from 'vitest';
import { QUEUE_ANSWERS, type QueuedTask, QueueModel } from './model/queue-model.ts';
import { type QueueWorld, startQueueWorld } from './model/queue-world.ts';
import { sharedPostgres } from './support/postgres.ts';
import { chooseRounds } from './support/rounds.ts';

const postgres = sharedPostgres();

type Command = fc.AsyncCommand<QueueModel, QueueWorld>;

function command(name: string, run: (world: QueueWorld) => Promise<void>): Command {
  return { check: () => true, run: (_model, world) => run(world), toString: () => name };
}

/** A command on one of the tasks that it makes sense for; skipped where there is none. */
function onTask(
  name: string,
  choice: number,
  accepts: (task: QueuedTask) => boolean,
  run: (world: QueueWorld, task: QueuedTask) => Promise<void>,
): Command {
  return {
    check: (model) => model.tasks.some(accepts),
    async run(model, world) {
      const tasks = model.tasks.filter(accepts);
      await run(world, tasks[choice % tasks.length] as QueuedTask);
    },
    toString: () => `${name} (${choice})`,
  };
}

const choice = fc.nat({ max: 20 });
const answer = fc.constantFrom('later' as const, ...QUEUE_ANSWERS);
const isLeaving = ({ state }: QueuedTask) => state === 'LEAVING';

const COMMANDS: fc.Arbitrary<Command>[] = [
  fc
    .constantFrom(0, 0, 1, 2)
    .map((dueIn) => command(`submit for ${dueIn} h`, (world) => world.submit(dueIn))),
  fc
    .tuple(answer, choice)
    .map(([how, which]) =>
      onTask(`answer ${how}`, which, isLeaving, (world, task) => world.answer(task, how)),
    ),
  choice.map((which) =>
    onTask(
      'callback',
      which,
      ({ posts }) => posts > 0,
      (world, task) => world.callBack(task, which),
    ),
  ),
  choice.map((which) =>
    onTask(
      'withdraw',
      which,
      (task) => !isLeaving(task),
      (world, task) => world.withdraw(task),
    ),
  ),
  fc
    .tuple(answer, choice)
    .map(([how, which]) =>
      onTask(`withdraw before ${how}`, which, isLeaving, (world, task) =>
        world.withdrawWhileLeaving(task, how),
      ),
    ),
  fc
    .tuple(answer, fc.constantFrom(1, 2))
    .map(([how, hours]) =>
      command(`${how}, and ${hours} h pass`, (world) => world.pass(hours, how)),
    ),
];

/** So that even a run with few commands compares something. */
async function endOfEachKind(model: QueueModel, world: QueueWorld): Promise<void> {
  const last = () => model.tasks.at(-1) as QueuedTask;
  await world.submit(0);
  await world.answer(last(), 'later');
  await world.submit(0);
  await world.withdraw(last());
  await world.submit(2);
  await world.pass(2, 'accepted');
  await world.answer(last(), 'refused');
}

async function checkRuns(numRuns: number, createDatabase: () => Promise<string | null>) {
  await fc.assert(
    fc.asyncProperty(fc.commands(COMMANDS, { maxCommands: 30, size: 'max' }), async (commands) => {
      const model = new QueueModel();
      await using world = await startQueueWorld(model, await createDatabase());
      await fc.asyncModelRun(() => ({ model, real: world }), commands);
      await world.pass(1, 'accepted');
      await endOfEachKind(model, world);
      await world.conclude();
    }),
    { numRuns },
  );
}

describe('any interleaving of scheduled submits', { timeout: 20 * 60_000 }, () => {
  const title = 'sends each once, in order, and within its time, or not at all';

  it(`${title}, on SQLite`, async () => {
    await checkRuns(chooseRounds({ few: 10, all: 200 }), async () => null);
  });

  it(`${title}, on PostgreSQL`, async () => {
    await checkRuns(chooseRounds({ few: 2, all: 20 }), () => postgres.createDatabase());
  });
});
