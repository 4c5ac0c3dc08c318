/** Many sequences at once, against the sandbox and as fast as it goes. */

import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ORIGINAL_TASK_ID, type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { type ChildGateway, type Memory, startChildGateway } from './support/child-gateway.ts';
import { queryDatabase } from './support/database-query.ts';
import { authorizationOf, toApiKeys } from './support/owners.ts';
import { sharedPostgres } from './support/postgres.ts';
import { createCaller } from './support/replicas.ts';
import { chooseRounds } from './support/rounds.ts';
import { create, toFilm } from './support/sequences.ts';

const postgres = sharedPostgres();
const FILMS = chooseRounds({ few: 6, all: 1_000 });
const SHOTS = 5;
const OWNERS = Array.from({ length: 10 }, (_, n) => `owner-${n}`);
/** How often memory is measured, in the course of all shots. */
const SAMPLES = 10;
const MIB = 2 ** 20;
/** How much more heap than at the fullest moment of the first half there may be later. */
const MAX_GROWTH_MIB = 8;

const toPrompt = (film: number, shot: number) => `Film ${film}, shot ${shot}`;

describe.each(['SQLite', 'PostgreSQL'])('sequences at full speed on %s', (engine) => {
  it('are made without a double or a gap, in bounded memory', { timeout: 1_800_000 }, async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'longtake-speed-'));
    await using sandbox = await startSandbox({ stepMs: 1 });
    const databaseUrl =
      engine === 'SQLite'
        ? `sqlite:${join(folder.path, 'gateway.db')}`
        : await postgres.createDatabase();
    await using gateway = await startChildGateway({
      folder: folder.path,
      upstreamUrl: sandbox.url,
      env: {
        DATABASE_URL: databaseUrl,
        AUTH_API_KEYS: toApiKeys(OWNERS),
        OWNER_QUEUED: '0',
        UPSTREAM_REQUESTS: '1000',
        UPSTREAM_WINDOW_MS: '1',
      },
    });

    const ending = watchUntilTheEnd(sandbox, gateway);
    await Promise.all(OWNERS.map((owner, n) => createFilms(gateway, owner, n)));
    const samples = await ending;
    await gateway.stop();

    const tasks = [...sandbox.tasks.values()].filter(({ taskId }) => taskId !== ORIGINAL_TASK_ID);
    const byPrompt = new Map(tasks.map((task) => [task.prompt, task]));
    const chains = Array.from({ length: FILMS }, (_, film) => {
      const shots = Array.from({ length: SHOTS }, (_, n) => byPrompt.get(toPrompt(film, n)));
      return shots.map(
        (task, n) => task?.parentTaskId === (shots[n - 1]?.taskId ?? ORIGINAL_TASK_ID),
      );
    });
    const states = await queryDatabase(
      databaseUrl,
      'select state, count(*) as films from sequence group by state',
    );
    expect(tasks).toHaveLength(FILMS * SHOTS);
    expect(chains.flat()).toEqual(Array(FILMS * SHOTS).fill(true));
    expect(states).toEqual([{ state: 'COMPLETED', films: FILMS }]);
    expect(toGrowth(samples)).toBeLessThan(MAX_GROWTH_MIB);
  });
});

/** Those whose number falls on this owner, ten at a time. */
async function createFilms(gateway: ChildGateway, owner: string, n: number): Promise<void> {
  const caller = createCaller(gateway.url, authorizationOf(owner));
  for (let film = n; film < FILMS; film += OWNERS.length) {
    const prompts = Array.from({ length: SHOTS }, (_, shot) => toPrompt(film, shot));
    await create(caller, toFilm(prompts, { start: { video: ORIGINAL_TASK_ID } }));
  }
}

/** Resolves when the end of every shot has been acknowledged. */
async function watchUntilTheEnd(sandbox: Sandbox, gateway: ChildGateway): Promise<Memory[]> {
  const samples: Memory[] = [];
  for (let ended = 1; ended <= FILMS * SHOTS; ended++) {
    await sandbox.nextCallback(({ acknowledged }) => acknowledged);
    if (ended % ((FILMS * SHOTS) / SAMPLES) === 0) samples.push(await gateway.memory());
  }
  return samples.map(({ rss, heapUsed, arrayBuffers }) => ({
    rss: Math.round(rss / MIB),
    heapUsed: Math.round(heapUsed / MIB),
    arrayBuffers: Math.round(arrayBuffers / MIB),
  }));
}

/** In MiB. */
function toGrowth(samples: readonly Memory[]): number {
  const most = (some: readonly Memory[]) => Math.max(...some.map(({ heapUsed }) => heapUsed));
  return most(samples.slice(SAMPLES / 2)) - most(samples.slice(0, SAMPLES / 2));
}
