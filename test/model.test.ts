/**
 * Promises 1 to 5 under random interleavings of what clients and the upstream do, and of crashes,
 * held against a small model. A failure prints its seed and the commands that led to it.
 */

import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { ANSWERS, CALLBACKS, Model, type ModelTask } from './model/model.ts';
import { type ModelSite, startPostgresSite, startSqliteSite } from './model/sites.ts';
import { startWorld, type World } from './model/world.ts';
import { startPostgres } from './support/postgres.ts';
import { chooseRounds } from './support/rounds.ts';

type Command = fc.AsyncCommand<Model, World>;

/** A command after which every listener must receive all pending completions. */
function command(
  name: string,
  run: (model: Model, world: World) => Promise<void>,
  check: (model: Model) => boolean = () => true,
): Command {
  return {
    check,
    async run(model, world) {
      await run(model, world);
      await world.hear();
    },
    toString: () => name,
  };
}

/** A command on one of the accepted tasks; skipped if there is none. */
function onTask(
  name: string,
  choice: number,
  accepts: (task: ModelTask) => boolean,
  run: (world: World, task: ModelTask) => Promise<void>,
): Command {
  return command(
    `${name} (${choice})`,
    async (model, world) => {
      const tasks = model.tasks.filter(accepts);
      const task = tasks[choice % tasks.length];
      if (task) await run(world, task);
    },
    (model) => model.tasks.some(accepts),
  );
}

const choice = fc.nat({ max: 20 });
const answer = fc.constantFrom('accepted' as const, ...ANSWERS);
const callback = fc.constantFrom('success' as const, ...CALLBACKS);

const isWaiting = (task: ModelTask) => !task.isAnswered;
const isAny = () => true;

const submit = fc
  .record({
    key: fc.option(fc.constantFrom('a', 'b', 'c'), { freq: 5 }),
    input: fc.constantFrom(0, 0, 0, 1, 1, 2),
    times: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ key, input, times }) =>
    command(`submit ${key} ${input} × ${times}`, (_model, world) =>
      world.submit(key, input, key === null ? 1 : times),
    ),
  );

const COMMANDS: fc.Arbitrary<Command>[] = [
  submit,
  submit,
  fc
    .tuple(answer, choice)
    .map(([how, which]) =>
      onTask(`answer ${how}`, which, isWaiting, (world, task) => world.answer(task, how)),
    ),
  fc
    .tuple(callback, choice)
    .map(([how, which]) =>
      onTask(`callback ${how}`, which, isAny, (world, task) => world.callBack(task, how)),
    ),
  fc
    .tuple(answer, callback, choice)
    .map(([how, news, which]) =>
      onTask(`race ${how} and ${news}`, which, isWaiting, (world, task) =>
        world.race(task, how, news),
      ),
    ),
  callback.map((how) => command(`storm of ${how}`, (_model, world) => world.storm(how))),
  choice.map((which) => onTask('read', which, isAny, (world, task) => world.read(task))),
  fc
    .tuple(fc.nat({ max: 3 }), choice)
    .map(([slot, which]) =>
      command(`listen ${slot} ${which}`, (_model, world) => world.listen(slot, which)),
    ),
  fc.constant(command('crash', (_model, world) => world.crash())),
];

/** One task from submit to completion, so that even a run with few commands compares something. */
async function completeOne(model: Model, world: World): Promise<void> {
  await world.submit('last', 0, 1);
  const task = model.tasks.at(-1);
  if (!task) throw new Error('The model has no task.');
  await world.answer(task, 'accepted');
  await world.callBack(task, 'success');
  await world.hear();
}

async function checkRuns(
  numRuns: number,
  maxCommands: number,
  startSite: (upstream: { url: string }) => Promise<ModelSite>,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.commands(COMMANDS, { maxCommands, size: 'max' }), async (commands) => {
      const model = new Model();
      await using world = await startWorld(model, startSite);
      await fc.asyncModelRun(() => ({ model, real: world }), commands);
      await completeOne(model, world);
      await world.conclude();
    }),
    { numRuns },
  );
}

describe.concurrent('any interleaving of clients, upstream and crashes', () => {
  const title = 'pays once per key, moves states forward, and delivers each completion once';

  it(`${title}, on SQLite`, { timeout: 20 * 60_000 }, async () => {
    await checkRuns(chooseRounds({ few: 20, all: 200 }), 40, startSqliteSite);
  });

  it(`${title}, on two replicas with PostgreSQL`, { timeout: 20 * 60_000 }, async () => {
    await using postgres = await startPostgres();
    await using folder = await mkdtempDisposable(join(tmpdir(), 'longtake-model-'));
    await checkRuns(chooseRounds({ few: 1, all: 12 }), 40, (upstream) =>
      startPostgresSite(upstream, postgres, folder.path),
    );
  });
});
