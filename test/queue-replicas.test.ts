import { describe, expect, it } from 'vitest';
import { within } from './crash/within.ts';
import { ExtendDocument, ReadVideosDocument } from './generated/graphql.ts';
import { INPUT } from './support/operations.ts';
import { authorizationOf, toApiKeys } from './support/owners.ts';
import { sharedPostgres } from './support/postgres.ts';
import { createFleet, type Replica } from './support/replicas.ts';
import { chooseRounds } from './support/rounds.ts';
import { areInOrder, schedule, startCountingUpstream } from './support/scheduling.ts';

const postgres = sharedPostgres();

/** When a replica has sent which submit. */
async function readPosts(replica: Replica) {
  const [times, bodies] = [await replica.postTimes(), await replica.postBodies()];
  return times.map((at, n) => {
    const { prompt } = JSON.parse(bodies[n] ?? '') as { prompt: string };
    return { at, prompt };
  });
}

// Its tests mostly wait for the rate limit.
describe.concurrent('the queue of several owners', () => {
  const SUBMITS = chooseRounds({ few: 60, all: 500 });
  const CALLS = 20;
  const WINDOW_MS = chooseRounds({ few: 2_000, all: 3_000 });
  /** Only so that most of them wait together. */
  const START_AFTER_MS = chooseRounds({ few: 3_000, all: 10_000 });
  /** Owners with a share of the submits, in order; the last one has a single submit. */
  const SHARES = { many: 0.7, some: 0.2, few: 0.1 } as const;
  const NAMES = [...Object.keys(SHARES), 'one'];

  const FLEETS = [
    { count: 1, engine: 'SQLite' },
    { count: 4, engine: 'PostgreSQL' },
    { count: 1, engine: 'PostgreSQL' },
    { count: 2, engine: 'PostgreSQL' },
  ];

  it.each(FLEETS.slice(0, chooseRounds({ few: 2, all: 4 })))(
    'is sent once, in order, fairly and within the allowance by $count on $engine',
    { timeout: 300_000 },
    async ({ count, engine }) => {
      await using upstream = await startCountingUpstream();
      await using fleet = await createFleet(upstream, {
        AUTH: '',
        AUTH_API_KEYS: toApiKeys(NAMES),
        OWNER_QUEUED: '0',
        UPSTREAM_REQUESTS: String(CALLS),
        UPSTREAM_WINDOW_MS: String(WINDOW_MS),
        ...(engine === 'PostgreSQL' && { DATABASE_URL: await postgres.createDatabase() }),
      });
      const replicas = await fleet.start(count);
      let turn = 0;
      const as = (name: string) => (replicas[turn++ % count] as Replica).as(authorizationOf(name));

      const notBefore = new Date(Date.now() + START_AFTER_MS).toISOString();
      const sizes = Object.entries(SHARES).map(
        ([name, share]) => [name, Math.round(share * SUBMITS)] as const,
      );
      await Promise.all(
        sizes.map(async ([name, size]) => {
          for (let n = 0; n < size; n++) {
            await schedule(as(name), { prompt: `${name} ${n}`, notBefore });
          }
        }),
      );
      const total = sizes.reduce((sum, [, size]) => sum + size, 1);
      await within(60_000, 'the first POSTs', upstream.until(CALLS));
      await schedule(as('one'), { prompt: 'one 0' });
      const before = upstream.prompts.length;
      await within(280_000, 'all POSTs', upstream.until(total));

      expect(upstream.prompts).toHaveLength(total);
      expect(new Set(upstream.prompts).size).toBe(total);
      // Measured where the gateways write to their sockets: this process may read two arrivals at once.
      const sent = (await Promise.all(replicas.map(readPosts))).flat();
      sent.sort((a, b) => a.at - b.at);
      const sentPrompts = sent.map(({ prompt }) => prompt);
      for (const name of NAMES) {
        const own = sentPrompts.filter((prompt) => prompt.startsWith(name));
        expect({ name, isInOrder: areInOrder(own) }).toEqual({ name, isInOrder: true });
      }
      expect(upstream.prompts.indexOf('one 0') - before).toBeLessThanOrEqual(NAMES.length + 1);
      const spans = sent.slice(CALLS).map(({ at }, n) => at - (sent[n]?.at ?? 0));
      expect(Math.min(...spans)).toBeGreaterThanOrEqual(WINDOW_MS);
    },
  );
});

describe('a burst of submits', () => {
  const SUBMITS = chooseRounds({ few: 120, all: 300 });

  const ALLOWANCES = [
    { calls: 20, windowMs: 500 },
    { calls: 100_000, windowMs: 60_000 },
    { calls: 1_000, windowMs: 60_000 },
  ];

  it.each(ALLOWANCES.slice(0, chooseRounds({ few: 2, all: 3 })))(
    'is sent whole where the allowance is $calls per $windowMs ms',
    async ({ calls, windowMs }) => {
      await using upstream = await startCountingUpstream();
      await using fleet = await createFleet(upstream, {
        DATABASE_URL: await postgres.createDatabase(),
        UPSTREAM_REQUESTS: String(calls),
        UPSTREAM_WINDOW_MS: String(windowMs),
        SUBMIT_MAX_WAIT_MS: '60000',
        // How long a busy machine takes for a statement is not what this is about, either.
        DATABASE_POOL_SIZE: '30',
        DATABASE_TIMEOUT_MS: '60000',
      });
      const replicas = await fleet.start(3);
      // The first requests and connections of a process are slow, and not what this is about.
      await Promise.all(
        Array.from({ length: 30 * replicas.length }, (_, n) =>
          (replicas[n % 3] as Replica).graphql(ReadVideosDocument, {}),
        ),
      );

      const answers = await Promise.all(
        Array.from({ length: SUBMITS }, (_, n) =>
          (replicas[n % 3] as Replica).graphql(ExtendDocument, {
            input: { ...INPUT, prompt: `Burst ${n}` },
          }),
        ),
      );

      const kinds = Object.groupBy(answers, ({ data }) => data.extendVideo.__typename);
      expect(Object.keys(kinds)).toEqual(['ExtendVideoSuccess']);
      expect(new Set(upstream.prompts).size).toBe(SUBMITS);
      expect(upstream.prompts).toHaveLength(SUBMITS);
    },
  );
});
