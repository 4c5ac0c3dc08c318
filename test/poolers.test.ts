import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../src/doctor/finding.ts';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { openDatabase } from '../src/store/database.ts';
import type { PoolOptions } from '../src/store/postgres.ts';
import { OnExtendedDocument, ReadVideosDocument } from './generated/graphql.ts';
import { startGateway } from './support/gateway.ts';
import { extend } from './support/operations.ts';
import { hasPgbouncer, type Pooler, startPgbouncer } from './support/pgbouncer.ts';
import { sharedPostgres } from './support/postgres.ts';
import { runProgram } from './support/program.ts';
import { schedule, startCountingUpstream } from './support/scheduling.ts';

const UPSTREAM = { url: 'http://127.0.0.1:9' };
const isThere = hasPgbouncer();

/** Two replicas on one database send all scheduled submits. */
async function expectQueueToMove(env: Record<string, string>): Promise<void> {
  await using upstream = await startCountingUpstream();
  await using a = await startGateway(upstream, env);
  await using b = await startGateway(upstream, env);
  const notBefore = new Date().toISOString();
  for (let n = 0; n < 20; n++) {
    await schedule(n % 2 === 0 ? a : b, { prompt: `Number ${n}`, notBefore });
  }
  await upstream.until(20);
  expect(new Set(upstream.prompts).size).toBe(20);
}

/** One replica extends a video and gets the callback; a listener on another receives the completion. */
async function expectReplicasToHear(env: Record<string, string>): Promise<void> {
  await using sandbox = await startSandbox({ autoplay: false });
  await using a = await startGateway(sandbox, env);
  await using b = await startGateway(sandbox, env);
  const { taskId } = await extend(a);
  const onB = (await b.socket()).subscribe(OnExtendedDocument, { taskId });

  await sandbox.complete(taskId);

  const [event] = await onB.rest();
  expect(event?.data.videoExtended.video).toMatchObject({ taskId, state: 'SUCCEEDED' });
  // As many at a time as there are connections, and more.
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => b.graphql(ReadVideosDocument, {})),
  );
  for (const { data } of answers) expect(data.videos.edges).toHaveLength(1);
}

async function consult(env: Record<string, string>) {
  const fixed = { APIKLEY_API_KEY: 'key', UPSTREAM_URL: UPSTREAM.url, PORT: '9' };
  const { stdout } = await runProgram('doctor/main.ts', { ...fixed, ...env }, { args: ['--json'] });
  const findings = JSON.parse(stdout) as Finding[];
  return findings.filter(({ subject }) => subject === 'database');
}

async function ask(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

const SHORT = { size: 1, statementTimeoutMs: 100 };
const SLEEP = sql`select pg_sleep(600)`;

/** The server does it, and lets go of its locks; the client would only stop to wait. */
async function expectServerToEnd(url: string, pool: PoolOptions): Promise<void> {
  const { db, close } = await openDatabase(url, pool);
  try {
    const inTransaction = db.transaction().execute((trx) => SLEEP.execute(trx));
    const canceled = { cause: { message: 'canceling statement due to statement timeout' } };
    await expect(inTransaction).rejects.toMatchObject(canceled);
    if (!pool.listenUrl) await expect(SLEEP.execute(db)).rejects.toMatchObject(canceled);
  } finally {
    await close();
  }
}

const ARRIVE = {
  level: 'ok',
  message: 'notifications arrive: every replica sees the changes of the others',
};

describe('PostgreSQL without a pooler', () => {
  it('passes the doctor’s check of notifications', async () => {
    const DATABASE_URL = await sharedPostgres().createDatabase();

    expect((await consult({ DATABASE_URL }))[1]).toMatchObject(ARRIVE);
  });

  it('aborts a statement that takes too long', async () => {
    await expectServerToEnd(await sharedPostgres().createDatabase(), SHORT);
  });
});

describe.skipIf(!isThere)('pgbouncer in session mode', () => {
  let pooler: Pooler;
  beforeAll(async () => {
    pooler = await startPgbouncer(sharedPostgres().url, 'session');
  });
  afterAll(() => pooler[Symbol.asyncDispose]());

  it('works with several replicas, and the doctor confirms it', async () => {
    const DATABASE_URL = pooler.through(await sharedPostgres().createDatabase());

    await expectReplicasToHear({ DATABASE_URL });
    await expectQueueToMove({
      DATABASE_URL: pooler.through(await sharedPostgres().createDatabase()),
    });

    const [tables, notifications] = await consult({ DATABASE_URL });
    expect(tables?.message).toMatch(/is usable and up to date$/);
    expect(notifications).toMatchObject(ARRIVE);
  });

  it('aborts a statement that takes too long', async () => {
    await expectServerToEnd(pooler.through(await sharedPostgres().createDatabase()), SHORT);
  });

  it('rejects a parameter of the URL, which the error names', async () => {
    const url = new URL(pooler.through(await sharedPostgres().createDatabase()));
    url.searchParams.set('options', '-c search_path=longtake');

    await expect(startGateway(UPSTREAM, { DATABASE_URL: url.href })).rejects.toThrow(
      `a pooler at ${url.host} does not pass on a parameter of the URL (unsupported startup parameter: options). Set it for the user instead: alter role postgres set search_path = …`,
    );
  });
});

describe.skipIf(!isThere).concurrent('pgbouncer in transaction mode', () => {
  let pooler: Pooler;
  beforeAll(async () => {
    pooler = await startPgbouncer(sharedPostgres().url, 'transaction');
  });
  afterAll(() => pooler[Symbol.asyncDispose]());

  it('works with DATABASE_LISTEN_URL, and sets nothing in its sessions', async () => {
    const DATABASE_LISTEN_URL = await sharedPostgres().createDatabase();
    const DATABASE_URL = pooler.through(DATABASE_LISTEN_URL);

    await expectReplicasToHear({ DATABASE_URL, DATABASE_LISTEN_URL });
    await expectQueueToMove({ DATABASE_URL, DATABASE_LISTEN_URL });

    expect((await consult({ DATABASE_URL, DATABASE_LISTEN_URL }))[1]).toMatchObject(ARRIVE);
    const statement = `select current_setting('statement_timeout') as statement,
      current_setting('idle_in_transaction_session_timeout') as idle`;
    for (let n = 0; n < 5; n += 1) {
      expect(await ask(DATABASE_URL, statement)).toEqual([{ statement: '0', idle: '0' }]);
    }
    const locks = `select 1 from pg_locks where locktype = 'advisory' and database =
      (select oid from pg_database where datname = current_database())`;
    expect(await ask(DATABASE_LISTEN_URL, locks)).toEqual([]);
  });

  it('aborts a statement of a transaction that takes too long', async () => {
    const listenUrl = await sharedPostgres().createDatabase();

    await expectServerToEnd(pooler.through(listenUrl), { ...SHORT, listenUrl });
  });

  it('without DATABASE_LISTEN_URL stops the start, because notifications would not arrive', async () => {
    const direct = await sharedPostgres().createEmptyDatabase();
    const DATABASE_URL = pooler.through(direct);
    const problem =
      'DATABASE_URL: notifications do not arrive, as behind a pooler in transaction mode';
    const fix = 'Set DATABASE_LISTEN_URL to an address of the same database without that pooler.';

    // Each waits for the notification.
    const [{ code, stderr }, findings] = await Promise.all([
      runProgram('main.ts', {
        PORT: '0',
        APIKLEY_API_KEY: 'key',
        UPSTREAM_URL: UPSTREAM.url,
        DATABASE_URL,
      }),
      consult({ DATABASE_URL }),
    ]);

    expect(stderr).toBe(`${problem}. ${fix}\n`);
    expect(code).toBe(78);
    expect(await ask(direct, "select 1 from pg_tables where schemaname = 'public'")).toEqual([]);
    expect(findings[1]).toMatchObject({
      level: 'fault',
      message: problem,
      fix,
    });
  });
});

describe.concurrent('DATABASE_LISTEN_URL', () => {
  it('of another database stops the start', async () => {
    const DATABASE_URL = await sharedPostgres().createDatabase();
    const DATABASE_LISTEN_URL = await sharedPostgres().createDatabase();

    await expect(startGateway(UPSTREAM, { DATABASE_URL, DATABASE_LISTEN_URL })).rejects.toThrow(
      'DATABASE_LISTEN_URL: the notifications of DATABASE_URL do not arrive there. Set it to an address of the same database, without a pooler in transaction mode.',
    );
  });

  it('that is unreachable is named, by the doctor, too', async () => {
    const DATABASE_URL = await sharedPostgres().createDatabase();
    const DATABASE_LISTEN_URL = 'postgres://postgres:canary@127.0.0.1:9/postgres';
    const message =
      'DATABASE_LISTEN_URL: nothing listens at 127.0.0.1:9. Is PostgreSQL running, and is the port right?';

    await expect(startGateway(UPSTREAM, { DATABASE_URL, DATABASE_LISTEN_URL })).rejects.toThrow(
      message,
    );
    expect((await consult({ DATABASE_URL, DATABASE_LISTEN_URL }))[1]).toMatchObject({
      level: 'fault',
      message,
    });
  });
});
