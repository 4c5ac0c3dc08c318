/** How many statements of PostgreSQL a request costs: each of them is a round trip to another machine. */

import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { extend } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import { type PostgresTap, startPostgresTap } from './support/postgres-tap.ts';
import {
  answerJson,
  type ScriptedUpstream,
  startScriptedUpstream,
} from './support/scripted-upstream.ts';

/** What the gateway runs by itself: upkeep, the queue, the doctor's readings. */
const BACKGROUND =
  /"old"|"meta"|from "lane"|^update "(allowance|attempt)"|^delete|^update "video" set "lease_until"|^(begin|commit|listen|set) ?/;

describe('round trips to PostgreSQL', () => {
  let upstream: ScriptedUpstream;
  let tap: PostgresTap;
  let gateway: TestGateway;
  let statements: string[] = [];
  let tasks = 0;

  beforeAll(async () => {
    upstream = await startScriptedUpstream((request, response) => {
      if (request.method === 'POST') statements.push('POST');
      tasks += 1;
      const data = { taskId: `task-${tasks}`, state: 'generating' };
      answerJson(response, { code: 200, msg: 'success', data });
    });
    tap = await startPostgresTap(await sharedPostgres().createDatabase(), () => ({
      before(sql) {
        if (!BACKGROUND.test(sql)) statements.push(sql);
        return true;
      },
      after: () => true,
    }));
    gateway = await startGateway(upstream, { DATABASE_URL: tap.url });
  });
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    await tap[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await extend(gateway);
    statements = [];
  });

  it('a submit with a key takes two before its POST, and one after it', async () => {
    await extend(gateway, { idempotencyKey: 'a-key' });
    expect(statements).toEqual([
      expect.stringMatching(/^select/),
      expect.stringMatching(/^with .*insert into "video"/s),
      'POST',
      expect.stringMatching(/^update "video"/),
    ]);
  });

  it('a submit with limits takes no more', async () => {
    await using limited = await startGateway(upstream, {
      DATABASE_URL: tap.url,
      OWNER_SUBMITS_PER_MINUTE: '1000',
      OWNER_SUBMITS_PER_DAY: '1000',
      OWNER_TASKS_IN_FLIGHT: '1000',
      SUBMITS_PER_DAY: '1000',
    });
    statements = [];
    await extend(limited);
    expect(statements).toEqual([
      expect.stringMatching(/^select .* from \(select 1 as "one"\)/),
      expect.stringMatching(
        /^with .*insert into "video".*insert into "owner".*insert into "attempt".*insert into "daily_submits"/s,
      ),
      'POST',
      expect.stringMatching(/^update "video"/),
    ]);
  });

  it('a repeat of a submit takes one', async () => {
    const first = await extend(gateway, { idempotencyKey: 'another-key' });
    statements = [];
    expect((await extend(gateway, { idempotencyKey: 'another-key' })).id).toBe(first.id);
    expect(statements).toEqual([expect.stringMatching(/^select/)]);
  });

  it('prepared statements go on while a newer version adds columns and indexes', async () => {
    // Often enough for PostgreSQL to keep their plans.
    for (let round = 0; round < 10; round += 1) await extend(gateway);
    const client = new pg.Client(tap.url);
    await client.connect();
    await client.query('alter table video add column later text; create index on video (later)');
    await client.end();
    const { id } = await extend(gateway, { idempotencyKey: 'after-the-change' });
    const again = await extend(gateway, { idempotencyKey: 'after-the-change' });
    const read = await gateway.send('query V($id: ID!) { video(taskId: $id) { id } }', { id });
    expect([again.id, read]).toEqual([id, { data: { video: { id } } }]);
  });

  it('an open video takes one while the last read of the upstream is fresh', async () => {
    const { id } = await extend(gateway);
    await gateway.send('query V($id: ID!) { video(taskId: $id) { state } }', { id });
    statements = [];
    await gateway.send('query V($id: ID!) { video(taskId: $id) { state } }', { id });
    expect(statements).toEqual([expect.stringMatching(/^select/)]);
  });
});
