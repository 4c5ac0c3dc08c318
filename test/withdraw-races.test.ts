import { describe, expect, it } from 'vitest';
import { within } from './crash/within.ts';
import { ReadScheduleDocument, WithdrawDocument } from './generated/graphql.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { sharedPostgres } from './support/postgres.ts';
import { chooseRounds } from './support/rounds.ts';
import { schedule, startCountingUpstream } from './support/scheduling.ts';

const postgres = sharedPostgres();
const RACES = chooseRounds({ few: 60, all: 1_000 });
const PATIENCE_MS = 240_000;

async function withdraw(gateway: TestGateway, id: string) {
  return (await gateway.graphql(WithdrawDocument, { id })).data.withdrawVideo;
}

describe.each(['SQLite', 'PostgreSQL'])('withdrawing while it is sent, on %s', (engine) => {
  it('either withdraws or is too late: never both, never neither', {
    timeout: 300_000,
  }, async () => {
    await using upstream = await startCountingUpstream();
    const env = {
      UPSTREAM_REQUESTS: '10000',
      UPSTREAM_WINDOW_MS: '1',
      OWNER_QUEUED: '0',
      ...(engine === 'PostgreSQL' && { DATABASE_URL: await postgres.createDatabase() }),
    };
    await using a = await startGateway(upstream, env);
    // On PostgreSQL another replica sends some of them.
    await using b = engine === 'PostgreSQL' ? await startGateway(upstream, env) : null;
    const notBefore = new Date().toISOString();
    const outcomes: Record<string, number> = {};

    async function race(n: number): Promise<void> {
      const prompt = `Race ${n}`;
      // It can be sent from here on.
      const { id } = await schedule(a, { prompt, notBefore });
      // Spread over the time that a submit takes to be sent.
      for (let turns = n % 12; turns > 0; turns--) await new Promise(setImmediate);
      const [first, second] = await Promise.all([withdraw(a, id), withdraw(b ?? a, id)]);
      expect(second.__typename).toBe(first.__typename);
      const isSent = upstream.prompts.includes(prompt);
      const { data } = await (b ?? a).graphql(ReadScheduleDocument, { id });
      outcomes[first.__typename] = (outcomes[first.__typename] ?? 0) + 1;
      expect({ type: first.__typename, isSent, state: data.video?.state }).toEqual(
        first.__typename === 'WithdrawVideoSuccess'
          ? { type: 'WithdrawVideoSuccess', isSent: false, state: 'WITHDRAWN' }
          : { type: 'TooLateError', isSent: true, state: 'WAITING' },
      );
    }

    const run = async (from: number) => {
      for (let n = from; n < RACES; n += 4) await race(n);
    };
    await within(PATIENCE_MS, 'all races', Promise.all([0, 1, 2, 3].map(run)));

    // Nothing that was withdrawn is sent later.
    await a.stop();
    await b?.stop();
    expect(upstream.prompts).toHaveLength(outcomes.TooLateError ?? 0);
  });
});
