/** Limits that are reached in the middle of a sequence: it waits, and goes on when there is room. */

import { describe, expect, it } from 'vitest';
import { ReadScheduleDocument } from './generated/graphql.ts';
import { queryDatabase } from './support/database-query.ts';
import { startGateway } from './support/gateway.ts';
import { startHeldUpstream } from './support/held-upstream.ts';
import { sharedPostgres } from './support/postgres.ts';
import {
  create,
  type FilmState,
  inState,
  pass,
  readFilm,
  resume,
  toFilm,
  waitFor,
} from './support/sequences.ts';

const postgres = sharedPostgres();
const MINUTE_MS = 60_000;
/** Longer than a submit rests that no limit stops. */
const REST_MS = 2_000;
const isWaiting = ({ shots }: FilmState) => shots[1]?.video?.state === 'SCHEDULED';

describe.each(['SQLite', 'PostgreSQL'])('a sequence on %s', (engine) => {
  async function start(upstream: { readonly url: string }, env: Record<string, string>) {
    const shared = engine === 'SQLite' ? null : await postgres.createDatabase();
    const gateway = await startGateway(upstream, {
      ...env,
      ...(shared !== null && { DATABASE_URL: shared }),
    });
    return { gateway, databaseUrl: shared ?? `sqlite:${gateway.folder}/gateway.db` };
  }

  it.each([
    {
      name: 'OWNER_SUBMITS_PER_MINUTE',
      passing: `update attempt set at = at - ${MINUTE_MS}`,
    },
    { name: 'SUBMITS_PER_DAY', passing: 'update daily_submits set submits = 0' },
  ])('waits in the middle for $name', async ({ name, passing }) => {
    await using upstream = await startHeldUpstream();
    const { gateway, databaseUrl } = await start(upstream, { [name]: '2' });
    await using _ = gateway;
    const { id } = await create(gateway, toFilm(['One', 'Two']));
    await pass(upstream, 'task-0');
    await pass(upstream, 'task-1');
    const waiting = await waitFor(gateway, id, isWaiting);
    const video = waiting.shots[1]?.video?.id ?? '';
    const readRest = async () => {
      const { data } = await gateway.graphql(ReadScheduleDocument, { id: video });
      return Date.parse(data.video?.schedule?.estimatedStartAt ?? '') - Date.now();
    };
    await expect.poll(readRest).toBeGreaterThan(REST_MS);
    expect(waiting.state).toBe('RUNNING');
    expect(upstream.submits).toHaveLength(2);

    await gateway.stop();
    await queryDatabase(databaseUrl, passing);
    await queryDatabase(databaseUrl, 'update lane set resume_at = 0');
    await gateway.restart();

    await pass(upstream, 'task-2');
    await waitFor(gateway, id, inState('COMPLETED'));
    expect(upstream.submits).toHaveLength(3);
  });

  it('needs room for one task in flight', async () => {
    await using upstream = await startHeldUpstream();
    const { gateway } = await start(upstream, { OWNER_TASKS_IN_FLIGHT: '1' });
    await using _ = gateway;
    const { id } = await create(gateway, toFilm(['One', 'Two']));
    for (let n = 0; n <= 2; n++) await pass(upstream, `task-${n}`);
    await waitFor(gateway, id, inState('COMPLETED'));
    expect(upstream.submits).toHaveLength(3);
  });

  it('refuses new keys of resumeSequence after 1,000', async () => {
    await using upstream = await startHeldUpstream();
    const { gateway, databaseUrl } = await start(upstream, {});
    await using _ = gateway;
    const { id } = await create(gateway, toFilm(['One']));
    await pass(upstream, 'task-0');
    await gateway.stop();
    await queryDatabase(
      databaseUrl,
      `insert into sequence_resume (sequence_id, idempotency_key, fingerprint)
        with recursive n (i) as (select 1 union all select i + 1 from n where i < 999)
        select '${id}', 'key-' || i, 'fingerprint' from n`,
    );
    await gateway.restart();

    const unchanged = { sequence: { state: 'RUNNING' } };
    expect(await resume(gateway, id, { idempotencyKey: 'last' })).toMatchObject(unchanged);
    expect(await resume(gateway, id, { idempotencyKey: 'more' })).toMatchObject({
      code: 'RATE_LIMITED',
    });
    expect(await resume(gateway, id, { idempotencyKey: 'last' })).toMatchObject(unchanged);
  });

  it('waits in the middle for credits', async () => {
    await using upstream = await startHeldUpstream();
    const { gateway } = await start(upstream, {});
    await using _ = gateway;
    const { id } = await create(gateway, toFilm(['One', 'Two']));
    await pass(upstream, 'task-0');
    (await upstream.nextSubmit()).refuse(402);
    const again = await upstream.nextSubmit();
    expect(again.prompt).toBe('One');
    expect(await readFilm(gateway, id)).toMatchObject({ state: 'RUNNING', problem: null });
    again.accept('task-1');
    await waitFor(gateway, id, ({ shots }) => shots[0]?.video?.taskId === 'task-1');
  });

  it('is paused by a prompt that the upstream has refused with 403 for half an hour', async () => {
    await using upstream = await startHeldUpstream();
    const { gateway, databaseUrl } = await start(upstream, {});
    await using _ = gateway;
    const { id } = await create(gateway, toFilm(['One']));
    await pass(upstream, 'task-0');
    (await upstream.nextSubmit()).refuse(403);
    await waitFor(gateway, id, ({ shots }) => shots[0]?.video?.state === 'SCHEDULED');
    const other = await create(gateway, toFilm(['Another film']));
    await gateway.stop();
    await queryDatabase(databaseUrl, `update video set queue_tries = 35 where shot_number = 1`);
    await queryDatabase(databaseUrl, 'update lane set resume_at = 0');
    await gateway.restart();

    const again = await upstream.nextSubmit();
    again.refuse(403);

    expect(again.prompt).toBe('One');
    const { problem } = await waitFor(gateway, id, inState('PAUSED'));
    expect(problem).toMatchObject({ message: 'Shot 1 failed: refused', code: 'INVALID_INPUT' });
    for (const taskId of ['task-1', 'task-2']) await pass(upstream, taskId);
    await waitFor(gateway, other.id, inState('COMPLETED'));
  });
});
