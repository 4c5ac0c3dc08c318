import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { within } from './crash/within.ts';
import { ExtendDocument, ReadVideoDocument } from './generated/graphql.ts';
import { postCallback, toSuccess } from './support/callback.ts';
import { startGateway as start, type TestGateway } from './support/gateway.ts';
import { type HeldSubmit, startHeldUpstream } from './support/held-upstream.ts';
import { INPUT } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';

const KEYED = { ...INPUT, idempotencyKey: 'order-4711' };

function startGateway(upstream: { url: string }, DATABASE_URL: string): Promise<TestGateway> {
  return start(upstream, { PUBLIC_URL: 'http://gateway.example', AUTH: 'none', DATABASE_URL });
}

async function submit(gateway: TestGateway, input = KEYED) {
  const { data } = await gateway.graphql(ExtendDocument, { input });
  return data?.extendVideo;
}

async function callBack(gateway: TestGateway, { callback }: HeldSubmit, taskId: string) {
  const { pathname } = new URL(callback.url);
  return (await postCallback(`${gateway.url}${pathname}`, toSuccess(taskId))).status;
}

describe('a database that refuses connections', () => {
  it('is reported as unavailable, and the answer to a submit in flight is stored later', async () => {
    const postgres = sharedPostgres();
    const url = await postgres.createDatabase();
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream, url);
    const submitting = submit(gateway);
    const held = await upstream.nextSubmit();

    await postgres.closeDatabase(url);
    held.accept('task-1');
    try {
      expect(await submit(gateway, { ...INPUT, idempotencyKey: 'order-4712' })).toMatchObject({
        __typename: 'GatewayUnavailableError',
        retryable: true,
      });
      const { errors } = await gateway.graphql(ReadVideoDocument, { taskId: 'task-1' });
      expect(errors?.[0]?.extensions.code).toBe('GATEWAY_UNAVAILABLE');
      expect(await callBack(gateway, held, 'task-1')).toBe(503);
    } finally {
      await postgres.run(`alter database ${new URL(url).pathname.slice(1)} allow_connections true`);
    }

    expect(await within(60_000, 'the answer', submitting)).toMatchObject({
      __typename: 'ExtendVideoSuccess',
      video: { taskId: 'task-1' },
    });
    expect(upstream.submits).toHaveLength(1);
  });
});

describe('a database with a lock_timeout', () => {
  it('is reported as unavailable, and the answer to a submit in flight is stored later', async () => {
    const url = await sharedPostgres().createDatabase();
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream, `${url}?options=-c%20lock_timeout%3D500`);
    const submitting = submit(gateway);
    const held = await upstream.nextSubmit();

    const operator = new pg.Client(url);
    await operator.connect();
    try {
      await operator.query('begin');
      await operator.query('lock table video in exclusive mode');
      held.accept('task-1');
      expect(await callBack(gateway, held, 'task-1')).toBe(503);
      expect(await submit(gateway, { ...INPUT, idempotencyKey: 'order-4712' })).toMatchObject({
        __typename: 'GatewayUnavailableError',
        retryable: true,
      });
    } finally {
      await operator.end();
    }

    expect(await within(60_000, 'the answer', submitting)).toMatchObject({
      __typename: 'ExtendVideoSuccess',
      video: { taskId: 'task-1' },
    });
    expect(upstream.submits).toHaveLength(1);
  });
});

describe('connections that were made to a read-only server', () => {
  it('are not reused once a server accepts writes, as after a failover', async () => {
    const postgres = sharedPostgres();
    const url = await postgres.createDatabase();
    const name = new URL(url).pathname.slice(1);
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream, url);
    await postgres.run(`alter database ${name} set default_transaction_read_only = on`);
    await postgres.run(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
    );
    const reads = Array.from({ length: 10 }, () =>
      gateway.graphql(ReadVideoDocument, { taskId: 'task-1' }),
    );
    await Promise.all(reads);
    expect(await submit(gateway)).toMatchObject({ code: 'GATEWAY_UNAVAILABLE', retryable: true });
    await postgres.run(`alter database ${name} reset default_transaction_read_only`);

    const posted = upstream.nextSubmit();
    let failures = 0;
    let submitting = submit(gateway);
    while (!(await Promise.race([posted.then(() => true), submitting.then(() => false)]))) {
      failures += 1;
      // Each connection fails once at most.
      expect(failures).toBeLessThanOrEqual(10);
      submitting = submit(gateway);
    }

    (await posted).accept('task-1');
    expect(await submitting).toMatchObject({ video: { taskId: 'task-1' } });
  });
});

describe('a submit in flight whose row is gone, as after a failover to a standby without it,', () => {
  it('has an unknown outcome', async () => {
    const url = await sharedPostgres().createDatabase();
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream, url);
    const submitting = submit(gateway);
    const held = await upstream.nextSubmit();

    const operator = new pg.Client(url);
    await operator.connect();
    await operator.query('delete from video');
    await operator.end();
    held.accept('task-1');

    expect(await within(60_000, 'the answer', submitting)).toMatchObject({
      __typename: 'OutcomeUnknownError',
      video: { id: held.callback.id },
    });
  });
});
