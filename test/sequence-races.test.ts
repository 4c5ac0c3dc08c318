/** Two replicas that change the same sequence at the same moment. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postCallback, toFailure, toSuccess } from './support/callback.ts';
import type { TestCaller } from './support/gateway.ts';
import { type HeldSubmit, type HeldUpstream, startHeldUpstream } from './support/held-upstream.ts';
import { extend } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import { createFleet, type Fleet, type Replica } from './support/replicas.ts';
import { chooseRounds } from './support/rounds.ts';
import {
  cancel,
  create,
  type FilmState,
  inState,
  ORIGINAL,
  readFilm,
  resume,
  toFilm,
  waitFor,
} from './support/sequences.ts';

const postgres = sharedPostgres();
const ROUNDS = chooseRounds({ few: 5, all: 40 });

describe('a sequence that two replicas change at once', () => {
  let upstream: HeldUpstream;
  let fleet: Fleet;
  let replicas: [Replica, Replica];
  let tasks = 0;

  beforeAll(async () => {
    upstream = await startHeldUpstream();
    const DATABASE_URL = await postgres.createDatabase();
    fleet = await createFleet(upstream, { DATABASE_URL, OWNER_QUEUED: '0' });
    replicas = (await fleet.start(2)) as [Replica, Replica];
  });

  afterAll(async () => {
    await fleet[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });

  /** In every second round the other replica is the first. */
  async function eachRound(run: (first: Replica, second: Replica) => Promise<void>): Promise<void> {
    const [one, two] = replicas;
    for (let round = 0; round < ROUNDS; round++) {
      await (round % 2 === 0 ? run(one, two) : run(two, one));
    }
  }

  async function report(replica: Replica, { callback }: HeldSubmit, body: unknown): Promise<void> {
    const { pathname } = new URL(callback.url);
    const { status } = await postCallback(`${replica.url}${pathname}`, body);
    if (status !== 200) throw new Error(`The callback was answered ${status}.`);
  }

  /** The next submit, accepted. */
  async function accept(prompt?: string): Promise<{ submit: HeldSubmit; taskId: string }> {
    const submit = await upstream.nextSubmit();
    if (prompt !== undefined) expect(submit.prompt).toBe(prompt);
    tasks += 1;
    submit.accept(`task-${tasks}`);
    return { submit, taskId: `task-${tasks}` };
  }

  /** Accepts the rest of its submits, and lets them succeed. */
  async function finish(
    caller: Replica,
    id: string,
    prompts: readonly string[],
  ): Promise<FilmState> {
    for (const prompt of prompts) {
      const { submit, taskId } = await accept(prompt);
      await report(caller, submit, toSuccess(taskId));
    }
    return waitFor(caller, id, inState('COMPLETED'));
  }

  /** A sequence whose original has failed. */
  async function pauseOne(caller: Replica, prompts: readonly string[]): Promise<FilmState> {
    const { id } = await create(caller, toFilm(prompts));
    (await upstream.nextSubmit()).refuse(422);
    return waitFor(caller, id, inState('PAUSED'));
  }

  /** Whether the latest try of its original was sent. */
  async function isSent(caller: TestCaller, id: string): Promise<boolean> {
    const { start } = await readFilm(caller, id);
    return start?.state !== 'WITHDRAWN' && start?.state !== 'FAILED';
  }

  it('is one sequence for one key', async () => {
    await eachRound(async (one, two) => {
      const input = toFilm(['One']);
      const [first, second] = await Promise.all([create(one, input), create(two, input)]);
      expect(second.id).toBe(first.id);
      await finish(one, first.id, ['A cat dances', 'One']);
    });
  });

  it('is resumed once for one key', async () => {
    await eachRound(async (one, two) => {
      const { id } = await pauseOne(one, ['One']);
      const keyed = { idempotencyKey: `key of ${id}` };
      await Promise.all([resume(one, id, keyed), resume(two, id, keyed)]);
      await finish(two, id, ['A cat dances', 'One']);
    });
  });

  it('is cancelled for good, whether or not a resume comes first', async () => {
    await eachRound(async (one, two) => {
      const { id } = await pauseOne(one, ['One']);
      await Promise.all([resume(one, id), cancel(two, id)]);
      expect((await readFilm(one, id)).state).toBe('CANCELLED');
      if (!(await isSent(one, id))) return;
      const { submit, taskId } = await accept('A cat dances');
      await report(two, submit, toSuccess(taskId));
      expect(await readFilm(one, id)).toMatchObject({
        state: 'CANCELLED',
        start: { state: 'SUCCEEDED' },
      });
    });
  });

  it('is cancelled while its first submit is being taken', async () => {
    await eachRound(async (one, two) => {
      const { id } = await create(one, toFilm(['One']));
      await cancel(two, id);
      if (!(await isSent(two, id))) return;
      const { submit, taskId } = await accept('A cat dances');
      await report(two, submit, toSuccess(taskId));
    });
  });

  it('goes on once when both replicas are told of the same end', async () => {
    await eachRound(async (one, two) => {
      const { id } = await create(one, toFilm(['One', 'Two']));
      const { submit, taskId } = await accept('A cat dances');
      await Promise.all(
        [one, two, one, two].map((replica) => report(replica, submit, toSuccess(taskId))),
      );
      await finish(two, id, ['One', 'Two']);
    });
  });

  it('goes on once when a resume meets a late success', async () => {
    await eachRound(async (one, two) => {
      const { id } = await create(one, toFilm(['One', 'Two']));
      const { submit, taskId } = await accept('A cat dances');
      await report(one, submit, toFailure(taskId));
      await waitFor(one, id, inState('PAUSED'));

      await Promise.all([resume(one, id), report(two, submit, toSuccess(taskId))]);

      // A new try of the original may have been sent already.
      let next = await accept();
      if (next.submit.prompt === 'A cat dances') next = await accept();
      expect(next.submit.prompt).toBe('One');
      await report(two, next.submit, toSuccess(next.taskId));
      const film = await finish(one, id, ['Two']);
      expect(film.start?.taskId).toBe(taskId);
    });
  });

  it('is not stuck when its start ends while it is created', async () => {
    await eachRound(async (one, two) => {
      const sent = extend(one);
      const { submit, taskId } = await accept();
      const { id: video } = await sent;
      const [film] = await Promise.all([
        create(one, toFilm(['One'], { start: { video } })),
        report(two, submit, toSuccess(taskId)),
      ]);
      await finish(two, film.id, ['One']);
    });
  });

  it('has sent nothing that was not asked for', async () => {
    // The owner's submits are sent in order, so another one would come before this.
    const original = { ...ORIGINAL, prompt: 'The last one' };
    await create(replicas[0], toFilm(['One'], { start: { original } }));
    await accept('The last one');
  });
});
